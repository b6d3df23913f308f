#!/usr/bin/env python3
"""Triage of single-frame studies by pydicom, Pillow and ONNX Runtime: what triage.py measures ours against.

One process, model loaded once. A path a line on stdin; one JSON object a line on stdout, the first when it is ready.
The window is worked out in float32 by numpy, in place; with --window pydicom by pydicom's own functions, which is what
its documentation shows and slower. It does not de-identify and runs in no sandbox; ours does both.

Usage: triage_peer.py BUNDLE [--threads N] [--window numpy|pydicom]
"""

import argparse
import json
import math
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import onnxruntime
import pydicom
from PIL import Image
from pydicom.pixels import apply_modality_lut, apply_voi_lut

ADULT = 18


def first(value, absent=None):
    """Of a value that may be several."""
    if isinstance(value, pydicom.multival.MultiValue):
        value = value[0] if value else None
    return absent if value is None or value == "" else float(value)


def grey_numpy(data, pixels: np.ndarray, window) -> np.ndarray:
    """Stored values to 0..1, as PS3.3 C.11.2.1.2.1 has it; without a window, from smallest to largest."""
    grey = pixels.astype(np.float32)
    slope, intercept = first(data.get("RescaleSlope"), 1.0), first(data.get("RescaleIntercept"), 0.0)
    if (slope, intercept) != (1.0, 0.0):
        grey *= slope
        grey += intercept
    if window:
        centre, width = window
        grey -= centre - 0.5
        grey /= max(width - 1.0, 1e-6)
        grey += 0.5
    else:
        low, high = float(grey.min()), float(grey.max())
        grey -= low
        grey /= max(high - low, 1e-6)
    return np.clip(grey, 0.0, 1.0, out=grey)


def grey_pydicom(data, pixels: np.ndarray, window) -> np.ndarray:
    """The same by pydicom's functions; a window of the bundle's own is put into the header for it."""
    if window:
        data.WindowCenter, data.WindowWidth = window
    shown = apply_voi_lut(apply_modality_lut(pixels, data), data)
    low, high = (0.0, 2.0 ** data.BitsStored - 1) if window else (float(shown.min()), float(shown.max()))
    return np.clip((shown.astype(np.float32) - low) / max(high - low, 1e-6), 0.0, 1.0)


def fitted(grey: np.ndarray, size: list, fit: str) -> np.ndarray:
    """Brought to the input size by area."""
    image, (rows, columns), (tall, wide) = Image.fromarray(grey), size, grey.shape
    box = lambda height, width, part=None: np.asarray(  # noqa: E731
        image.resize((width, height), Image.Resampling.BOX, box=part), dtype=np.float32)
    if fit == "stretch":
        return box(rows, columns)
    if fit == "letterbox":
        scale = min(rows / tall, columns / wide)
        height, width = min(rows, int(tall * scale + 0.5)), min(columns, int(wide * scale + 0.5))
        out = np.zeros((rows, columns), np.float32)
        top, left = (rows - height) // 2, (columns - width) // 2
        out[top:top + height, left:left + width] = box(height, width)
        return out
    height, width = (int(wide * rows / columns + 0.5), wide) if tall * columns > wide * rows else (
        tall, int(tall * columns / rows + 0.5))
    top, left = (tall - height) // 2, (wide - width) // 2
    return box(rows, columns, (left, top, left + width, top + height))


def age_of(data):
    """Whole years by Patient's Age; weeks, months and days make a child."""
    text = str(data.get("PatientAge", ""))
    if len(text) != 4 or not text[:3].isdigit():
        return None
    return int(text[:3]) if text[3] == "Y" else int(text[:3]) // {"M": 12, "W": 52, "D": 365}[text[3]]


