"""Haemorrhages painted into real head CT slices that have none: few patients bleed, so the network also learns from these.

Images are float32 [rows, columns] 0..1 in the window 40/80, so that 1/80 is one HU. A painted lesion is a lens or a
crescent under the skull, a blob in the brain, or bright blood where dark fluid was.
"""

import numpy as np
from scipy import ndimage

BONE = 0.97
TYPES = ("intraventricular", "intraparenchymal", "subarachnoid", "epidural", "subdural")


def inside_of(image):
    """Mask of what the skull encloses, or None where a slice shows too little of it."""
    bone = image > BONE
    filled = ndimage.binary_fill_holes(ndimage.binary_closing(bone, iterations=2))
    inside = ndimage.binary_erosion(filled & ~bone, iterations=1)
    parts, count = ndimage.label(inside)
    if count == 0:
        return None
    sizes = ndimage.sum(inside, parts, range(1, count + 1))
    largest = ndimage.binary_fill_holes(parts == 1 + int(np.argmax(sizes)))
    return largest if largest.sum() > image.size // 25 else None


def ragged(shape, rng, grain):
    """Smooth noise of about -1 to 1."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), grain)
    return noise / (np.abs(noise).max() + 1e-6)


def blob(image, inside, rng):
    """A ragged ellipse somewhere in the brain."""
    places = np.argwhere(ndimage.binary_erosion(inside, iterations=4))
    if len(places) == 0:
        return None
    row, column = places[rng.integers(len(places))]
    r, c = np.indices(image.shape)
    angle, long = rng.uniform(0, np.pi), np.exp(rng.uniform(np.log(2.5), np.log(16.0)))
    across = long * rng.uniform(0.4, 1.0)
    u = (r - row) * np.cos(angle) + (c - column) * np.sin(angle)
    v = (c - column) * np.cos(angle) - (r - row) * np.sin(angle)
    return (np.hypot(u / long, v / across) + 0.5 * ragged(image.shape, rng, 3) < 1.0) & inside


def rim(image, inside, rng, epidural):
    """A lens (epidural) or a crescent (subdural) along the inner table."""
    depth = ndimage.distance_transform_edt(inside)
    row, column = ndimage.center_of_mass(inside)
    r, c = np.indices(image.shape)
    angle = np.arctan2(r - row, c - column)
    away = np.abs((angle - rng.uniform(-np.pi, np.pi) + np.pi) % (2 * np.pi) - np.pi)
    width = rng.uniform(0.15, 0.6) if epidural else rng.uniform(0.5, 1.4)
    thick = rng.uniform(2.0, 10.0) if epidural else rng.uniform(1.5, 6.0)
    limit = thick * np.sqrt(np.clip(1.0 - (away / width) ** 2, 0.0, 1.0))
    return inside & (depth < limit + 0.6 * ragged(image.shape, rng, 4)) & (away < width)


def fluid(image, inside, rng):
    """Fluid spaces (darker than brain) within some part of the skull."""
    dark = inside & (ndimage.gaussian_filter(image, 0.7) < rng.uniform(0.25, 0.38))
    places = np.argwhere(dark)
    if len(places) < 12:
        return None
    row, column = places[rng.integers(len(places))]
    r, c = np.indices(image.shape)
    return dark & (np.hypot(r - row, c - column) < rng.uniform(6, 30))


def paint(image, inside, rng):
    """The image with one lesion, and its kind; (None, None) where none would fit."""
    kind = ("epidural", "epidural", "subdural", "intraparenchymal", "intraparenchymal", "fluid")[rng.integers(6)]
    if kind == "fluid":
        mask = fluid(image, inside, rng)
    elif kind == "intraparenchymal":
        mask = blob(image, inside, rng)
    else:
        mask = rim(image, inside, rng, kind == "epidural")
    if mask is None or mask.sum() < 6:
        return None, None
    cover = ndimage.gaussian_filter(mask.astype(np.float32), rng.uniform(0.5, 1.2))
    brain = float(np.median(image[inside]))
    blood = brain + rng.uniform(0.12, 0.45)
    texture = 0.06 * ragged(image.shape, rng, 1.5) + rng.uniform(0.01, 0.04) * rng.standard_normal(image.shape)
    out = image.copy()
    if kind == "intraparenchymal" and rng.random() < 0.5:
        halo = ndimage.gaussian_filter(ndimage.binary_dilation(mask, iterations=3).astype(np.float32), 2) * inside
        out = out - 0.10 * halo
    out = out * (1 - cover) + np.minimum(blood + texture, 1.0) * cover
    return np.clip(out, 0.0, 1.0).astype(np.float32), kind


def labels_of(kind):
    """Labels of a painted slice in the order TYPES, then any; nan is unknown."""
    labels = np.full(len(TYPES) + 1, np.nan, dtype=np.float32)
    labels[-1] = 1.0
    if kind in TYPES:
        labels[TYPES.index(kind)] = 1.0
    return labels
