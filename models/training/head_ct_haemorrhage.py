"""Recipe of the bundle `head-ct-haemorrhage`: `fold K` or `all` train (see `head_train`), `bundle` does all and writes the folder.

Five types and any haemorrhage, slice by slice, over the study by the mean of the three highest logits.
Few patients: figures come from five folds by patient; the shipped weights saw all of them. `any` alone flags.
"""

import sys

import numpy as np
import torch

import archives
import bundle
import cards
import chest_figures
import evaluate
import gate
import head_train
import lite
import measure
import phantoms
import rule
import strangers

VERSION = "0.2.0"
GREY = {"grey_mean": [0.002, 0.60], "grey_std": [0.01, 0.50]}
OWN = ("chest_figures.py", "chest_train.py", "evaluate.py", "films.py", "gate.py", "head_ct_haemorrhage.py", "head_train.py", "lesions.py", "lite.py",
       "phantoms.py", "rule.py", "scanners.py", "strangers.py")
FLOOR, SPECIFICITY, NEVER = 0.70, 0.90, 1.0
ANY = len(head_train.FINDINGS) - 1
CODES = {  # scheme, code, meaning
    "intraventricular": ("99SCANSIDE", "haem-intravent", "Intraventricular hemorrhage"),
    "intraparenchymal": ("SCT", "274100004", "Cerebral hemorrhage"),
    "subarachnoid": ("SCT", "21454007", "Subarachnoid hemorrhage"),
    "epidural": ("99SCANSIDE", "haem-epidural", "Epidural hemorrhage"),
    "subdural": ("99SCANSIDE", "haem-subdural", "Subdural hemorrhage"),
    "any": ("SCT", "1386000", "Intracranial hemorrhage"),
}


def highest(logits, studies):
    """Names of the studies and the mean of the three highest slice logits of each finding: [studies, findings]."""
    names = np.unique(studies)
    return names, np.stack([np.sort(logits[studies == name], axis=0)[-3:].mean(axis=0) for name in names])


def out_of_fold():
    """Logits of every slice by a network that has not seen its patient."""
    kept = archives.work_root() / "head-ct-haemorrhage" / "out-of-fold.npy"
    _, table = head_train.load()
    if not kept.exists():
        out = np.zeros((len(table), len(head_train.FINDINGS)))
        for k in range(head_train.FOLDS):
            out[(table["fold"] == k).to_numpy()] = head_train.fold_logits(k)
        np.save(kept, out)
    return np.load(kept), table


def studies_of(table, out):
    """Patients, their labels and the logits of their studies."""
    names, top = highest(out, table["patient_id"].to_numpy())
    truth = np.stack([head_train.labels_of(table)[table["patient_id"] == name].max(axis=0) for name in names])
    return names, truth, top


def decide(table, out):
    """The [[finding]] tables, the rule of the one population, and whether its flags reached the floor."""
    names, truth, top = studies_of(table, out)
    lines = [dict(zip(("slope", "intercept"), measure.platt(truth[:, i], top[:, i]))) for i in range(len(CODES))]
    lines = [{"slope": round(max(line["slope"], 0.01), 6), "intercept": round(line["intercept"], 6)} for line in lines]
    score = np.stack([measure.scores(top[:, i], line["slope"], line["intercept"]) for i, line in enumerate(lines)], axis=1)
    rules = rule.choose(["any"], truth[:, [ANY]], score[:, [ANY]], names, [FLOOR], least=8)
    shown = "flag_at" in rules[0]
    high = rules[0]["flag_at"] if shown else measure.at_for_specificity(truth[:, ANY], score[:, ANY], SPECIFICITY)
    tables = []
    for index, (name, (scheme, value, meaning)) in enumerate(CODES.items()):
        limit = round(float(high), 6) if index == ANY else NEVER
        tables.append({"index": index, "key": name, "code": {"scheme": scheme, "value": value, "meaning": meaning},
                       "name": "Intracranial haemorrhage" if index == ANY else f"{name.capitalize()} haemorrhage",
                       "calibration": lines[index], "no_flag_below": limit, "flag_at": limit, "priority": "STAT"})
    return tables, rules, shown


