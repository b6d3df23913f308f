#!/usr/bin/env python3
"""Grows the trees of the bundle `burned-in-text`, the score of lines of text, on rendered words and clean pictures.

Usage: train.py FOLDER: renders what FOLDER lacks of the sets below (about 10 GB, half an hour), has the lines of each
measured (`TEXT_FRAMES=FOLDER/SET.bin TEXT_MEASURES=FOLDER/SET.lines cargo test --release -p scanside-pixels text::rendered`,
which it tells where the file is missing) and writes the bundle. Needs what render.py needs and scikit-learn.

A candidate is text if most of it lies on one word; of those of one word only the best few count, as judged by the
trees of the round before, since one line is enough to hide it. What lies beside all words is not text. Real films hold
markers of their own: what looks like text in them is left out after the first round. Mistakes that come close to
being taken weigh more than the many that do not.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

import bundle_files as bundle
from bundle_files import DEPTH, MEASURES

HERE = Path(__file__).resolve().parent
SPECKLE = {"RAW": ".9", "KINDS": "0,0,0,1,0"}
WORDS = {
    "t1": (11, 1600, {}),
    "t2": (14, 1500, {}),
    "t3": (16, 1200, {}),
    "t4": (19, 500, SPECKLE),
    "t5": (22, 400, SPECKLE),
}
CLEAN = {
    "c1": (13, 1500, {}),
    "c2": (15, 1500, {}),
    "c3": (17, 1000, {"KINDS": "1.5,4,1,6,1"}),
    "c4": (18, 600, SPECKLE),
    "c5": (20, 800, SPECKLE),
}
TREES = 180
RATE = 0.12
# least share of a line on words to be text, most to be none, least share of a word in it
INSIDE, OUTSIDE, COVERED = 0.6, 0.12, 0.3
BEST = 3
# a line in a real film that scores more than this says nothing
MARKER = 1.5
HARD = 5

LINE = np.dtype(
    [("frame", "<u4"), ("word", "<i4"), ("inside", "<f4"), ("covered", "<f4"), ("measures", "<f4", MEASURES)]
)


def load(folder: Path, sets: dict, clean: int) -> tuple[np.ndarray, np.ndarray]:
    """The lines of some sets, their frames numbered through, and which lie in real pictures."""
    lines, real, before = [], [], 0
    for name, (seed, count, env) in sets.items():
        path = folder / name
        if not path.with_suffix(".jsonl").exists():
            render = [sys.executable, HERE / "render.py", path, str(seed), str(count), "train", str(clean)]
            subprocess.run(render, check=True, env=os.environ | env)
        if not path.with_suffix(".lines").exists():
            sys.exit(f"measure the lines of {path}.bin first")
        these = np.fromfile(path.with_suffix(".lines"), LINE)
        frames = [json.loads(text)["kind"] for text in path.with_suffix(".jsonl").read_text().splitlines()]
        real.append(np.isin(np.array(frames)[these["frame"]], ["film", "dicom"]))
        these["frame"] += before
        before += len(frames)
        lines.append(these)
    return np.concatenate(lines), np.concatenate(real)


def best(lines: np.ndarray, text: np.ndarray, score: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Of each word the lines to learn from, and their weights, 1 a word."""
    index = np.flatnonzero(text & (lines["covered"] > COVERED))
    word = lines["frame"].astype(np.int64) * 100 + lines["word"]
    if score is not None:
        rank = score[index] + 2 * (lines["covered"][index] > 0.85)
        index = index[np.lexsort((-rank, word[index]))]
        first = np.r_[True, np.diff(word[index]) != 0]
        start = np.maximum.accumulate(np.where(first, np.arange(len(index)), 0))
        index = index[np.arange(len(index)) - start < BEST]
    _, inverse, counts = np.unique(word[index], return_inverse=True, return_counts=True)
    return index, 1 / counts[inverse]


def grown(folder: Path) -> HistGradientBoostingClassifier:
    """Three rounds, of which the last makes the trees."""
    words, words_real = load(folder, WORDS, 0)
    clean, clean_real = load(folder, CLEAN, 1)
    text, beside = (words["inside"] > INSIDE) & (words["word"] >= 0), words["inside"] < OUTSIDE
    score = clean_score = None
    for last in (False, False, True):
        good, weight = best(words, text, score)
        if score is None:
            chance = np.random.default_rng(0)
            first, second = np.flatnonzero(beside), np.arange(len(clean))
            first = chance.choice(first, min(len(first), 60000), replace=False)
            second = chance.choice(second, min(len(second), 60000), replace=False)
            harm = np.ones(len(first) + len(second))
        else:
            first = np.flatnonzero(beside & ~(words_real & (score > MARKER)))
            second = np.flatnonzero(~(clean_real & (clean_score > MARKER)))
            harm = 1 + HARD / (1 + np.exp(0.5 - np.r_[score[first], clean_score[second]]))
        values = np.concatenate([words["measures"][good], words["measures"][first], clean["measures"][second]])
        truth = np.r_[np.ones(len(good)), np.zeros(len(harm))]
        model = HistGradientBoostingClassifier(
            max_iter=TREES if last else 40,
            max_leaf_nodes=2**DEPTH,
            max_depth=DEPTH,
            learning_rate=RATE if last else 0.2,
            min_samples_leaf=30,
            l2_regularization=5,
            early_stopping=False,
            random_state=1,
        )
        model.fit(values, truth, sample_weight=np.r_[weight, 2 * weight.sum() * harm / harm.sum()])
        score, clean_score = model.decision_function(words["measures"]), model.decision_function(clean["measures"])
    return model


def flat(nodes: np.ndarray) -> tuple[list, list, list]:
    """A tree with all its branches at full depth: measures and thresholds row by row, and leaves."""
    splits = 2**DEPTH - 1
    measures, thresholds, leaves = [0] * splits, [0.0] * splits, [0.0] * (splits + 1)

    def walk(node: int, place: int) -> None:
        here = nodes[node]
        if place >= splits:
            leaves[place - splits] = float(here["value"])
            return
        stays = here["is_leaf"]
        if not stays:
            measures[place], thresholds[place] = int(here["feature_idx"]), float(here["num_threshold"])
        walk(node if stays else here["left"], 2 * place + 1)
        walk(node if stays else here["right"], 2 * place + 2)

    walk(0, 0)
    return measures, thresholds, leaves


def main() -> None:
    model = grown(Path(sys.argv[1]))
    trees = [flat(predictors[0].nodes) for predictors in model._predictors]
    trees = [(m, [bundle.number(t) for t in ts], [round(1000 * v) for v in vs]) for m, ts, vs in trees]
    bundle.write(bundle.number(float(model._baseline_prediction.ravel()[0])), trees)


if __name__ == "__main__":
    main()
