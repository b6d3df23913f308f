"""The stated family of disturbances under which a limit has to hold: each is one fixed change of a film, as another scanner, display or archive makes it.

Images are uint8 [rows, columns], in and out. Training draws its own at random (`scanners`); these are fixed, so that a figure repeats.
"""

import io

import numpy as np
from PIL import Image

AS_IS = "as it is"


def grey(curve):
    """A change of each grey value 0..1."""
    table = np.rint(np.clip(curve(np.arange(256) / 255.0), 0.0, 1.0) * 255.0).astype(np.uint8)
    return lambda image: table[image]


def window_narrow(image):
    """The darkest and brightest 5 % clip."""
    low, high = np.quantile(image, [0.05, 0.95])
    return np.rint(np.clip((image - low) / max(high - low, 1.0), 0.0, 1.0) * 255.0).astype(np.uint8)


def through(side, there, back):
    """Shrunk or enlarged to `side` by one kernel and back by another."""
    def change(image):
        picture = Image.fromarray(image).resize((side, side), there)
        return np.asarray(picture.resize(image.shape[::-1], back))
    return change


def jpeg(quality):
    """JPEG and back."""
    def change(image):
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, format="JPEG", quality=quality)
        return np.asarray(Image.open(stream))
    return change


def border(image):
    """A black frame of a sixteenth of the side, as a collimator leaves it."""
    out, rim = np.zeros_like(image), image.shape[0] // 16
    out[rim:-rim, rim:-rim] = image[rim:-rim, rim:-rim]
    return out


def letterbox(image):
    """The film in the middle of a frame an eighth wider."""
    rows, columns = image.shape
    inner = columns * 8 // 9
    out, left = np.zeros_like(image), (columns - columns * 8 // 9) // 2
    out[:, left:left + inner] = np.asarray(Image.fromarray(image).resize((inner, rows), Image.Resampling.BOX))
    return out


def sharpened(image):
    """Edges enhanced, as processing at the scanner does."""
    picture = Image.fromarray(image)
    smooth = np.asarray(picture.resize((image.shape[1] // 4, image.shape[0] // 4), Image.Resampling.BOX).resize(image.shape[::-1], Image.Resampling.BILINEAR))
    return np.clip(image + 0.7 * (image.astype(np.float32) - smooth), 0, 255).astype(np.uint8)


FAMILY = {
    AS_IS: lambda image: image,
    "window narrow": window_narrow,
    "window wide": grey(lambda v: 0.15 + 0.7 * v),
    "gamma 0.7": grey(lambda v: v ** 0.7),
    "gamma 1.4": grey(lambda v: v ** 1.4),
    "kernel bilinear": through(96, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC),
    "kernel nearest": through(160, Image.Resampling.NEAREST, Image.Resampling.BOX),
    "kernel Lanczos": through(96, Image.Resampling.LANCZOS, Image.Resampling.BICUBIC),
    "JPEG 60": jpeg(60),
    "border": border,
    "letterbox": letterbox,
    "sharpened": sharpened,
    "5 bits": lambda image: (image & 0xF8) | (image >> 5),
}


def applied(name, images):
    """A disturbance on uint8 images [n, rows, columns]."""
    return np.stack([FAMILY[name](image) for image in images])
