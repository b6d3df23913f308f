"""Recipe of the bundle `chest-xray`: `members` and `alone` train (see `chest_train`), `bundle` does all and writes the folder.

16 findings: the 14 of NIH ChestX-ray14, pneumonia as labelled by Kermany, any finding. `any` alone decides about `no-flag`;
a finding whose flags are not shown to be precise enough is reported and flags nothing (`flag_at` = 1).
"""

import sys
import tomllib

import numpy as np
import torch

import archives
import bundle
import cards
import chest_figures
import chest_train
import evaluate
import films
import gate
import lite
import measure
import pair
import phantoms
import rule

VERSION = "0.3.0"
OWN = ("chest_figures.py", "chest_train.py", "chest_xray.py", "evaluate.py", "films.py", "gate.py", "lite.py", "pair.py", "phantoms.py", "rule.py",
       "scanners.py", "strangers.py")
# Floors of the precision of flags, fixed before anything was measured.
FLOORS = {"children": 0.95, "adults, any": 0.70, "adults, one finding": 0.25}
NEVER = 1.0  # a score is below 1: such a finding neither flags nor stands against `no-flag`
PREVALENCES = (0.01, 0.05, 0.2, 0.5)
SCT = {  # code, meaning, priority of a flag
    "atelectasis": ("46621007", "Atelectasis", "ROUTINE"), "cardiomegaly": ("8186001", "Cardiomegaly", "ROUTINE"),
    "effusion": ("60046008", "Pleural effusion", "URGENT"), "infiltration": ("409609008", "Radiologic infiltrate of lung", "URGENT"),
    "mass": ("309529002", "Lung mass", "URGENT"), "nodule": ("427359005", "Solitary nodule of lung", "ROUTINE"),
    "pneumonia": ("233604007", "Pneumonia", "URGENT"), "pneumothorax": ("36118008", "Pneumothorax", "STAT"),
    "consolidation": ("95436008", "Lung consolidation", "URGENT"), "edema": ("19242006", "Pulmonary edema", "URGENT"),
    "emphysema": ("87433001", "Pulmonary emphysema", "ROUTINE"), "fibrosis": ("51615001", "Fibrosis of lung", "ROUTINE"),
    "hernia": ("39839004", "Diaphragmatic hernia", "ROUTINE"), "pneumonia_kermany": ("128305008", "Opacity", "URGENT"),
}
OWN_CODES = {"pleural_thickening": ("pleural-thick", "Pleural thickening", "ROUTINE"), "any": ("any-finding", "Any finding", "URGENT")}
NAMES = {"effusion": "Pleural effusion", "cardiomegaly": "Enlarged heart", "edema": "Lung oedema", "pleural_thickening": "Pleural thickening",
         "pneumonia": "Pneumonia (NIH labels, adults)", "pneumonia_kermany": "Opacity as of pneumonia (Kermany labels, children)", "any": "Any finding"}


def calibrations(logits, labels, children):
    """Platt scaling of each finding: Kermany's on children, `any` on all, NIH's on adults."""
    lines = []
    for index, name in enumerate(films.FINDINGS):
        chosen = children if name == "pneumonia_kermany" else np.ones(len(children), dtype=bool) if name == "any" else ~children
        known = chosen & ~np.isnan(labels[:, index])
        slope, intercept = measure.platt(labels[known, index], logits[known, index])
        lines.append({"slope": round(max(slope, 0.01), 6), "intercept": round(intercept, 6)})
    return lines


def populations(scores, labels, children, persons):
    """The rule of both populations. One statement about `any` and one about each other family, each at 95 %."""
    nih, kermany, anything = list(range(len(films.NIH))), [films.KERMANY], [films.ANY]

    def family(chosen, columns, floor):
        names = [films.FINDINGS[c] for c in columns]
        return rule.choose(names, labels[np.ix_(chosen, columns)], scores[np.ix_(chosen, columns)], persons[chosen], [floor] * len(columns))

    return {"children": family(children, anything, FLOORS["children"]) + family(children, kermany, FLOORS["children"]),
            "adults": family(~children, anything, FLOORS["adults, any"]) + family(~children, nih, FLOORS["adults, one finding"])}


