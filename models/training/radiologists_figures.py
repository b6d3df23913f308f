"""Figures of the cross-fitted networks: `radiologists_figures.py` prints them as markdown.

Every score is by networks that never saw the person: of the parts `fit` and `calibrate` by the one network whose fold left the person out,
of the part `check`, which none saw, by all of them together (the mean of their calibrated logits).
Made on arrays, not through the product: nothing here may stand on a card.
"""

import sys

import numpy as np

import archives
import chest_figures
import chest_train
import conditional
import disturbances
import evaluate
import films
import folds
import measure
import radiologists
import radiologists_train

# Sides of the rule: (which score, whose label, whether `no-flag`, promised rate, rate of a group), fixed before anything was measured with all folds.
SIDES = ((radiologists.NOT_NORMAL, radiologists.OPACITY, True, 0.015, 0.06), (radiologists.NOT_NORMAL, radiologists.NOT_NORMAL, True, 0.05, 0.10),
         (radiologists.OPACITY, radiologists.OPACITY, True, 0.015, 0.06), (radiologists.NOT_NORMAL, radiologists.NOT_NORMAL, False, 0.05, 0.15),
         (radiologists.OPACITY, radiologists.OPACITY, False, 0.05, 0.15))
OVER = ("all, as it is", "worst of all groups and disturbances")
DELTA = 0.05
CELL_OF_PEAK = 4  # a map is enlarged so many times before its hottest place is taken


