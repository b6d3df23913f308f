"""Recipe of the bundle `chest-xray`: `fit` on real films, `tune` with phantoms, `bundle` writes the folder.

Four findings on frontal chest radiographs. The network also learns the other NIH labels, which steadies it; the bundle leaves them out.
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
SETS = ("kermany_cxr", "nih_cxr14_128", "nih_cxr14_64", "nih_cxr14_192")
MEAN, STD = 0.5, 0.25
FINDINGS = ("opacity", "effusion", "cardiomegaly", "pneumothorax")
BESIDE = ("atelectasis", "infiltration", "mass", "nodule", "pneumonia", "consolidation", "edema", "emphysema", "fibrosis", "pleural_thickening", "hernia")
LABELS = FINDINGS + BESIDE
# NIH labels that are an opacity of the lung, and those that may hide or be one: the latter alone leave opacity unknown.
IS_OPACITY = ["infiltration", "consolidation", "pneumonia", "edema", "mass"]
MAY_BE_OPACITY = ["atelectasis", "nodule", "effusion", "fibrosis", "pleural_thickening"]
STEPS, BATCH, PEAK = 4500, 48, 2.5e-3
TUNE_STEPS, TUNE_PEAK = 1200, 1.2e-3
PHANTOMS = {"fit": 1500, "check": 400}
SENSITIVITY, SPECIFICITY = 0.98, 0.98
VERSION = "0.1.0"
OWN = ("chest_xray.py", "evaluate.py", "phantoms.py")
CODES = {
    "opacity": ({"scheme": "SCT", "value": "128305008", "meaning": "Opacity"}, "Lung opacity", "URGENT"),
    "effusion": ({"scheme": "SCT", "value": "60046008", "meaning": "Pleural effusion"}, "Pleural effusion", "URGENT"),
    "cardiomegaly": ({"scheme": "SCT", "value": "8186001", "meaning": "Cardiomegaly"}, "Enlarged heart", "ROUTINE"),
    "pneumothorax": ({"scheme": "SCT", "value": "36118008", "meaning": "Pneumothorax"}, "Pneumothorax", "STAT"),
}


def nih_labels(table):
    """Labels [n, LABELS] of an NIH table; nan is unknown."""
    labels = np.full((len(table), len(LABELS)), np.nan, dtype=np.float32)
    for index, name in enumerate(LABELS):
        if name != "opacity":
            labels[:, index] = table[name]
    positive = table[IS_OPACITY].max(axis=1).to_numpy()
    maybe = table[MAY_BE_OPACITY].max(axis=1).to_numpy()
    labels[:, 0] = np.where(positive > 0, 1.0, np.where(maybe > 0, np.nan, 0.0))
    return labels


def load_real():
    """Images uint8 [n,128,128], labels [n, LABELS] with nan for unknown, persons and source names of all real films."""
    images, labels, persons, sources = [], [], [], []
    for name in SETS:
        pictures, table = archives.read_set(name)
        if name == "kermany_cxr":
            known = np.full((len(table), len(LABELS)), np.nan, dtype=np.float32)
            known[:, LABELS.index("opacity")] = table["pneumonia"]
            known[:, LABELS.index("pneumonia")] = table["pneumonia"]
            persons += [f"kermany/{p}" for p in table["source_person"]]
        else:
            known = nih_labels(table)
            persons += [f"nih/{p}" for p in table["patient_id"]]
        images.append(pictures)
        labels.append(known)
        sources += [name] * len(table)
    return np.concatenate(images), np.concatenate(labels), np.array(persons), np.array(sources)


def masked_loss(logits, truth, weight):
    """Binary cross-entropy over the known labels only."""
    known = ~torch.isnan(truth)
    each = F.binary_cross_entropy_with_logits(logits.float(), torch.nan_to_num(truth), reduction="none", pos_weight=weight)
    return (each * known).sum() / known.sum().clamp(min=1)


def report(net, images, labels, chosen):
    """AUC of each finding on the chosen images, for the log."""
    logits = fit.logits_of(net, images[chosen], MEAN, STD)
    figures = {}
    for index, name in enumerate(FINDINGS):
        known = ~np.isnan(labels[chosen][:, index])
        figures[name] = round(measure.auc(labels[chosen][known, index], logits[known, index]), 4)
    return figures


def label_weights(labels):
    """Weight of a positive for each label: the rarer, the heavier, at most six."""
    share = np.nanmean(labels, axis=0)
    return torch.from_numpy(np.clip(np.sqrt((1 - share) / np.maximum(share, 1e-3)), 1.0, 6.0).astype(np.float32))


def to_tensor(batch):
    """Augmented float32 images to the network's input."""
    tensor = torch.from_numpy(batch)[:, None].contiguous(memory_format=torch.channels_last)
    return (tensor - MEAN) / STD