def thresholds(rules, scores, children):
    """`no_flag_below` and `flag_at` of each finding for format 1, which knows no populations: what holds in both.

    Where adults have no `flag_at` of their own for an output that children are flagged by, the limit lies above every adult film
    of the calibration part: then it flags children and practically no adult.
    """
    by_name = {population: {t["finding"]: t for t in tables} for population, tables in rules.items()}
    pairs = {}
    for index, name in enumerate(films.FINDINGS):
        if index in (films.KERMANY, films.ANY):
            adults = by_name["adults"].get(name, {}).get("flag_at", float(scores[~children, index].max()) + 1e-6)
            high = max(by_name["children"][name].get("flag_at", NEVER), adults)
        else:
            high = by_name["adults"][name].get("flag_at", NEVER)
        pairs[name] = [high, high]
    lows = [by_name[p]["any"].get("no_flag_below") for p in by_name]
    if None not in lows:
        pairs["any"][0] = max(min(*lows, pairs["any"][1]), 1e-6)
    return pairs, None not in lows


def finding_tables(pairs, lines):
    """The [[finding]] tables of `bundle.toml`."""
    tables = []
    for index, name in enumerate(films.FINDINGS):
        scheme, (value, meaning, priority) = ("SCT", SCT[name]) if name in SCT else ("99SCANSIDE", OWN_CODES[name])
        low, high = pairs[name]
        tables.append({"index": index, "key": name, "code": {"scheme": scheme, "value": value, "meaning": meaning}, "name": NAMES.get(name, name.capitalize()),
                       "calibration": lines[index], "no_flag_below": round(low, 6), "flag_at": round(high, 6), "priority": priority})
    return tables


def write_gate(net, folder, images, table):
    """`gate.json` from every third film of the part `fit` (and phantoms), its limit from the part `calibrate`; returns its digest."""
    parts = table["part"].to_numpy()
    fit_part = np.flatnonzero(parts == "fit")[::3]
    groups = np.where(films.is_child(table), "children", "adults")
    drawn, _ = phantoms.load("chest", "fit", chest_train.PHANTOMS["fit"])
    later, _ = phantoms.load("chest", "calibrate", chest_train.PHANTOMS["calibrate"])
    features = chest_train.outputs_of(net, np.concatenate([images[fit_part], drawn]))[2]
    statistics = gate.statistics(features, np.r_[groups[fit_part], np.repeat("phantoms", len(drawn))])
    held = np.concatenate([images[parts == "calibrate"], later])
    far = gate.distances(statistics, chest_train.outputs_of(net, held)[2])
    return gate.write(folder / "gate.json", statistics, np.quantile(far, gate.QUANTILE), len(held), bundle.sha256(folder / "model.onnx"))


def grey_limits(images):
    """The limits of mean and deviation of format 1's gate."""
    mean, spread = images.mean(axis=(1, 2)) / 255.0, images.std(axis=(1, 2)) / 255.0
    return {"grey_mean": [float(np.quantile(mean, 0.001) - 0.04), float(np.quantile(mean, 0.999) + 0.04)],
            "grey_std": [float(np.quantile(spread, 0.001) - 0.02), float(np.quantile(spread, 0.999) + 0.02)]}


