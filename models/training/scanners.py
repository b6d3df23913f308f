"""Disturb chest films as other scanners, displays and archives would; on top of `augment`.

A small network knows a source by its grey values and its sharpness before it knows a lung. So grey values are swapped
between sources, windows clipped, local contrast raised or flattened, and detail taken away, on every source alike.
"""

import numpy as np
import torch
import torch.nn.functional as F

import augment


def swap_greys(batch, rng, share):
    """Some images take over, partly or wholly, the distribution of grey values of another of the batch; uint8 in and out."""
    out = batch.copy()
    levels = np.arange(256)
    for index in np.flatnonzero(rng.random(len(batch)) < share):
        other = batch[rng.integers(len(batch))]
        own = np.cumsum(np.bincount(batch[index].ravel(), minlength=256)) / batch[index].size
        wanted = np.cumsum(np.bincount(other.ravel(), minlength=256)) / other.size
        curve = np.interp(own, wanted, levels)
        blend = rng.uniform(0.3, 1.0)
        out[index] = (blend * curve + (1 - blend) * levels).astype(np.uint8)[batch[index]]
    return out


def window(batch, rng, share):
    """Some images are shown through a narrower window: the ends of the grey scale clip."""
    for index in np.flatnonzero(rng.random(len(batch)) < share):
        low, high = np.quantile(batch[index, ::4, ::4], [rng.uniform(0.0, 0.12), 1.0 - rng.uniform(0.0, 0.12)])
        batch[index] = np.clip((batch[index] - low) / max(high - low, 0.1), 0.0, 1.0)
    return batch


def local_contrast(batch, rng, share):
    """Some images get edges enhanced, large structures flattened, or the reverse, as processing at the scanner does."""
    chosen = np.flatnonzero(rng.random(len(batch)) < share)
    if len(chosen) == 0:
        return batch
    images = torch.from_numpy(batch[chosen])[:, None]
    for size in (3, 15):
        smooth = F.avg_pool2d(F.pad(images, [size // 2] * 4, mode="replicate"), size, 1)
        gain = torch.from_numpy(rng.uniform(-0.5, 0.9, (len(chosen), 1, 1, 1)).astype(np.float32))
        images = images + gain * (images - smooth)
    batch[chosen] = images.clamp(0.0, 1.0)[:, 0].numpy()
    return batch


def detail(batch, rng, share):
    """Some images come from a thumbnail: half to three quarters of the side, smoothly enlarged."""
    side = batch.shape[-1]
    chosen = np.flatnonzero(rng.random(len(batch)) < share)
    if len(chosen):
        small = int(rng.integers(side // 2, side * 3 // 4))
        images = F.interpolate(torch.from_numpy(batch[chosen])[:, None], (small, small), mode="area")
        batch[chosen] = F.interpolate(images, (side, side), mode="bicubic").clamp(0.0, 1.0)[:, 0].numpy()
    return batch


def film(batch, rng):
    """All disturbances of a chest film; uint8 in, float32 0..1 out."""
    out = swap_greys(batch, rng, share=0.35).astype(np.float32) / 255.0
    out = augment.geometry(out, rng, turn=10.0, zoom=0.14, shift=0.06, mirror=0.4)
    out = window(np.ascontiguousarray(out, dtype=np.float32), rng, share=0.3)
    out = augment.grey_curve(out, rng, strength=0.4).astype(np.float32)
    out = local_contrast(out, rng, share=0.35)
    out = detail(out, rng, share=0.2)
    out = augment.sharpness(np.ascontiguousarray(out, dtype=np.float32), rng)
    out = augment.borders(out, rng, share=0.25)
    out = augment.markers(out, rng, share=0.25)
    return augment.compression(out, rng, share=0.15)
