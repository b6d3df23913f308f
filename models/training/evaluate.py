"""Measure a written bundle on the part no threshold or weight has seen: `evaluate.py chest-xray`.

It reads `bundle.toml` and the ONNX file of the tree, so the figures are those of what ships.
"""

import sys
import tomllib

import numpy as np

import archives
import bundle
import measure


def read(name):
    """Manifest of a bundle."""
    return tomllib.loads((bundle.folder_of(name) / "bundle.toml").read_text())


def run_logits(name, manifest, images, size=64):
    """Logits [n, findings] of uint8 images, by ONNX Runtime."""
    run = bundle.session(bundle.folder_of(name) / manifest["model"]["file"])
    mean, std = manifest["input"]["mean"], manifest["input"]["std"]
    out = []
    for start in range(0, len(images), size):
        batch = images[start:start + size].astype(np.float32) / 255.0
        out.append(run.run(None, {"image": ((batch[:, None] - mean) / std).astype(np.float32)})[0])
    return np.concatenate(out)


def calibrated(manifest, logits):
    """Scores [n, findings] as the loader computes them."""
    columns = []
    for finding in manifest["finding"]:
        line = finding["calibration"]
        columns.append(measure.scores(logits[:, finding["index"]], line["slope"], line["intercept"]))
    return np.stack(columns, axis=1)


def dispositions(manifest, scores):
    """`flag`, `no-flag` or `escalate` for each row of scores."""
    low = np.array([f["no_flag_below"] for f in manifest["finding"]])
    high = np.array([f["flag_at"] for f in manifest["finding"]])
    flag = (scores >= high).any(axis=1)
    quiet = (scores < low).all(axis=1) & manifest["policy"]["no_flag"]
    return np.where(flag, "flag", np.where(quiet, "no-flag", "escalate"))


def by_rule(rule, manifest, scores, populations):
    """The same under `rule.toml`: limits of each row's population; a finding without a row neither flags nor clears."""
    keys = [f["key"] for f in manifest["finding"]]
    given = np.full(len(scores), "escalate", dtype="<U8")
    for table in rule["population"]:
        chosen = np.asarray(populations) == table["name"]
        rows = {t["finding"]: t for t in table["finding"]}
        high = np.array([rows.get(k, {}).get("flag_at", np.inf) for k in keys])
        low = rows["any"].get("no_flag_below", -np.inf) if manifest["policy"]["no_flag"] else -np.inf
        flag = (scores >= high).any(axis=1)
        quiet = scores[:, keys.index("any")] < low
        given[chosen] = np.where(flag, "flag", np.where(quiet, "no-flag", "escalate"))[chosen]
    return given


def share(hits, total):
    """A share with its exact 95 % interval, as text."""
    if total == 0:
        return "none to count"
    low, high = measure.exact_interval(int(hits), int(total))
    return f"{hits / total:.3f} ({low:.3f} to {high:.3f}; {int(hits)} of {int(total)})"


def finding_table(manifest, scores, labels, persons, places, populations):
    """Markdown lines: AUC, sensitivity and specificity of each finding in each population."""
    lines = ["| finding | population | positives | others | AUC (95 %) | sensitivity at `flag_at` | specificity at `flag_at` | sensitivity at `no_flag_below` |",
             "|---|---|---|---|---|---|---|---|"]
    for index, finding in enumerate(manifest["finding"]):
        for title, chosen in populations.items():
            known = chosen & ~np.isnan(labels[:, places[index]])
            truth, score = labels[known, places[index]] > 0, scores[known, index]
            if truth.sum() < 5 or (~truth).sum() < 5:
                continue
            low, high = measure.auc_interval(truth, score, persons[known], seed=7)
            lines.append(f"| {finding['name']} | {title} | {truth.sum()} | {(~truth).sum()} | {measure.auc(truth, score):.3f} ({low:.3f} to {high:.3f}) "
                         f"| {share((score[truth] >= finding['flag_at']).sum(), truth.sum())} | {share((score[~truth] < finding['flag_at']).sum(), (~truth).sum())} "
                         f"| {share((score[truth] >= finding['no_flag_below']).sum(), truth.sum())} |")
    return lines


def disposition_table(given, anything, populations):
    """Markdown lines: what the studies of each population get, with and without a label of any kind."""
    lines = ["| population | `flag` | `no-flag` | `escalate` | with a label, yet `no-flag` | without any label, yet `flag` |", "|---|---|---|---|---|---|"]
    for title, chosen in populations.items():
        if not chosen.any():
            continue
        n, marked = chosen.sum(), chosen & anything
        quiet = chosen & ~anything
        lines.append(f"| {title} | {share((given[chosen] == 'flag').sum(), n)} | {share((given[chosen] == 'no-flag').sum(), n)} | {share((given[chosen] == 'escalate').sum(), n)} "
                     f"| {share((given[marked] == 'no-flag').sum(), marked.sum())} | {share((given[quiet] == 'flag').sum(), quiet.sum())} |")
    return lines


def main(name):
    """Print the figures of one bundle."""
    if name == "chest-xray":
        import chest_xray as recipe
    elif name == "head-ct-haemorrhage":
        import head_ct_haemorrhage as recipe
    elif name == "reference":
        import reference as recipe
    else:
        raise SystemExit("usage: evaluate.py chest-xray | head-ct-haemorrhage | reference")
    print("\n".join(recipe.figures()))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
