"""The input path of `models/README.md` in numpy: area resize, fit and the parity images.

This is the reference the Rust loader is compared with; evaluation and parity use it, augmentation need not.
Images are float32 [rows, columns] with values 0..1 in the MONOCHROME2 sense.
"""

import functools

import numpy as np


@functools.lru_cache(maxsize=512)
def area_matrix(source, target):
    """Weights [target, source]: each target pixel is the mean of the source interval it covers."""
    edges = np.arange(target + 1, dtype=np.float64) * (source / target)
    low, high = edges[:-1, None], edges[1:, None]
    left = np.arange(source, dtype=np.float64)[None, :]
    covered = np.clip(np.minimum(high, left + 1) - np.maximum(low, left), 0, None)
    return (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)


def area_resize(image, rows, columns):
    """Resize by area with partial pixels, rows first, then columns, in float32."""
    image = np.asarray(image, dtype=np.float32)
    image = area_matrix(image.shape[0], rows) @ image
    return image @ area_matrix(image.shape[1], columns).T


def fit_image(image, size, fit):
    """Bring an image to `size` (rows, columns) by `letterbox`, `stretch` or `crop`."""
    rows, columns = size
    rows_in, columns_in = image.shape
    if fit == "stretch":
        return area_resize(image, rows, columns)
    if fit == "letterbox":
        scale = min(rows / rows_in, columns / columns_in)
        inner = (int(np.floor(rows_in * scale + 0.5)), int(np.floor(columns_in * scale + 0.5)))
        inner = (min(max(inner[0], 1), rows), min(max(inner[1], 1), columns))
        out = np.zeros((rows, columns), dtype=np.float32)
        top, left = (rows - inner[0]) // 2, (columns - inner[1]) // 2
        out[top:top + inner[0], left:left + inner[1]] = area_resize(image, *inner)
        return out
    if fit == "crop":
        if rows_in * columns > columns_in * rows:
            kept = (int(np.floor(columns_in * rows / columns + 0.5)), columns_in)
        else:
            kept = (rows_in, int(np.floor(rows_in * columns / rows + 0.5)))
        top, left = (rows_in - kept[0]) // 2, (columns_in - kept[1]) // 2
        return area_resize(image[top:top + kept[0], left:left + kept[1]], rows, columns)
    raise ValueError(f"unknown fit {fit!r}")


def parity_images(size):
    """The three images of `parity.json`, by name."""
    rows, columns = size
    r, c = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    distance = np.sqrt((r - rows / 2.0) ** 2 + (c - columns / 2.0) ** 2)
    return {
        "ramp": ((r * columns + c) / (rows * columns - 1)).astype(np.float32),
        "checker": ((r // 8 + c // 8) % 2).astype(np.float32),
        "rings": (0.5 + 0.5 * np.cos(0.3 * distance)).astype(np.float32),
    }