def write():
    """Write the bundle folder from the trained network."""
    net = pair.Pair(*chest_train.members()).eval()
    images, table = films.load()
    labels, children, persons = films.labels_of(table), films.is_child(table), table["person"].to_numpy()
    later = (table["part"] == "calibrate").to_numpy()
    folder, size = bundle.folder_of("chest-xray"), (archives.SIDE, archives.SIDE)
    outputs = ["logits", "maps", "features"]
    bundle.export(net, torch.zeros(1, 1, *size), folder / "model.onnx", ["image"], outputs, {name: {0: "n"} for name in ["image", *outputs]})
    lite.store_in_half(folder / "model.onnx", "first.")
    pair.store_in_bytes(folder / "model.onnx", net.second, "second.")
    gap = bundle.write_parity(lambda tensor: net(tensor)[0], folder / "model.onnx", folder, size, chest_train.MEAN, chest_train.STD, images[later][:64])
    logits = chest_train.logits_of(net, images[later])
    lines = calibrations(logits, labels[later], children[later])
    scores = np.stack([measure.scores(logits[:, i], line["slope"], line["intercept"]) for i, line in enumerate(lines)], axis=1)
    rules = populations(scores, labels[later], children[later], persons[later])
    pairs, quiet = thresholds(rules, scores, children[later])
    gate_digest = write_gate(net, folder, images, table)
    model = bundle.sha256(folder / "model.onnx")
    (folder / "rule.toml").write_text(rule.toml(rules, {
        "format": 1, "model_sha256": model, "gate_sha256": gate_digest, "calibration_set": "part `calibrate` of Kermany (children) and NIH (adults)",
        "method": "Learn-then-Test, fixed sequence, exact binomial; families: any finding; the 14 NIH findings jointly; Kermany's pneumonia"}))
    reason = "" if quiet else "Too few label-positive films in the calibration set for this bundle's silence to count."
    head = {"format": 1, "name": "chest-xray", "version": VERSION, "title": "Chest radiograph triage", "kind": "classifier",
            "summary": "Looks for 14 findings, pneumonia as in children's films, and any finding on frontal chest radiographs; research software, not a medical device."}
    bundle.write_manifest(folder, head, {
        "provenance": {"recipe": "models/training/chest_xray.py", "recipe_sha256": bundle.recipe_digest(*OWN),
                       "data_sha256": bundle.data_digest(films.SETS, phantoms.recipe("chest", {k: chest_train.PHANTOMS[k] for k in ("fit", "calibrate")})),
                       "seed": chest_train.SEED},
        "model": {"file": "model.onnx", "sha256": model},
        "accepts": {"modality": ["CR", "DX"], "body_part": ["CHEST", "THORAX"], "body_part_absent": True, "view": ["PA", "AP"],
                    "view_absent": True, "photometric": ["MONOCHROME1", "MONOCHROME2"], "rows": [64, 8192], "columns": [64, 8192], "frames": [1, 4], "bits_stored": [8, 16]},
        "input": {"tensor": "image", "layout": "NCHW", "channels": 1, "size": list(size), "fit": "stretch", "grey": "voi",
                  "mean": chest_train.MEAN, "std": chest_train.STD},
        # The maps point no better than chance at NIH's boxes (the card's table "Place of the finding"): they are not named, so no page shows them.
        "output": {"tensor": "logits", "activation": "sigmoid", "aggregate": "max"},
        "gate": grey_limits(images[(table["part"] == "fit").to_numpy()]),
        "rule": {"file": "rule.toml", "sha256": bundle.sha256(folder / "rule.toml")},
        "novelty": {"file": "gate.json", "sha256": gate_digest},
        "policy": {"no_flag": quiet, "no_flag_reason": reason},
    }, finding_tables(pairs, lines))
    cards.write("chest-xray", figures(), {"gap": gap, "ms": bundle.milliseconds(folder / "model.onnx", size),
                                          "bytes": (folder / "model.onnx").stat().st_size, "phantoms": True})


def rule_table():
    """The rule as written."""
    return tomllib.loads((bundle.folder_of("chest-xray") / "rule.toml").read_text())