def train():
    """Train on the real films of the part `fit`; returns the network."""
    images, labels, persons, _ = load_real()
    parts = np.array([archives.part_of(p) for p in persons])
    chosen, later = np.flatnonzero(parts == "fit"), np.flatnonzero(parts == "calibrate")
    weight = label_weights(labels[chosen])

    def batch_loss(model, rng, _step):
        pick = rng.choice(chosen, BATCH, replace=False)
        return masked_loss(model(to_tensor(augment.radiograph(images[pick], rng))), torch.from_numpy(labels[pick]), weight)

    note = lambda model: report(model, images, labels, later[::3])
    return fit.run(nets.Classifier(len(LABELS)), batch_loss, STEPS, PEAK, SEED, archives.work_root() / "chest-xray", note)


def phantom_labels(table):
    """Labels [n, LABELS] of phantoms: the four findings as drawn, the rest unknown."""
    labels = np.full((len(table), len(LABELS)), np.nan, dtype=np.float32)
    for index, name in enumerate(FINDINGS):
        labels[:, index] = (table[name] > 0).astype(np.float32)
    return labels


def tune():
    """Go on from `train` with half of each batch phantoms, so that the demonstration's images are known too."""
    net = train()
    images, labels, persons, _ = load_real()
    chosen = np.flatnonzero([archives.part_of(p) == "fit" for p in persons])
    weight = label_weights(labels[chosen])
    drawn, table = phantoms.load("chest", "fit", PHANTOMS["fit"])
    truth = phantom_labels(table)
    half, plain = BATCH // 2, BATCH // 4

    def batch_loss(model, rng, _step):
        real, made = rng.choice(chosen, half, replace=False), rng.choice(len(drawn), half, replace=False)
        # Half of the phantoms stay as drawn: their subtle findings would drown in the disturbances that films need.
        batch = np.concatenate([augment.radiograph(images[real], rng), augment.radiograph(drawn[made[plain:]], rng),
                                drawn[made[:plain]].astype(np.float32) / 255.0])
        logits = model(to_tensor(batch))
        target = torch.from_numpy(truth[np.concatenate([made[plain:], made[:plain]])])
        return masked_loss(logits[:half], torch.from_numpy(labels[real]), weight) + masked_loss(logits[half:], target, None)

    return fit.run(net, batch_loss, TUNE_STEPS, TUNE_PEAK, SEED + 1, archives.work_root() / "chest-xray" / "tune", average=0.99)


def decide(logits, labels):
    """The [[finding]] tables: Platt scaling and both thresholds from the real films of the part `calibrate`."""
    findings = []
    for index, name in enumerate(FINDINGS):
        known = ~np.isnan(labels[:, index])
        truth, logit = labels[known, index], logits[known, index]
        slope, intercept = measure.platt(truth, logit)
        score = measure.scores(logit, slope, intercept)
        low = measure.below_for_sensitivity(truth, score, SENSITIVITY)
        high = max(measure.at_for_specificity(truth, score, SPECIFICITY), low * 1.05)
        findings.append({"index": index, "code": CODES[name][0], "name": CODES[name][1],
                         "calibration": {"slope": slope, "intercept": intercept},
                         "no_flag_below": round(low, 6), "flag_at": round(high, 6), "priority": CODES[name][2]})
    return findings


