"""Recipe of the bundle `head-ct-haemorrhage`: `fit`, then `bundle`.

One finding, any intracranial haemorrhage, slice by slice, over the study by the mean of the three highest logits.
Few patients: figures come from five folds by patient; the shipped weights saw all of them.
"""

import sys

import numpy as np
import torch
import torch.nn.functional as F

import archives
import augment
import bundle
import cards
import evaluate
import fit
import measure
import nets
import phantoms

SEED = 20261121
SETS = ("ct_ich",)
MEAN, STD = 0.3, 0.3
WIDTHS = (12, 24, 48, 64)
STEPS, BATCH, PEAK = 700, 48, 2.5e-3
TUNE_STEPS, TUNE_PEAK = 250, 8e-4
FOLDS = 5
PHANTOMS = {"fit": 120, "check": 60}  # series
SENSITIVITY, SPECIFICITY = 0.95, 0.90
VERSION = "0.1.0"
GATE = {"grey_mean": [0.002, 0.60], "grey_std": [0.01, 0.50]}
OWN = ("head_ct_haemorrhage.py", "evaluate.py", "phantoms.py")
NO_FLAG_REASON = "This bundle was tried on too few patients with a haemorrhage for its silence to count."


def window_40_80(image):
    """From the archive's window (40, width 120: -20 to 100 HU) to 40, width 80 (0 to 80 HU), 0..1."""
    return np.clip((image * 120.0 - 20.0) / 80.0, 0.0, 1.0)


def load_real():
    """Images uint8 [n,128,128], truth, patients and fold of every slice; folds share the positive patients out evenly."""
    images, table = archives.read_set("ct_ich", window_40_80)
    truth = table["any_hemorrhage"].to_numpy().astype(np.float32)
    patients = table["patient_id"].to_numpy()
    positive = {p: truth[patients == p].max() > 0 for p in np.unique(patients)}
    order = sorted(positive, key=lambda p: (not positive[p], np.random.default_rng([SEED, int(p)]).random()))
    fold = {p: place % FOLDS for place, p in enumerate(order)}
    return images, truth, patients, np.array([fold[p] for p in patients])


def highest(logits, patients):
    """Patients, and the three highest slice logits of each: [patients, 3]."""
    names = np.unique(patients)
    return names, np.array([np.resize(np.sort(logits[patients == p])[-3:], 3) for p in names])


def study_scores(top, slope, intercept):
    """Score of each study as the loader computes it: the mean of the three highest slice logits, calibrated."""
    return measure.scores(top.mean(axis=1), slope, intercept)


def train(images, truth, patients, folder, drawn=None):
    """Train on the slices given; patients are drawn evenly, a third of each batch has a haemorrhage.

    `drawn`: phantom slices and their truth; the network then goes on for a while with a quarter of them in each batch.
    """
    net = run(nets.Classifier(1, WIDTHS, drop=0.3), images, truth, patients, folder, None, STEPS, PEAK, 0.998)
    return net if drawn is None else run(net, images, truth, patients, f"{folder}/tune", drawn, TUNE_STEPS, TUNE_PEAK, 0.98)


