"""Images that a chest bundle must refuse: other body parts, other modalities, pages, noise, films turned or inverted.

All are uint8 [n, side, side], brought there by the input path of the chest bundle (stretch, area rule).
"""

import io
import zipfile

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

import archives
import grey

WORDS = "scan page report name date series image number left right study of the chest head protocol dose table value unit note".split()


def head_slices(side, count, seed):
    """Real CT slices of the head, in their archive's window."""
    table = pd.read_csv(archives.data_root() / "ct_ich" / "labels.csv").sample(count, random_state=seed)
    images = []
    with zipfile.ZipFile(archives.data_root() / "ct_ich" / "images.zip") as archive:
        for file in table["file"]:
            image = np.asarray(Image.open(io.BytesIO(archive.read(file))).convert("L"), dtype=np.float32) / 255.0
            images.append(np.rint(grey.area_resize(image, side, side) * 255.0))
    return np.stack(images).astype(np.uint8)


def pages(side, count, seed):
    """Pages of text, black on white or white on black, as a screen capture or a dose report is."""
    rng, font, images = np.random.default_rng(seed), ImageFont.load_default(size=14), []
    for _ in range(count):
        page = Image.new("L", (512, 512), 255)
        draw, row = ImageDraw.Draw(page), 20
        while row < 490:
            draw.text((int(rng.integers(10, 40)), row), " ".join(rng.choice(WORDS, int(rng.integers(2, 10)))), fill=0, font=font)
            row += int(rng.integers(18, 40))
        image = np.asarray(page, dtype=np.float32) / 255.0
        image = 1.0 - image if rng.random() < 0.5 else image
        images.append(np.rint(grey.area_resize(image, side, side) * 255.0))
    return np.stack(images).astype(np.uint8)


def noise(side, count, seed):
    """White and smooth noise of many scales."""
    rng, images = np.random.default_rng(seed), []
    for _ in range(count):
        small = int(np.exp(rng.uniform(np.log(4), np.log(side))))
        picture = Image.fromarray(rng.integers(0, 256, (small, small), dtype=np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
        images.append(np.asarray(picture))
    return np.stack(images)


def altered(films):
    """What may happen to a film itself: turned, upside down, inverted, only a quarter of it, nearly blank."""
    quarter = films[:, : films.shape[1] // 2, : films.shape[2] // 2]
    return {"film turned by 90 degrees": np.ascontiguousarray(np.rot90(films, 1, (1, 2))),
            "film upside down": np.ascontiguousarray(films[:, ::-1]),
            "film inverted": 255 - films,
            "a quarter of a film": np.ascontiguousarray(quarter.repeat(2, axis=1).repeat(2, axis=2)),
            "film at a tenth of its contrast": (films // 10 + 110).astype(np.uint8)}