class Bundle:
    """A classifier bundle (models/README.md) with its session."""

    def __init__(self, folder: Path, threads: int):
        self.manifest = tomllib.loads((folder / "bundle.toml").read_text())
        named = lambda key: (folder / self.manifest[key]["file"]).read_text() if key in self.manifest else None  # noqa: E731
        rule, gate = named("rule"), named("novelty")
        self.populations = tomllib.loads(rule)["population"] if rule else None
        self.novelty = json.loads(gate) if gate else None
        if self.novelty:
            self.centres, self.whiten = np.array(self.novelty["centres"]), np.array(self.novelty["whiten"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        model = str(folder / self.manifest["model"]["file"])
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        output = self.manifest["output"]
        # The same outputs that ours asks for, maps included.
        self.names = [output["tensor"]] + ([self.novelty["tensor"]] if self.novelty else [])
        self.names += [output["maps"]] if "maps" in output else []

    def window(self, data):
        """Of the bundle, or of the header."""
        own = self.manifest["input"].get("window")
        if own:
            return own["center"], own["width"]
        width = first(data.get("WindowWidth"))
        return None if width is None else (first(data.WindowCenter), width)

    def gate(self, small: np.ndarray, features) -> tuple[float, bool]:
        """The value that decided and whether it passed: brightness, contrast, distance."""
        limits = self.manifest["gate"]
        mean, deviation = float(small.mean(dtype=np.float64)), float(small.std(dtype=np.float64))
        inside = lambda value, key: limits[key][0] <= value <= limits[key][1]  # noqa: E731
        if not inside(mean, "grey_mean"):
            return mean, False
        if not inside(deviation, "grey_std"):
            return deviation, False
        if self.novelty is None:
            return mean, True
        whitened = (features.astype(np.float64) - self.centres) @ self.whiten
        distance = float(np.sqrt((whitened ** 2).sum(axis=1)).min())
        return distance, distance <= self.novelty["limit"]

    def limits(self, finding: dict, years) -> tuple:
        """no_flag_below and flag_at for a patient of this age: the strictest of the populations that may hold."""
        if self.populations is None:
            return finding["no_flag_below"], finding["flag_at"]
        wanted = None if years is None else "children" if years < ADULT else "adults"
        of = [p for p in self.populations if wanted is None or p["name"] in ("all ages", wanted)]
        rows = [next((row for row in p["finding"] if row["finding"] == finding.get("key")), None) for p in of]
        every = lambda key: [row.get(key) if row else None for row in rows] or [None]  # noqa: E731
        below, at = every("no_flag_below"), every("flag_at")
        return None if None in below else min(below), None if None in at else max(at)

    def scores(self, outputs: np.ndarray) -> list[float]:
        """Calibrated, one for each finding of the manifest."""
        found = []
        for finding in self.manifest["finding"]:
            value = float(outputs[finding["index"]])
            if self.manifest["output"]["activation"] == "none":
                value = min(max(value, 1e-7), 1 - 1e-7)
                value = math.log(value / (1 - value))
            line = finding["calibration"]["slope"] * value + finding["calibration"]["intercept"]
            found.append(1.0 / (1.0 + math.exp(-line)))
        return found

    def decide(self, scores: list[float], passed: bool, years) -> str:
        """The disposition."""
        if not passed:
            return "escalate"
        findings = self.manifest["finding"]
        limits = [self.limits(finding, years) for finding in findings]
        if any(at is not None and score >= at for score, (_, at) in zip(scores, limits)):
            return "flag"
        asked = [n for n, f in enumerate(findings) if self.populations is None or f.get("key") == "any"]
        below = all(limits[n][0] is not None and scores[n] < limits[n][0] for n in asked)
        return "no-flag" if asked and below and self.manifest["policy"]["no_flag"] else "escalate"

    def answer(self, path: str, grey_of) -> dict:
        """One study, with the milliseconds of each part."""
        at = [time.perf_counter()]
        data = pydicom.dcmread(path)
        pixels = data.pixel_array
        at.append(time.perf_counter())
        wanted = self.manifest["input"]
        grey = grey_of(data, pixels, self.window(data))
        if data.PhotometricInterpretation == "MONOCHROME1":
            np.subtract(1.0, grey, out=grey)
        small = fitted(grey, wanted["size"], wanted["fit"])
        scaled = (small - np.float32(wanted["mean"])) / np.float32(wanted["std"])
        tensor = np.repeat(scaled[None], wanted["channels"], axis=0)[None]
        tensor = tensor if wanted["layout"] == "NCHW" else np.ascontiguousarray(tensor.transpose(0, 2, 3, 1))
        at.append(time.perf_counter())
        outputs = self.session.run(self.names, {wanted["tensor"]: tensor})
        at.append(time.perf_counter())
        scores = self.scores(outputs[0][0])
        gate, passed = self.gate(small, outputs[1][0] if self.novelty else None)
        disposition = self.decide(scores, passed, age_of(data))
        at.append(time.perf_counter())
        spent = [1000 * (end - begin) for begin, end in zip(at, at[1:])]
        parts = dict(zip(("decode", "input", "run", "rest"), spent), total=1000 * (at[-1] - at[0]))
        return {"path": path, "scores": scores, "gate": gate, "disposition": disposition, "ms": parts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--window", choices=["numpy", "pydicom"], default="numpy")
    options = parser.parse_args()
    bundle = Bundle(options.bundle, options.threads)
    grey_of = {"numpy": grey_numpy, "pydicom": grey_pydicom}[options.window]
    print(json.dumps({"ready": True, "python": sys.version.split()[0]}), flush=True)
    for line in sys.stdin:
        print(json.dumps(bundle.answer(line.rstrip("\n"), grey_of)), flush=True)


if __name__ == "__main__":
    main()