def write_gate(net, folder, images, table):
    """`gate.json`; the limit from each fold's distances by the statistics of the others (the network itself saw all)."""
    drawn = head_train.load_phantoms("calibrate")[0]
    features, made = head_train.outputs_of(net, images)[2], head_train.outputs_of(net, drawn)[2]
    half = len(made) // 2
    groups = np.r_[np.repeat("patients", len(features)), np.repeat("phantoms", half)]
    far = []
    for k in range(head_train.FOLDS):
        inside = np.r_[(table["fold"] != k).to_numpy(), np.ones(half, dtype=bool)]
        far.append(gate.distances(gate.statistics(np.concatenate([features, made[:half]])[inside], groups[inside]), features[(table["fold"] == k).to_numpy()]))
    statistics = gate.statistics(np.concatenate([features, made[:half]]), groups)
    far.append(gate.distances(statistics, made[half:]))
    held = np.concatenate(far)
    return gate.write(folder / "gate.json", statistics, np.quantile(held, gate.QUANTILE), len(held), bundle.sha256(folder / "model.onnx"))


def write():
    """Write the bundle folder from the trained network and the out-of-fold logits."""
    out, table = out_of_fold()
    images, _ = head_train.load()
    net = lite.compact(head_train.train(images, table, "all").to(memory_format=torch.contiguous_format).eval())
    findings, rules, shown = decide(table, out)
    folder, size = bundle.folder_of("head-ct-haemorrhage"), (head_train.SIDE, head_train.SIDE)
    outputs = ["logits", "maps", "features"]
    bundle.export(net, torch.zeros(1, 1, *size), folder / "model.onnx", ["image"], outputs, {name: {0: "n"} for name in ["image", *outputs]})
    lite.store_in_half(folder / "model.onnx")
    gap = bundle.write_parity(lambda tensor: net(tensor)[0], folder / "model.onnx", folder, size, head_train.MEAN, head_train.STD, images[::31])
    model = bundle.sha256(folder / "model.onnx")
    gate_digest = write_gate(net, folder, images, table)
    # A rule flags nothing whose precision was not shown: then the limits of the manifest hold, with nothing promised.
    promised = {}
    if shown:
        (folder / "rule.toml").write_text(rule.toml({"all ages": rules}, {
            "format": 1, "model_sha256": model, "gate_sha256": gate_digest, "calibration_set": "66 patients of CT-ICH, out-of-fold scores",
            "method": "Learn-then-Test, fixed sequence, exact binomial"}))
        promised = {"rule": {"file": "rule.toml", "sha256": bundle.sha256(folder / "rule.toml")}}
    used = phantoms.recipe("head-ct", {part: head_train.PHANTOMS[part] for part in ("fit", "calibrate")})
    head = {"format": 1, "name": "head-ct-haemorrhage", "version": VERSION, "title": "Head CT haemorrhage", "kind": "classifier",
            "summary": "Looks for intracranial haemorrhage of five types on axial head CT; research software, not a medical device."}
    bundle.write_manifest(folder, head, {
        "provenance": {"recipe": "models/training/head_ct_haemorrhage.py", "recipe_sha256": bundle.recipe_digest(*OWN),
                       "data_sha256": bundle.data_digest(("ct_ich",), used), "seed": head_train.SEED},
        "model": {"file": "model.onnx", "sha256": model},
        "accepts": {"modality": ["CT"], "body_part": ["HEAD", "BRAIN", "SKULL"], "body_part_absent": False, "view": [], "view_absent": True,
                    "photometric": ["MONOCHROME2"], "rows": [128, 2048], "columns": [128, 2048], "frames": [1, 1024]},
        "input": {"tensor": "image", "layout": "NCHW", "channels": 1, "size": list(size), "fit": "letterbox", "grey": "window",
                  "window": {"center": 40.0, "width": 80.0}, "mean": head_train.MEAN, "std": head_train.STD},
        "output": {"tensor": "logits", "maps": "maps", "activation": "sigmoid", "aggregate": "mean-top-3"},
        "gate": GREY,
        **promised,
        "novelty": {"file": "gate.json", "sha256": gate_digest},
        "policy": {"no_flag": False, "no_flag_reason": f"This bundle never answers no-flag: {rules[0]['no_flag_reason']}."},
    }, findings)
    cards.write("head-ct-haemorrhage", figures(shown), {"gap": gap, "ms": bundle.milliseconds(folder / "model.onnx", size),
                                                        "bytes": (folder / "model.onnx").stat().st_size, "phantoms": True})


