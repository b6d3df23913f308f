"""The bundle `burned-in-text` as files: the trees of the text detector, what they score, the manifest.

The file of the trees is read by `appliance/crates/pixels/src/text/detector.rs`, which says what stands where.
"""

import hashlib
import json
import struct
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUNDLE = HERE.parents[1] / "burned-in-text"
VERSION = "0.1.0"
FILE = "trees.bin"
MEASURES = 40
DEPTH = 4
SPLITS = 2**DEPTH - 1
# score above which a line is text; what the continuation of one must score; how much more a line scores than one that
# it explains away; score above which none is explained away
LIMITS = (1.9, -6.0, 3.0, 4.0)
# vectors of measures in parity.json
VECTORS = 64


def f32(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def number(value: float) -> float:
    """Four significant digits, or six after the point, as a float32: more say nothing."""
    text = f"{value:.4g}"
    return f32(float(f"{value:.6f}" if "e" in text else text))


def packed(bias: float, trees: list[tuple[list[int], list[float], list[int]]]) -> bytes:
    """The file. Of each tree, row by row from its root, the measures and thresholds of its splits, and its leaves in thousandths."""
    out = [b"scanside text trees 1\n", struct.pack("<BBH5f", MEASURES, DEPTH, len(trees), bias, *LIMITS)]
    for measures, thresholds, leaves in trees:
        out.append(struct.pack(f"<{SPLITS}B{SPLITS}f{SPLITS + 1}h", *measures, *thresholds, *leaves))
    return b"".join(out)


def vector(k: int) -> list[float]:
    """Measures by formula, exact as float32: parity.json holds what the trees make of them."""

    def one(n: int) -> float:
        x = n * 2654435761 % 2**32
        x = (x ^ x >> 15) * 2246822519 % 2**32
        x ^= x >> 13
        return (x % 4096 - 512) / (1, 8, 64, 512)[x >> 12 & 3]

    return [one(k * MEASURES + m) for m in range(MEASURES)]


def thousandths(trees: list, measures: list[float]) -> int:
    """What the trees add to the bias, in thousandths."""
    total = 0
    for features, thresholds, leaves in trees:
        node = 0
        for _ in range(DEPTH):
            node = 2 * node + 1 + (measures[features[node]] > thresholds[node])
        total += leaves[node - SPLITS]
    return total


def write(bias: float, trees: list) -> None:
    """Trees, parity and manifest; the card is written by hand."""
    BUNDLE.mkdir(exist_ok=True)
    file = packed(bias, trees)
    (BUNDLE / FILE).write_bytes(file)
    parity = {"thousandths": [thousandths(trees, vector(k)) for k in range(VECTORS)]}
    (BUNDLE / "parity.json").write_text(json.dumps(parity) + "\n")
    (BUNDLE / "bundle.toml").write_text(
        f"""format = 1
name = "burned-in-text"
version = "{VERSION}"
title = "Text in pixels"
kind = "text-detector"
summary = "Finds text burned into the pixels of images, so that it can be made black or wait for a person; not a medical device."

[provenance]
recipe = "models/training/burned_in_text/train.py"
recipe_sha256 = "{recipe_digest()}"

[trees]
file = "{FILE}"
sha256 = "{hashlib.sha256(file).hexdigest()}"
"""
    )


def recipe_digest() -> str:
    """SHA-256 over the recipe's own files, in sorted order of their names."""
    total = hashlib.sha256()
    for path in sorted(HERE.glob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()


if __name__ == "__main__":
    print("burned-in-text", recipe_digest())