def run(net, images, truth, patients, folder, drawn, steps, peak, average):
    """One stage of training."""
    positive = [np.flatnonzero((patients == p) & (truth > 0)) for p in np.unique(patients) if truth[patients == p].max() > 0]
    negative = [np.flatnonzero((patients == p) & (truth == 0)) for p in np.unique(patients) if truth[patients == p].min() == 0]
    few = 0 if drawn is None else BATCH // 4

    def batch_loss(model, rng, _step):
        real = BATCH - few
        pick = [rng.choice(positive[i]) for i in rng.integers(0, len(positive), real // 3)]
        pick += [rng.choice(negative[i]) for i in rng.integers(0, len(negative), real - real // 3)]
        batch, target = images[pick], truth[pick]
        if drawn is not None:
            made = rng.choice(len(drawn[0]), few, replace=False)
            batch, target = np.concatenate([batch, drawn[0][made]]), np.concatenate([target, drawn[1][made]])
        tensor = torch.from_numpy(augment.head_ct(batch, rng))[:, None].contiguous(memory_format=torch.channels_last)
        logits = model((tensor - MEAN) / STD).float()[:, 0]
        return F.binary_cross_entropy_with_logits(logits, torch.from_numpy(target))

    return fit.run(net, batch_loss, steps, peak, SEED, archives.work_root() / folder, average=average)


def load_phantoms(part):
    """Phantom slices, their truth as float32, and their studies."""
    drawn, table = phantoms.load("head-ct", part, PHANTOMS[part])
    return drawn, (table["haemorrhage"] > 0).to_numpy().astype(np.float32), table["study"].to_numpy()


def out_of_fold(with_phantoms):
    """File of the out-of-fold slice logits."""
    return archives.work_root() / "head-ct-haemorrhage" / ("out-of-fold.npy" if with_phantoms else "out-of-fold-real-only.npy")


def fit_all(with_phantoms=True):
    """Five folds and the final network; returns network and the out-of-fold slice logits."""
    images, truth, patients, fold = load_real()
    drawn = load_phantoms("fit")[:2] if with_phantoms else None
    place, kept = "head-ct-haemorrhage", out_of_fold(with_phantoms)
    if not kept.exists():
        out = np.zeros(len(truth), dtype=np.float64)
        for k in range(FOLDS):
            inside = fold != k
            net = train(images[inside], truth[inside], patients[inside], f"{place}/fold{k}", drawn)
            out[~inside] = fit.logits_of(net, images[~inside], MEAN, STD)[:, 0]
            print("fold", k, "slice AUC", round(measure.auc(truth[~inside], out[~inside]), 4), flush=True)
        np.save(kept, out)
    return train(images, truth, patients, f"{place}/all", drawn), np.load(kept)


def write(with_phantoms=True):
    """Write the bundle folder from the trained network and the out-of-fold logits."""
    net, out = fit_all(with_phantoms)
    net = net.to(memory_format=torch.contiguous_format).eval()
    images, truth, patients, _ = load_real()
    names, top = highest(out, patients)
    truth_study = np.array([truth[patients == p].max() for p in names])
    slope, intercept = measure.platt(truth_study, top.mean(axis=1))
    score = study_scores(top, slope, intercept)
    low = measure.below_for_sensitivity(truth_study, score, SENSITIVITY)
    high = max(measure.at_for_specificity(truth_study, score, SPECIFICITY), low * 1.05)
    finding = {"index": 0, "code": {"scheme": "SCT", "value": "1386000", "meaning": "Intracranial hemorrhage"}, "name": "Intracranial haemorrhage",
               "calibration": {"slope": slope, "intercept": intercept}, "no_flag_below": round(low, 6), "flag_at": round(high, 6), "priority": "STAT"}
    folder, size = bundle.folder_of("head-ct-haemorrhage"), (archives.SIDE, archives.SIDE)
    bundle.export(net, torch.zeros(1, 1, *size), folder / "model.onnx", ["image"], ["logits"], {"image": {0: "n"}, "logits": {0: "n"}})
    gap = bundle.write_parity(net, folder / "model.onnx", folder, size, MEAN, STD, images[::31])
    used = phantoms.recipe("head-ct", {"fit": PHANTOMS["fit"]}) if with_phantoms else {}
    head = {"format": 1, "name": "head-ct-haemorrhage", "version": VERSION, "title": "Head CT haemorrhage", "kind": "classifier",
            "summary": "Looks for any intracranial haemorrhage on axial head CT; research software, not a medical device."}
    bundle.write_manifest(folder, head, {
        "provenance": {"recipe": "models/training/head_ct_haemorrhage.py", "recipe_sha256": bundle.recipe_digest(*OWN),
                       "data_sha256": bundle.data_digest(SETS, used), "seed": SEED},
        "model": {"file": "model.onnx", "sha256": bundle.sha256(folder / "model.onnx")},
        "accepts": {"modality": ["CT"], "body_part": ["HEAD", "BRAIN", "SKULL"], "body_part_absent": False, "view": [], "view_absent": True,
                    "photometric": ["MONOCHROME2"], "rows": [128, 2048], "columns": [128, 2048], "frames": [1, 1024]},
        "input": {"tensor": "image", "layout": "NCHW", "channels": 1, "size": list(size), "fit": "letterbox", "grey": "window",
                  "window": {"center": 40.0, "width": 80.0}, "mean": MEAN, "std": STD},
        "output": {"tensor": "logits", "activation": "sigmoid", "aggregate": "mean-top-3"},
        "gate": GATE,
        "policy": {"no_flag": False, "no_flag_reason": NO_FLAG_REASON},
    }, [finding])
    cards.write("head-ct-haemorrhage", figures(with_phantoms), {"gap": gap, "ms": bundle.milliseconds(folder / "model.onnx", size),
                                                                "bytes": (folder / "model.onnx").stat().st_size, "phantoms": with_phantoms})


def figures(with_phantoms=True):
    """Lines of figures: out-of-fold slices and patients, then phantoms by the bundle as written."""
    manifest = evaluate.read("head-ct-haemorrhage")
    finding, line = manifest["finding"][0], manifest["finding"][0]["calibration"]
    _, truth, patients, _ = load_real()
    out = fit_all(with_phantoms)[1]
    low, high = measure.auc_interval(truth, out, patients, seed=7)
    lines = [f"- Slices, out of fold: AUC {measure.auc(truth, out):.3f} ({low:.3f} to {high:.3f}); {int(truth.sum())} of {len(truth)} with a haemorrhage."]
    names, top = highest(out, patients)
    score = study_scores(top, line["slope"], line["intercept"])
    positive = np.array([truth[patients == p].max() for p in names]) > 0
    low, high = measure.auc_interval(positive, score, names, seed=7)
    flagged = score >= finding["flag_at"]
    lines += [f"- Patients, out of fold: AUC {measure.auc(positive, score):.3f} ({low:.3f} to {high:.3f}); {positive.sum()} of {len(names)} with a haemorrhage.",
              f"- Patients at `flag_at`: sensitivity {evaluate.share(flagged[positive].sum(), positive.sum())}, specificity {evaluate.share((~flagged[~positive]).sum(), (~positive).sum())}."]
    if with_phantoms:
        drawn, made, studies = load_phantoms("check")
        names, top = highest(evaluate.run_logits("head-ct-haemorrhage", manifest, drawn)[:, 0], studies)
        positive = np.array([made[studies == p].max() for p in names]) > 0
        flagged = study_scores(top, line["slope"], line["intercept"]) >= finding["flag_at"]
        lines += [f"- Phantom studies at `flag_at`: with a drawn haemorrhage flagged {evaluate.share(flagged[positive].sum(), positive.sum())}, without one flagged {evaluate.share(flagged[~positive].sum(), (~positive).sum())}."]
    return lines


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    steps = {"fit": fit_all, "bundle": write, "bundle-real-only": lambda: write(False)}
    if command not in steps:
        raise SystemExit(f"usage: head_ct_haemorrhage.py {' | '.join(steps)}")
    steps[command]()