def rule_lines(labels, children, given):
    """What the rule promised on the part `calibrate` and what came of it on the part `check`."""
    table = rule_table()
    lines = ["| population | finding | label-positive in calibration | missed, bound (alpha 0.01) | persons missed, bound | `no_flag_below` | precision bound (floor) | `flag_at` |",
             "|---|---|---|---|---|---|---|---|"]
    for population in table["population"]:
        for t in population["finding"]:
            quiet = "none: " + t["no_flag_reason"] if "no_flag_reason" in t else f"{t['no_flag_below']:.4f}"
            per = f"{t['persons_missed']} of {t['persons']}, {t['person_miss_bound']:.4f}" if "persons" in t else ""
            loud = "none: " + t["flag_reason"] if "flag_reason" in t else f"{t['flag_at']:.4f}"
            lines.append(f"| {population['name']} | {t['finding']} | {t['positives']} | {t['misses']}, {t['miss_bound']:.4f} | {per} | {quiet} | "
                         f"{t['precision_bound']:.3f} ({t['precision_floor']}) | {loud} |")
    lines += ["", "| on the last part | label-positive films given `no-flag` | films without a label given `no-flag` | `no-flag` films that hide a label, at prevalence "
              + ", ".join(f"{p:.0%}" for p in PREVALENCES) + " |", "|---|---|---|---|"]
    for title, chosen in (("children", children), ("adults", ~children)):
        sick, quiet = labels[chosen, films.ANY] > 0, given[chosen] == "no-flag"
        shares = [rule.hidden(quiet[sick].mean(), quiet[~sick].mean(), p) for p in PREVALENCES]
        lines.append(f"| {title} | {evaluate.share(quiet[sick].sum(), sick.sum())} | {evaluate.share(quiet[~sick].sum(), (~sick).sum())} | "
                     + ", ".join(f"{s:.3f}" for s in shares) + " |")
    return lines


def figures():
    """Lines of figures on the part `check`, from the bundle as written."""
    written = chest_figures.Written("chest-xray")
    images, table = films.load()
    last = (table["part"] == "check").to_numpy()
    checked = table[last].reset_index(drop=True)
    scores = written.scores(images[last])
    return [*decision_lines(written, checked, scores), *network_lines(written, images, table, images[last], checked, scores)]


def decision_lines(written, table, scores):
    """What follows from scores and thresholds: AUC, rule, dispositions, groups."""
    labels, children, persons = films.labels_of(table), films.is_child(table), table["person"].to_numpy()
    promised = rule_table()
    given = evaluate.by_rule(promised, written.manifest, scores, np.where(children, "children", "adults"))
    groups = {"children (Kermany)": children, "adults (NIH)": ~children}
    low, high = chest_figures.macro_interval(labels[~children], scores[~children], persons[~children])
    lines = [f"- NIH, 14 findings, macro AUC {chest_figures.macro(labels[~children], scores[~children]):.3f} ({low:.3f} to {high:.3f}) on {int((~children).sum())} films; the goal was .782.", ""]
    lines += evaluate.finding_table(written.manifest, scores, labels, persons, list(range(len(films.FINDINGS))), groups)
    lines += ["", "### The rule", "", *rule_lines(labels, children, given)]
    lines += ["", "### Dispositions", "", *evaluate.disposition_table(given, labels[:, films.ANY] > 0, groups)]
    drawn, truth = phantoms.load("chest", "check", chest_train.PHANTOMS["check"])
    made = chest_train.phantom_labels(truth)[:, films.ANY] > 0
    for population in ("children", "adults"):
        drawn_given = evaluate.by_rule(promised, written.manifest, written.scores(drawn), np.repeat(population, len(made)))
        lines += ["", *evaluate.disposition_table(drawn_given, made, {f"phantoms, taken as {population}": np.ones(len(made), dtype=bool)})]
    return lines + ["", "### By group", "", *chest_figures.by_group(table, labels, scores, given)]


def network_lines(written, everything, whole_table, images, table, scores):
    """What does not depend on the thresholds: the other source, what the network looks at, places, the gate."""
    labels = films.labels_of(table)
    lines = ["", "### On the other source", "", *chest_figures.other_source(everything, whole_table), "", *chest_figures.shipped_across(table, labels, scores)]
    lines += ["", "### What the network looks at", *chest_figures.looks_at(written, images, table, labels)]
    lines += ["", "### Place of the finding", "", *chest_figures.pointing(written, everything, whole_table)]
    return lines + ["", "### Gate", "", *chest_figures.gate_table(written, images)]


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    steps = {"members": chest_train.members, "alone": lambda: [chest_train.alone(s) for s in ("kermany", "nih")], "bundle": write}
    if command not in steps:
        raise SystemExit(f"usage: chest_xray.py {' | '.join(steps)}")
    steps[command]()
