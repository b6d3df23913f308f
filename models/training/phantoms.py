"""Phantom images for training and checking, made by the `fixtures` binary and kept outside git."""

import hashlib
import os
import pathlib
import subprocess

import archives

SIZE = 256
# First seeds of the part that is trained on, the part thresholds are looked at with, and the part that is reported; far apart, as the phantoms of a part take the seeds that follow.
SEEDS = {"fit": 1_100_000, "calibrate": 2_200_000, "check": 3_300_000}


def binary():
    """The `fixtures` binary: SCANSIDE_FIXTURES, or the one of a debug build."""
    default = pathlib.Path(__file__).resolve().parents[2] / "target" / "debug" / "fixtures"
    return pathlib.Path(os.environ.get("SCANSIDE_FIXTURES", default))


def folder(kind, part, count):
    """Folder with `count` phantoms of a part, made if it is not there."""
    out = archives.work_root() / "phantoms" / f"{kind}-{part}-{count}"
    if not (out / "truth.csv").exists():
        subprocess.run([binary(), "phantoms", "--kind", kind, "--count", str(count), "--seed", str(SEEDS[part]),
                        "--size", str(SIZE), "--out", str(out)], check=True)
    return out


def load(kind, part, count):
    """Images uint8 [n, 128, 128] and the truth table of a part."""
    return archives.read_phantoms(folder(kind, part, count))


def recipe(kind, counts):
    """What identifies the phantoms used: parts, counts, seeds, size, and the digest of what came out."""
    total = hashlib.sha256()
    for part, count in sorted(counts.items()):
        out = folder(kind, part, count)
        for path in sorted(out.rglob("*")):
            if path.is_file():
                total.update(path.read_bytes())
    return {"kind": kind, "counts": counts, "seeds": {p: SEEDS[p] for p in counts}, "size": SIZE, "digest": total.hexdigest()}