class Crossed:
    """Scores of all films and, of films with boxes, maps, by networks that never saw the person."""

    def __init__(self, trained):
        self.images, self.table = films.load()
        self.trained, self.last = trained, (self.table["part"] == "check").to_numpy()
        self.person = self.table["person"].to_numpy()
        self.fold = folds.folds_of(self.person, radiologists_train.FOLDS)
        self.nih, self.children = films.labels_of(self.table), films.is_child(self.table)
        self.read, self.said, self.boxes = radiologists.beside(self.table)
        self.labels = np.concatenate([self.nih, self.read], axis=1)
        self.logits = self.of(disturbances.AS_IS, np.arange(len(self.table)))
        self.lines = self.calibrations()
        self.scores = self.combined(self.logits)

    def of(self, name, rows):
        """Logits [folds, n, findings] under a disturbance, nan where a network saw the person; kept in the work folder."""
        path = archives.work_root() / "radiologists" / "logits" / f"{name.replace(' ', '-')}-{len(rows)}-{'-'.join(map(str, self.trained))}.npy"
        if path.exists():
            return np.load(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        out = np.full((len(self.trained), len(rows), len(radiologists_train.FINDINGS)), np.nan, dtype=np.float32)
        for at, fold in enumerate(self.trained):
            chosen = np.flatnonzero(self.last[rows] | (self.fold[rows] == fold))
            net = radiologists_train.member(fold)
            for start in range(0, len(chosen), 512):
                some = chosen[start:start + 512]
                out[at, some] = chest_train.logits_of(net, disturbances.applied(name, self.images[rows[some]]))
        np.save(path, out)
        return out

    def calibrations(self):
        """Slope and intercept [folds, findings, 2], from the persons each network left out; never from the part `check`."""
        out = np.tile(np.array([1.0, 0.0]), (len(self.trained), self.labels.shape[1], 1))
        for at in range(len(self.trained)):
            for column in range(self.labels.shape[1]):
                known = ~self.last & ~np.isnan(self.labels[:, column]) & ~np.isnan(self.logits[at, :, column])
                if len(np.unique(self.labels[known, column])) == 2:
                    out[at, column] = measure.platt(self.labels[known, column], self.logits[at, known, column])
        return out

    def combined(self, logits):
        """Scores [n, findings]: the mean of the calibrated logits of the networks that did not see the person; nan where all did."""
        line = self.lines[:, None]
        known = ~np.isnan(logits).all(axis=(0, 2))
        mean = np.full(logits.shape[1:], np.nan)
        mean[known] = np.nanmean((line[..., 0] * logits + line[..., 1])[:, known], axis=0)
        return 1.0 / (1.0 + np.exp(-mean))

    def scored(self):
        """Films that have a score."""
        return ~np.isnan(self.scores[:, 0])

    def maps(self, rows):
        """The map of "lung opacity" [n, rows, columns] by the networks that did not see the person, their mean."""
        sums, count = None, np.zeros(len(rows))
        for fold in self.trained:
            chosen = np.flatnonzero(self.last[rows] | (self.fold[rows] == fold))
            found = chest_train.outputs_of(radiologists_train.member(fold), self.images[rows[chosen]])[1][:, radiologists_train.OPACITY]
            sums = np.zeros((len(rows), *found.shape[1:])) if sums is None else sums
            sums[chosen] += found
            count[chosen] += 1
        return sums / np.maximum(count, 1)[:, None, None]


def area(truth, score, person):
    """AUC with its interval by persons, as text."""
    low, high = measure.auc_interval(truth, score, person, seed=7, rounds=300)
    return f"{measure.auc(truth, score):.3f} ({low:.3f} to {high:.3f})"


def ranking(crossed):
    """AUC against radiologists by group."""
    view, source, age = (crossed.table[c].to_numpy() for c in ("view", "source", "age"))
    groups = {"all read": crossed.said != "", "persons of the folds": (crossed.said != "") & ~crossed.last, "persons of `check`": (crossed.said != "") & crossed.last}
    groups |= {f"view {v}": (crossed.said != "") & (view == v) for v in ("PA", "AP")}
    groups |= {name: (crossed.said != "") & (source == name) for name in films.SETS[1:]}
    groups |= {"under 18": (crossed.said != "") & (age < 18), "18 and over": (crossed.said != "") & (age >= 18)}
    lines = ["| films read by radiologists | films | persons | not normal, AUC (95 %) | opacity against normal | opacity against all else |", "|---|---|---|---|---|---|"]
    for title, chosen in groups.items():
        chosen = chosen & crossed.scored()
        against = chosen & (crossed.said != "not_normal_other")
        ill, opacity = crossed.scores[:, radiologists_train.NOT_NORMAL], crossed.scores[:, radiologists_train.OPACITY]
        lines.append(f"| {title} | {chosen.sum()} | {len(set(crossed.person[chosen]))} | {area(crossed.read[chosen, 0], ill[chosen], crossed.person[chosen])} | "
                     f"{area(crossed.read[against, 1], opacity[against], crossed.person[against])} | {area(crossed.read[chosen, 1], opacity[chosen], crossed.person[chosen])} |")
    return lines


def by_report(crossed):
    """The findings that were there before."""
    lines = []
    for title, part in (("persons of the folds", ~crossed.last), ("persons of `check`", crossed.last)):
        adults, young = ~crossed.children & part & crossed.scored(), crossed.children & part & crossed.scored()
        low, high = chest_figures.macro_interval(crossed.nih[adults], crossed.scores[adults], crossed.person[adults])
        lines.append(f"- {title}: NIH, 14 findings, macro AUC {chest_figures.macro(crossed.nih[adults], crossed.scores[adults]):.3f} ({low:.3f} to {high:.3f}) on {adults.sum()} films; "
                     f"children's pneumonia (Kermany) {area(crossed.nih[young, films.KERMANY], crossed.scores[young, films.KERMANY], crossed.person[young])} on {young.sum()}.")
    return lines


def noise_lines(crossed):
    """NIH's labels against radiologists."""
    lines = ["| NIH's label | films read | normal | other abnormality | lung opacity |", "|---|---|---|---|---|"]
    for name, count, shares in radiologists.noise(crossed.nih[:, [*range(len(films.NIH)), films.ANY]], crossed.said):
        lines.append(f"| {name} | {count} | " + " | ".join(f"{s:.2f}" for s in shares) + " |")
    return lines


def pointing(crossed):
    """Pointing game on radiologists' boxes of opacities: whether the hottest place of the map lies in a box."""
    rows = np.array([at for at in crossed.boxes if crossed.scored()[at]])
    maps, hits, chance = crossed.maps(rows), [], []
    for at, heat in zip(rows, maps):
        side = heat.shape[0] * CELL_OF_PEAK
        place = np.unravel_index(chest_figures.enlarge(heat, side).argmax(), (side, side))
        inside = radiologists.cells(crossed.boxes[at], side, side) >= 0.5
        hits.append(bool(inside[place]))
        chance.append(float(inside.mean()))
    hits, chance, last = np.array(hits), np.array(chance), crossed.last[rows]
    flagged = crossed.scores[rows, radiologists_train.OPACITY] >= np.median(crossed.scores[rows, radiologists_train.OPACITY])
    lines = ["| boxes of opacities | hits | by chance (area) |", "|---|---|---|"]
    for title, chosen in (("all", hits | True), ("persons of `check`", last), ("the half with the higher score", flagged)):
        lines.append(f"| {title} | {evaluate.share(hits[chosen].sum(), chosen.sum())} | {chance[chosen].mean():.3f} |")
    return lines


def cells(crossed, score, label, scores, rows):
    """Groups and disturbances of one side of the rule; everybody first."""
    view, sex, source, age = (crossed.table[c].to_numpy()[rows] for c in ("view", "sex", "source", "age"))
    groups = {"all": np.ones(len(rows), dtype=bool), "view PA": view == "PA", "view AP": view == "AP", "women": sex == "F", "men": sex == "M",
              "under 40": age < 40, "40 and over": age >= 40, "64 px": source == "nih_cxr14_64", "128 px and more": source != "nih_cxr14_64"}
    return [conditional.Seen(group, name, crossed.read[rows][chosen, label], values[chosen, len(films.FINDINGS) + score], crossed.person[rows][chosen])
            for group, chosen in groups.items() for name, values in scores.items()]


def rule_lines(crossed):
    """The rule of adults on the two findings: chosen on the persons of the folds, looked at on those of `check`."""
    everyone = np.flatnonzero((crossed.said != "") & crossed.scored())
    scores = {name: crossed.scores[everyone] if name == disturbances.AS_IS else crossed.combined(crossed.of(name, everyone)) for name in disturbances.FAMILY}
    inside = ~crossed.last[everyone]
    mine = {name: values[inside] for name, values in scores.items()}
    lines, limits = [], {}
    for side in SIDES:
        score, label, quiet, rate, group_rate = side
        seen = cells(crossed, score, label, mine, everyone[inside])
        for over, some in zip(OVER, ([seen[0]], seen)):
            limit, shown = conditional.choose(some, rate, group_rate, DELTA, quiet)
            limits[side, over] = limit
            far = conditional.worst(shown[1:] or shown)
            lines.append(f"| {radiologists.FINDINGS[score]} | {radiologists.FINDINGS[label]} | {'`no-flag`' if quiet else 'flagged'} | {rate} ({group_rate}) | {over} | "
                         f"{'none' if limit is None else f'{limit:.4f}'} | {shown[0].wrong} of {shown[0].persons}, bound {shown[0].bound:.4f} | "
                         f"{far.group}, {far.disturbance}: {far.wrong} of {far.persons}, bound {far.bound:.4f} |")
    head = ["| score of | label | side | promised rate (of a group) | chosen over | limit | everybody, as it is | worst other cell |", "|---|---|---|---|---|---|---|---|"]
    return [*head, *lines, "", *shift_lines(crossed, scores, list(scores), everyone), "", *outcome_lines(crossed, limits)]


def shift_lines(crossed, scores, names, everyone):
    """AUC under each disturbance."""
    lines = ["| disturbance | not normal | opacity against normal |", "|---|---|---|"]
    against = crossed.said[everyone] != "not_normal_other"
    for name in names:
        s = scores[name][:, len(films.FINDINGS):]
        lines.append(f"| {name} | {measure.auc(crossed.read[everyone, 0], s[:, 0]):.3f} | {measure.auc(crossed.read[everyone][against, 1], s[against, 1]):.3f} |")
    return lines


def outcome_lines(crossed, limits):
    """What each limit gives on the part `check`: share of all adult films, rates by label and person, implied precision."""
    adults, not_normal = ~crossed.children & crossed.last & crossed.scored(), crossed.read[:, radiologists.NOT_NORMAL] == 1
    lines = ["On the part `check`:", "", "| score of | label | side | chosen over | of all adult films | of label-positive films | of persons with one | of label-negative films | "
             "of films called not normal | implied at 1, 5, 20, 50 % ill |", "|---|---|---|---|---|---|---|---|---|---|"]
    for ((score, label, quiet, _, _), over), limit in limits.items():
        if limit is None:
            continue
        values, read = crossed.scores[:, len(films.FINDINGS) + score], crossed.read[:, label]
        taken, ill, well = values < limit if quiet else values >= limit, adults & (read == 1), adults & (read == 0)
        known = ill | well
        said = conditional.implied(read[known], values[known], limit if quiet else None, None if quiet else limit)
        lines.append(f"| {radiologists.FINDINGS[score]} | {radiologists.FINDINGS[label]} | {'`no-flag`' if quiet else 'flagged'} | {over} | "
                     f"{evaluate.share(taken[adults].sum(), adults.sum())} | {evaluate.share(taken[ill].sum(), ill.sum())} | {persons_share(crossed, ill, taken)} | "
                     f"{evaluate.share(taken[well].sum(), well.sum())} | {evaluate.share(taken[adults & not_normal].sum(), (adults & not_normal).sum())} | "
                     + ", ".join(f"{b:.4f} ill" if quiet else f"{a:.2f} right" for _, a, b in said) + " |")
    return lines


def persons_share(crossed, chosen, below):
    """Of persons among the chosen films, those with one below."""
    return evaluate.share(len(set(crossed.person[chosen & below])), len(set(crossed.person[chosen])))


def figures(trained):
    """All lines; folds that are not trained yet are left out, and so are the persons that only they may score."""
    crossed = Crossed(trained)
    return [f"Folds trained: {', '.join(map(str, trained))} of {radiologists_train.FOLDS}.", "", *ranking(crossed), "", *by_report(crossed), "", *noise_lines(crossed), "",
            *pointing(crossed), "", *rule_lines(crossed)]


if __name__ == "__main__":
    done = [fold for fold in range(radiologists_train.FOLDS) if (archives.work_root() / "radiologists" / f"fold-{fold}.pt").exists()]
    if not done:
        raise SystemExit("no fold is trained yet")
    sys.stdout.write("\n".join(figures(done)) + "\n")