def figures(shown=None):
    """Lines of figures: out-of-fold slices and patients, then phantoms and the gate by the bundle as written."""
    written = chest_figures.Written("head-ct-haemorrhage")
    out, table = out_of_fold()
    shown = decide(table, out)[2] if shown is None else shown
    truth, patients = head_train.labels_of(table), table["patient_id"].to_numpy()
    lines = ["| out of fold | slices with it | AUC of slices (95 %) | patients with it | AUC of patients (95 %) |", "|---|---|---|---|---|"]
    names, study_truth, top = studies_of(table, out)
    for index, name in enumerate(head_train.FINDINGS):
        low, high = measure.auc_interval(truth[:, index], out[:, index], patients, seed=7)
        few, many = measure.auc_interval(study_truth[:, index], top[:, index], names, seed=7)
        lines.append(f"| {name} | {int(truth[:, index].sum())} of {len(truth)} | {measure.auc(truth[:, index], out[:, index]):.3f} ({low:.3f} to {high:.3f}) | "
                     f"{int(study_truth[:, index].sum())} of {len(names)} | {measure.auc(study_truth[:, index], top[:, index]):.3f} ({few:.3f} to {many:.3f}) |")
    finding = written.manifest["finding"][ANY]
    score = measure.scores(top[:, ANY], finding["calibration"]["slope"], finding["calibration"]["intercept"])
    sick, flagged = study_truth[:, ANY] > 0, score >= finding["flag_at"]
    how = f"precision of at least {FLOOR} shown with 95 % confidence" if shown else f"{SPECIFICITY:.0%} of the patients without lie below; no precision floor was reached"
    lines += ["", f"- Patients, out of fold, at `flag_at` ({how}): sensitivity {evaluate.share(flagged[sick].sum(), sick.sum())}, specificity {evaluate.share((~flagged[~sick]).sum(), (~sick).sum())}.",
              f"- To find every bleeding patient the threshold must let {evaluate.share((score[~sick] >= score[sick].min()).sum(), (~sick).sum())} of the others through."]
    drawn, made, studies = head_train.load_phantoms("check")
    logits, _, features = written.outputs(drawn)
    names, top = highest(logits, studies)
    positive = np.array([made[studies == name, ANY].max() for name in names]) > 0
    flagged = measure.scores(top[:, ANY], finding["calibration"]["slope"], finding["calibration"]["intercept"]) >= finding["flag_at"]
    lines.append(f"- Phantom studies at `flag_at`: with a drawn haemorrhage flagged {evaluate.share(flagged[positive].sum(), positive.sum())}, without one flagged {evaluate.share(flagged[~positive].sum(), (~positive).sum())}.")
    return lines + ["", "### Gate", "", *gate_lines(written, features)]


def gate_lines(written, features):
    """The distance gate: real slices against chest films, pages, noise and altered slices."""
    import films
    statistics, limit = gate.read(written.folder / "gate.json")
    images, _ = head_train.load()
    own = gate.distances(statistics, written.outputs(images[::3])[2])
    chest, _ = films.load()
    pick = np.random.default_rng(5).choice(len(chest), 600, replace=False)
    padded = np.stack([films.enlarge_or_shrink(chest[i] / np.float32(255), head_train.SIDE) * 255 for i in pick]).astype(np.uint8)
    outside = {"chest films": padded, "pages of text": strangers.pages(head_train.SIDE, 200, 5), "noise": strangers.noise(head_train.SIDE, 200, 5),
               **{title.replace("film", "slice"): changed for title, changed in strangers.altered(images[::7]).items()}}
    lines = [f"Real slices inside the limit: {evaluate.share((own <= limit).sum(), len(own))}; phantom slices: "
             f"{evaluate.share((gate.distances(statistics, features) <= limit).sum(), len(features))}. The network saw these patients.", "",
             "| against | images | AUC of the distance | stopped by the limit |", "|---|---|---|---|"]
    for title, changed in outside.items():
        area, stopped, count = gate.separation(own, gate.distances(statistics, written.outputs(changed)[2]), limit)
        lines.append(f"| {title} | {count} | {area:.4f} | {evaluate.share(stopped, count)} |")
    return lines


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "fold" and len(sys.argv) == 3:
        head_train.fold_logits(int(sys.argv[2]))
    elif command == "bundle":
        write()
    else:
        raise SystemExit("usage: head_ct_haemorrhage.py fold K | bundle")
