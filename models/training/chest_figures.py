"""Figures of `chest-xray` beyond its thresholds: by group, on the other source, what it looks at, place, gate, each as markdown lines."""

import numpy as np
import pandas as pd

import archives
import bundle
import chest_train
import evaluate
import films
import gate
import measure
import phantoms
import strangers

ADULT_FINDINGS = range(len(films.NIH))
GATE_OUTSIDE = 400


class Written:
    """The bundle as written: its network by ONNX Runtime, its manifest and scores."""

    def __init__(self, name):
        self.folder = bundle.folder_of(name)
        self.manifest = evaluate.read(name)
        self.run = bundle.session(self.folder / self.manifest["model"]["file"])

    def outputs(self, images, size=64):
        """Logits, maps and features of uint8 images."""
        mean, std = self.manifest["input"]["mean"], self.manifest["input"]["std"]
        parts = []
        for start in range(0, len(images), size):
            batch = (images[start:start + size, None].astype(np.float32) / 255.0 - mean) / std
            parts.append(self.run.run(["logits", "maps", "features"], {"image": batch.astype(np.float32)}))
        return tuple(np.concatenate([part[i] for part in parts]) for i in range(3))

    def scores(self, images):
        """Calibrated scores as the loader computes them."""
        return evaluate.calibrated(self.manifest, self.outputs(images)[0])


def macro(labels, scores):
    """Mean AUC of the NIH findings that have both classes."""
    return float(np.nanmean([measure.auc(labels[:, i], scores[:, i]) for i in ADULT_FINDINGS]))


def macro_interval(labels, scores, persons, rounds=100):
    """95 % interval of the macro AUC by resampling persons."""
    rng = np.random.default_rng(7)
    members = list(pd.Series(np.arange(len(persons))).groupby(persons).indices.values())
    values = []
    for _ in range(rounds):
        chosen = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        values.append(macro(labels[chosen], scores[chosen]))
    return np.percentile(values, [2.5, 97.5])


def by_group(table, labels, scores, given):
    """Adults by view, sex and age: AUC, and how often a film without any label is flagged."""
    adults = ~films.is_child(table)
    age = table["age"].to_numpy()
    groups = {"all adults' set": adults}
    groups |= {f"view {v}": adults & (table["view"] == v).to_numpy() for v in ("PA", "AP")}
    groups |= {f"sex {s}": adults & (table["sex"] == s).to_numpy() for s in ("F", "M")}
    groups |= {f"age {a} to {b}": adults & (age >= a) & (age <= b) for a, b in ((0, 17), (18, 39), (40, 59), (60, 120))}
    groups |= {f"archive {name}": (table["source"] == name).to_numpy() for name in films.SETS[1:]}
    lines = ["| NIH films | films | macro AUC of 14 findings (95 %) | AUC of any finding (95 %) | with a label: flagged | without any label: flagged |",
             "|---|---|---|---|---|---|"]
    persons = table["person"].to_numpy()
    for title, chosen in groups.items():
        truth, score = labels[chosen], scores[chosen]
        low, high = macro_interval(truth, score, persons[chosen])
        any_low, any_high = measure.auc_interval(truth[:, films.ANY], score[:, films.ANY], persons[chosen], seed=7, rounds=100)
        sick, flagged = truth[:, films.ANY] > 0, given[chosen] == "flag"
        lines.append(f"| {title} | {chosen.sum()} | {macro(truth, score):.3f} ({low:.3f} to {high:.3f}) | {measure.auc(sick, score[:, films.ANY]):.3f} "
                     f"({any_low:.3f} to {any_high:.3f}) | {evaluate.share(flagged[sick].sum(), sick.sum())} | {evaluate.share(flagged[~sick].sum(), (~sick).sum())} |")
    return lines