def write(with_phantoms=True):
    """Write the bundle folder from the trained network."""
    net = (tune() if with_phantoms else train()).only(range(len(FINDINGS)))
    net = net.to(memory_format=torch.contiguous_format).eval()
    images, labels, persons, _ = load_real()
    parts = np.array([archives.part_of(p) for p in persons])
    later = parts == "calibrate"
    findings = decide(fit.logits_of(net, images[later], MEAN, STD), labels[later])
    folder, size = bundle.folder_of("chest-xray"), (archives.SIDE, archives.SIDE)
    bundle.export(net, torch.zeros(1, 1, *size), folder / "model.onnx", ["image"], ["logits"], {"image": {0: "n"}, "logits": {0: "n"}})
    gap = bundle.write_parity(net, folder / "model.onnx", folder, size, MEAN, STD, images[later][:64])
    grey_mean = images[parts == "fit"].mean(axis=(1, 2)) / 255.0
    grey_std = images[parts == "fit"].std(axis=(1, 2)) / 255.0
    gate = {"grey_mean": [float(v) for v in (np.quantile(grey_mean, 0.001) - 0.04, np.quantile(grey_mean, 0.999) + 0.04)],
            "grey_std": [float(v) for v in (np.quantile(grey_std, 0.001) - 0.02, np.quantile(grey_std, 0.999) + 0.02)]}
    used = phantoms.recipe("chest", {"fit": PHANTOMS["fit"]}) if with_phantoms else {}
    head = {"format": 1, "name": "chest-xray", "version": VERSION, "title": "Chest radiograph triage", "kind": "classifier",
            "summary": "Looks for lung opacity, pleural effusion, an enlarged heart and pneumothorax on frontal chest radiographs; research software, not a medical device."}
    bundle.write_manifest(folder, head, {
        "provenance": {"recipe": "models/training/chest_xray.py", "recipe_sha256": bundle.recipe_digest(*OWN),
                       "data_sha256": bundle.data_digest(SETS, used), "seed": SEED},
        "model": {"file": "model.onnx", "sha256": bundle.sha256(folder / "model.onnx")},
        "accepts": {"modality": ["CR", "DX"], "body_part": ["CHEST", "THORAX"], "body_part_absent": True, "view": ["PA", "AP"],
                    "view_absent": True, "photometric": ["MONOCHROME1", "MONOCHROME2"], "rows": [64, 8192], "columns": [64, 8192], "frames": [1, 4]},
        "input": {"tensor": "image", "layout": "NCHW", "channels": 1, "size": list(size), "fit": "stretch", "grey": "voi", "mean": MEAN, "std": STD},
        "output": {"tensor": "logits", "activation": "sigmoid", "aggregate": "max"},
        "gate": gate,
        "policy": {"no_flag": True, "no_flag_reason": ""},
    }, findings)
    cards.write("chest-xray", figures(with_phantoms), {"gap": gap, "ms": bundle.milliseconds(folder / "model.onnx", size),
                                                       "bytes": (folder / "model.onnx").stat().st_size, "phantoms": with_phantoms})


def figures(with_phantoms=True):
    """Lines of figures on the part `check`, from the bundle as written."""
    manifest = evaluate.read("chest-xray")
    images, labels, persons, sources = load_real()
    last = np.array([archives.part_of(p) == "check" for p in persons])
    images, labels, persons, sources = images[last], labels[last], persons[last], sources[last]
    scores = evaluate.calibrated(manifest, evaluate.run_logits("chest-xray", manifest, images))
    children = sources == "kermany_cxr"
    populations = {"children (Kermany)": children, "adults (NIH)": ~children}
    lines = evaluate.finding_table(manifest, scores, labels, persons, list(range(len(FINDINGS))), populations)
    given, anything = evaluate.dispositions(manifest, scores), np.nan_to_num(labels).max(axis=1) > 0
    lines += ["", *evaluate.disposition_table(given, anything, populations)]
    if with_phantoms:
        drawn, table = phantoms.load("chest", "check", PHANTOMS["check"])
        truth = phantom_labels(table)[:, :len(FINDINGS)]
        scores = evaluate.calibrated(manifest, evaluate.run_logits("chest-xray", manifest, drawn))
        given = evaluate.dispositions(manifest, scores)
        lines += ["", *evaluate.disposition_table(given, truth.max(axis=1) > 0, {"phantoms": np.ones(len(given), dtype=bool)})]
    return lines


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    steps = {"fit": train, "tune": tune, "bundle": write, "bundle-real-only": lambda: write(False)}
    if command not in steps:
        raise SystemExit(f"usage: chest_xray.py {' | '.join(steps)}")
    steps[command]()
