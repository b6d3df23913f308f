"""Disturb a batch of training images as the field does: geometry, grey curve, sharpness, borders, markers, JPEG.

Batches are float32 [n, rows, columns], 0..1. All randomness comes from the generator handed in.
"""

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont


def geometry(batch, rng, turn, zoom, shift, mirror):
    """Rotate (degrees), zoom per axis, shift (share of the side) and mirror; outside is black."""
    n = len(batch)
    angle = np.deg2rad(rng.uniform(-turn, turn, n))
    common = np.exp(rng.uniform(-zoom, zoom, n))
    across = common * np.exp(rng.uniform(-zoom / 2, zoom / 2, n))
    across = across * np.where(rng.random(n) < mirror, -1.0, 1.0)
    theta = np.zeros((n, 2, 3), dtype=np.float32)
    theta[:, 0, 0], theta[:, 0, 1] = np.cos(angle) * across, -np.sin(angle) * common
    theta[:, 1, 0], theta[:, 1, 1] = np.sin(angle) * across, np.cos(angle) * common
    theta[:, :, 2] = rng.uniform(-2 * shift, 2 * shift, (n, 2))
    images = torch.from_numpy(batch)[:, None]
    grid = F.affine_grid(torch.from_numpy(theta), images.shape, align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)[:, 0].numpy()


def grey_curve(batch, rng, strength):
    """Random gamma, gain and offset, as another window or another display curve would give."""
    n = len(batch)
    gamma = np.exp(rng.uniform(-strength, strength, n)).astype(np.float32)
    gain = np.exp(rng.uniform(-strength / 2, strength / 2, n)).astype(np.float32)
    offset = rng.uniform(-strength / 4, strength / 4, n).astype(np.float32)
    curved = np.power(np.clip(batch, 1e-4, 1.0), gamma[:, None, None])
    return np.clip((curved - 0.5) * gain[:, None, None] + 0.5 + offset[:, None, None], 0.0, 1.0)


def sharpness(batch, rng):
    """Some images lose detail (shrunk and enlarged by varying kernels), some gain noise."""
    side = batch.shape[-1]
    for index in np.flatnonzero(rng.random(len(batch)) < 0.3):
        small = int(rng.integers(side * 5 // 12, side))
        mode = ("area", "bilinear", "bicubic")[rng.integers(3)]
        extra = {} if mode == "area" else {"antialias": bool(rng.random() < 0.7)}
        image = torch.from_numpy(batch[index])[None, None]
        image = F.interpolate(image, (small, small), mode=mode, **extra)
        batch[index] = F.interpolate(image, (side, side), mode="bilinear")[0, 0].numpy()
    level = np.where(rng.random(len(batch)) < 0.4, rng.uniform(0.0, 0.03, len(batch)), 0.0).astype(np.float32)
    noise = rng.standard_normal(batch.shape, dtype=np.float32)
    return np.clip(batch + level[:, None, None] * noise, 0.0, 1.0)


def borders(batch, rng, share):
    """Collimation and letterboxing: bands at the edges become black, seldom white."""
    side = batch.shape[-1]
    for index in np.flatnonzero(rng.random(len(batch)) < share):
        value = 0.0 if rng.random() < 0.85 else 1.0
        bands = rng.integers(0, side // 9, 4) * (rng.random(4) < 0.6)
        if rng.random() < 0.3:
            # Whole image placed inside a longer frame, as a letterboxing workstation stores it.
            inner = int(side * rng.uniform(0.75, 0.95))
            image = torch.from_numpy(batch[index])[None, None]
            shape = (side, inner) if rng.random() < 0.5 else (inner, side)
            image = F.interpolate(image, shape, mode="area")[0, 0].numpy()
            batch[index] = value
            top, left = (side - shape[0]) // 2, (side - shape[1]) // 2
            batch[index, top:top + shape[0], left:left + shape[1]] = image
            continue
        top, bottom, left, right = (int(b) for b in bands)
        batch[index, :top] = value
        batch[index, side - bottom:] = value
        batch[index, :, :left] = value
        batch[index, :, side - right:] = value
    return batch


def markers(batch, rng, share):
    """Letters of the kind that films carry, and small bright pieces, anywhere near the edge."""
    side = batch.shape[-1]
    font = ImageFont.load_default(size=9)
    for index in np.flatnonzero(rng.random(len(batch)) < share):
        picture = Image.fromarray((batch[index] * 255).astype(np.uint8))
        draw = ImageDraw.Draw(picture)
        for _ in range(int(rng.integers(1, 3))):
            place = (int(rng.integers(2, side - 14)), int(rng.choice([rng.integers(2, 24), rng.integers(side - 28, side - 12)])))
            ink = int(rng.integers(170, 256))
            word = ("L", "R", "AP", "PA", "SUPINE", "ERECT", "1", "x")[rng.integers(8)]
            draw.text(place, word, fill=ink, font=font)
        batch[index] = np.asarray(picture, dtype=np.float32) / 255.0
    return batch


def compression(batch, rng, share):
    """JPEG at ordinary and poor quality."""
    for index in np.flatnonzero(rng.random(len(batch)) < share):
        stream = io.BytesIO()
        picture = Image.fromarray((batch[index] * 255).astype(np.uint8))
        picture.save(stream, format="JPEG", quality=int(rng.integers(35, 96)))
        batch[index] = np.asarray(Image.open(stream), dtype=np.float32) / 255.0
    return batch


def radiograph(batch, rng):
    """All disturbances of a chest radiograph; uint8 in, float32 0..1 out."""
    out = batch.astype(np.float32) / 255.0
    out = geometry(out, rng, turn=10.0, zoom=0.14, shift=0.06, mirror=0.3)
    out = grey_curve(out, rng, strength=0.45)
    out = sharpness(np.ascontiguousarray(out, dtype=np.float32), rng)
    out = borders(out, rng, share=0.25)
    out = markers(out, rng, share=0.25)
    return compression(out, rng, share=0.15)


def head_ct(batch, rng):
    """Disturbances of a windowed CT slice: geometry and sharpness; the window is fixed, so the grey curve hardly moves."""
    out = batch.astype(np.float32) / 255.0
    out = geometry(out, rng, turn=15.0, zoom=0.14, shift=0.08, mirror=0.5)
    out = grey_curve(out, rng, strength=0.08)
    return sharpness(np.ascontiguousarray(out, dtype=np.float32), rng)