def other_source(images, table):
    """Networks that saw one source only, on the other source: ranking, and the share called positive at the own source's 95 % specificity."""
    labels, children = films.labels_of(table), films.is_child(table)
    later, last = (table["part"] == "calibrate").to_numpy(), (table["part"] == "check").to_numpy()
    sick = labels[:, films.ANY] > 0
    like = np.nan_to_num(labels[:, [films.NIH.index(f) for f in ("pneumonia", "consolidation")]]).max(axis=1) > 0
    lines = ["| network | asked | on its own source: AUC | on the other source: AUC | the other source's films without a label called positive |", "|---|---|---|---|---|"]
    own_kermany, own_nih = children, ~children
    nets = {"children only": (chest_train.alone("kermany"), own_kermany, films.KERMANY), "adults only": (chest_train.alone("nih"), own_nih, films.ANY)}
    asked = {"children only": "pneumonia as Kermany labels it; on adults against pneumonia or consolidation or no finding",
             "adults only": "any finding"}
    truths = {"children only": np.where(children, labels[:, films.KERMANY] > 0, like), "adults only": sick}
    keep = {"children only": children | like | ~sick, "adults only": np.ones(len(sick), dtype=bool)}
    for name, (net, own, column) in nets.items():
        truth, kept = truths[name], keep[name] & (later | last)
        logits = np.full(len(table), np.nan)
        logits[kept] = chest_train.logits_of(net, images[kept])[:, column]
        cut = measure.at_for_specificity(truth[own & later & kept], logits[own & later & kept], 0.95)
        here, there = own & last & kept, ~own & last & kept
        quiet = there & ~truth
        lines.append(f"| {name} | {asked[name]} | {measure.auc(truth[here], logits[here]):.3f} | {measure.auc(truth[there], logits[there]):.3f} | "
                     f"{evaluate.share((logits[quiet] >= cut).sum(), quiet.sum())} |")
        if name == "children only":
            lines += [f"| {name}, {title} | | | | {evaluate.share((logits[quiet & chosen] >= cut).sum(), (quiet & chosen).sum())} |" for title, chosen in (
                ("view PA", (table["view"] == "PA").to_numpy()), ("view AP", (table["view"] == "AP").to_numpy()),
                ("age under 18", (table["age"] < 18).to_numpy()), ("age 18 and over", (table["age"] >= 18).to_numpy()))]
    return lines


def shipped_across(table, labels, scores):
    """The shipped network: at the children's 95 % specificity for pneumonia, how many adults' films without a label are called positive."""
    children, last = films.is_child(table), labels[:, films.ANY]
    cut = measure.at_for_specificity(labels[children, films.KERMANY], scores[children, films.KERMANY], 0.95)
    quiet = ~children & (last == 0)
    return [f"- The shipped network, its Kermany head at 95 % specificity on children: called positive among adults' films without a label "
            f"{evaluate.share((scores[quiet, films.KERMANY] >= cut).sum(), quiet.sum())}."]


