"""Read the training archives: images.zip beside labels.csv, cached as arrays outside git.

An image is stored as uint8 [128, 128], brought there by the area rule of `grey`.
Groups (persons) are assigned to three disjoint parts by a hash of their name, never by image.
"""

import hashlib
import io
import os
import pathlib
import zipfile

import numpy as np
import pandas as pd
from PIL import Image

import grey

SIDE = 128
PARTS = ("fit", "calibrate", "check")


def data_root():
    """Folder of the training archives, from SCANSIDE_TRAINING_DATA."""
    root = os.environ.get("SCANSIDE_TRAINING_DATA")
    if not root:
        raise SystemExit("set SCANSIDE_TRAINING_DATA to the folder that holds the training archives")
    return pathlib.Path(root)


def work_root():
    """Folder for caches, checkpoints and logs, outside git."""
    default = pathlib.Path(__file__).resolve().parents[2] / "target" / "training"
    root = pathlib.Path(os.environ.get("SCANSIDE_TRAINING_WORK", default))
    root.mkdir(parents=True, exist_ok=True)
    return root


def part_of(group):
    """One of PARTS for a person: 70 % fit, 15 % calibrate, 15 % check."""
    place = int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) % 100
    return "fit" if place < 70 else "calibrate" if place < 85 else "check"


def read_set(name, prepare=None):
    """Images uint8 [n, 128, 128] and the label table of one archive, in the table's order.

    `prepare` maps a float32 0..1 image before it is resized (the head CT window); its name is part of the cache's.
    """
    folder = data_root() / name
    table = pd.read_csv(folder / "labels.csv")
    suffix = f"-{prepare.__name__}" if prepare else ""
    cache = work_root() / "cache" / f"{name}{suffix}-{SIDE}.npy"
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        images = np.empty((len(table), SIDE, SIDE), dtype=np.uint8)
        with zipfile.ZipFile(folder / "images.zip") as archive:
            for index, file in enumerate(table["file"]):
                picture = Image.open(io.BytesIO(archive.read(file))).convert("L")
                image = np.asarray(picture, dtype=np.float32) / 255.0
                if prepare:
                    image = prepare(image)
                images[index] = np.rint(grey.area_resize(image, SIDE, SIDE) * 255.0).astype(np.uint8)
        partial = cache.with_suffix(".partial.npy")
        np.save(partial, images)
        partial.rename(cache)
    return np.load(cache), table


def read_phantoms(folder):
    """Phantom images uint8 [n, 128, 128] and `truth.csv` of a folder that `fixtures phantoms` wrote."""
    folder = pathlib.Path(folder)
    table = pd.read_csv(folder / "truth.csv")
    images = np.empty((len(table), SIDE, SIDE), dtype=np.uint8)
    for index, file in enumerate(table["file"]):
        image = np.asarray(Image.open(folder / file).convert("L"), dtype=np.float32) / 255.0
        images[index] = np.rint(grey.area_resize(image, SIDE, SIDE) * 255.0).astype(np.uint8)
    return images, table


def digest(paths):
    """SHA-256 over the files' contents in sorted order of their names."""
    total = hashlib.sha256()
    for path in sorted(pathlib.Path(p) for p in paths):
        total.update(path.read_bytes())
    return total.hexdigest()


def archive_files(names):
    """The archive files of the named sets."""
    return [data_root() / name / file for name in names for file in ("images.zip", "labels.csv")]