def hide(images, part):
    """Films with the rim (an eighth of each side) or the middle (what the rim leaves) painted over with the film's mean grey."""
    side, out = images.shape[1], images.copy()
    rim = np.ones((side, side), dtype=bool)
    rim[side // 8: -side // 8, side // 8: -side // 8] = False
    area = rim if part == "rim" else ~rim
    out[:, area] = images.mean(axis=(1, 2))[:, None]
    return out


def looks_at(written, images, table, labels):
    """AUC with the rim or the middle hidden, and how often the hottest place lies on the rim."""
    children = films.is_child(table)
    lines = ["| what is shown | Kermany pneumonia, AUC | NIH macro AUC | any finding, adults, AUC |", "|---|---|---|---|"]
    for title, shown in (("whole film", images), ("rim hidden", hide(images, "rim")), ("middle hidden (rim alone)", hide(images, "middle"))):
        scores = written.scores(shown)
        lines.append(f"| {title} | {measure.auc(labels[children, films.KERMANY], scores[children, films.KERMANY]):.3f} | "
                     f"{macro(labels[~children], scores[~children]):.3f} | {measure.auc(labels[~children, films.ANY], scores[~children, films.ANY]):.3f} |")
    maps = written.outputs(images)[1]
    for title, column, chosen in (("Kermany pneumonia, children with it", films.KERMANY, children & (labels[:, films.KERMANY] == 1)),
                                  ("any finding, adults with one", films.ANY, ~children & (labels[:, films.ANY] == 1))):
        hot = maps[chosen, column].reshape(chosen.sum(), maps.shape[2], -1).reshape(chosen.sum(), -1).argmax(axis=1)
        row, place = np.divmod(hot, maps.shape[3])
        rim = (row == 0) | (row == maps.shape[2] - 1) | (place == 0) | (place == maps.shape[3] - 1)
        lines.append(f"- Hottest cell of {title}: on the outermost ring in {evaluate.share(rim.sum(), rim.size)} (the ring is {1 - ((maps.shape[2] - 2) / maps.shape[2]) ** 2:.2f} of the map).")
    return ["", *lines[:5], "", *lines[5:]]


def pointing(written, images, table):
    """Pointing game on NIH's boxes: whether the hottest place of the finding's map, enlarged smoothly, lies in a box of it."""
    boxes = pd.read_csv(archives.data_root() / "nih_cxr14_192" / "boxes_1024px.csv")
    names = {"Infiltrate": "infiltration", "Effusion": "effusion"}
    place = {file.rsplit(".", 1)[0]: index for index, file in enumerate(table["file"])}
    boxes = boxes[boxes["image"].isin(place)]
    rows = []
    for (image, finding), group in boxes.groupby(["image", "finding"]):
        column = films.NIH.index(names.get(finding, finding.lower()))
        heat = enlarge(written.outputs(images[[place[image]]])[1][0, column], 1024)
        y, x = np.unravel_index(heat.argmax(), heat.shape)
        inside = np.zeros((1024, 1024), dtype=bool)
        for box in group.itertuples():
            inside[int(box.y):int(box.y + box.h), int(box.x):int(box.x + box.w)] = True
        rows.append((finding, table["part"].iloc[place[image]], bool(inside[y, x]), float(inside.mean())))
    found = pd.DataFrame(rows, columns=["finding", "part", "hit", "chance"])
    lines = ["| NIH boxes | hits | by chance (area) |", "|---|---|---|",
             f"| all | {evaluate.share(found['hit'].sum(), len(found))} | {found['chance'].mean():.3f} |"]
    held = found[found["part"] != "fit"]
    lines.append(f"| films not trained on | {evaluate.share(held['hit'].sum(), len(held))} | {held['chance'].mean():.3f} |")
    return lines + [f"| {name} | {evaluate.share(group['hit'].sum(), len(group))} | {group['chance'].mean():.3f} |" for name, group in found.groupby("finding")]


def enlarge(heat, side):
    """A map enlarged smoothly (bilinear) to side x side."""
    from PIL import Image
    return np.asarray(Image.fromarray(heat.astype(np.float32)).resize((side, side), Image.Resampling.BILINEAR))


def gate_table(written, inside, seed=5):
    """The distance gate against images that are no upright chest film."""
    statistics, limit = gate.read(written.folder / "gate.json")
    side = inside.shape[1]
    own = gate.distances(statistics, written.outputs(inside)[2])
    heads, _ = phantoms.load("head-ct", "check", 8)
    outside = {"head CT slices (real)": strangers.head_slices(side, GATE_OUTSIDE, seed), "head CT slices (phantoms)": heads,
               "pages of text": strangers.pages(side, GATE_OUTSIDE // 2, seed), "noise": strangers.noise(side, GATE_OUTSIDE // 2, seed),
               **strangers.altered(inside[np.random.default_rng(seed).permutation(len(inside))[:GATE_OUTSIDE]])}
    lines = [f"Chest films of the last part inside the limit: {evaluate.share((own <= limit).sum(), len(own))}.", "",
             "| against | images | AUC of the distance | stopped by the limit |", "|---|---|---|---|"]
    far = {title: gate.distances(statistics, written.outputs(images)[2]) for title, images in outside.items()}
    for title, values in far.items():
        area, stopped, count = gate.separation(own, values, limit)
        lines.append(f"| {title} | {count} | {area:.4f} | {evaluate.share(stopped, count)} |")
    return lines
