"""Cross-fitted training of `chest-xray` with what radiologists read: one network for each fold of persons (`fold 0`, `fold 1`, ...).

The part `check` is left out of every network. The persons of the other two parts are dealt into FOLDS folds; the network of a
fold learns from the others, so that every person of them has a score by a network that never saw the person. All networks begin
with the weights learned on photographs: nothing that a shipped network learned from these persons comes in by another way.
18 findings: those of `films` and the two of `radiologists`. A film that no radiologist read has, for these two, what its NIH labels
say on average by the films of the same training persons that have both (`estimated`), at a smaller weight.
Boxes teach the map of "lung opacity", cell by cell.
"""

import copy
import sys

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression

import archives
import augment
import chest_train
import films
import fit
import folds
import lite
import phantoms
import radiologists
import scanners

SEED = 20261201
FOLDS = 3
FINDINGS = (*films.FINDINGS, *(f"{name}_radiologists" for name in radiologists.FINDINGS))
NOT_NORMAL, OPACITY = len(films.FINDINGS) + radiologists.NOT_NORMAL, len(films.FINDINGS) + radiologists.OPACITY
STEPS, PEAK = 1300, 1.2e-3
READ, UNREAD, CHILDREN, MADE = 14, 16, 7, 3  # films of a batch: read by radiologists, other adults, children, phantoms
READ_SHARES = {"normal": 5, "not_normal_other": 4, "lung_opacity": 5}
ESTIMATED = 0.4  # weight of an estimated label beside a radiologist's
OTHER = 0.5  # weight of "other abnormality" as a negative of "lung opacity"
MAPPED = 0.5  # weight of the boxes' loss
MASK = 32  # side of the boxes' masks, four to a cell of the map


def kept_for_training(table, fold):
    """Films whose person a fold's network may see."""
    return (table["part"] != "check").to_numpy() & (folds.folds_of(table["person"], FOLDS) != fold)


def facts(table):
    """What NIH says of a film beside its pixels: labels, view, sex, age [n, 18]."""
    nih = np.nan_to_num(films.labels_of(table)[:, [*range(len(films.NIH)), films.ANY]])
    age = np.clip(np.nan_to_num(table["age"].to_numpy(dtype=np.float32), nan=50.0), 0, 100) / 50.0
    return np.column_stack([nih, (table["view"] == "AP").to_numpy(), (table["sex"] == "M").to_numpy(), age]).astype(np.float32)


def estimated(table, labels, inside):
    """Radiologists' labels [n, 2] as NIH's say them on average, by the read films among `inside`; nan for children."""
    told, known, adults = facts(table), ~np.isnan(labels[:, 0]), ~films.is_child(table)
    out = np.full(labels.shape, np.nan, dtype=np.float32)
    for column in range(labels.shape[1]):
        line = LogisticRegression(C=0.3, max_iter=500).fit(told[known & inside], labels[known & inside, column])
        out[adults, column] = line.predict_proba(told[adults])[:, 1]
    return out


def disturbed(images, masks, rng):
    """Disturbed films, and masks that went where the films went: the same turns are drawn twice."""
    twin = copy.deepcopy(rng)
    shown = scanners.film(images, rng)
    scanners.swap_greys(images, twin, share=0.35)
    return shown, augment.geometry(masks, twin, turn=10.0, zoom=0.14, shift=0.06, mirror=0.4)


class Source:
    """Films that one fold's network may see, their labels, and how a batch is drawn."""

    def __init__(self, fold, side=archives.SIDE):
        self.images, self.table = films.load(side)
        self.inside = kept_for_training(self.table, fold)
        labels, children = films.labels_of(self.table), films.is_child(self.table)
        self.positive = chest_train.label_weights(labels[self.inside])
        self.labels, self.weight = chest_train.lend(labels, children)
        self.read, self.said, boxes = radiologists.beside(self.table)
        self.guess = estimated(self.table, self.read, self.inside)
        self.masks = {at: radiologists.cells(box, MASK, MASK) for at, box in boxes.items()}
        self.by_class = {c: np.flatnonzero(self.inside & (self.said == c)) for c in radiologists.CLASSES}
        self.unread = np.flatnonzero(self.inside & ~children & (self.said == ""))
        self.sick = np.flatnonzero(self.inside & (labels[:, films.KERMANY] == 1))
        self.well = np.flatnonzero(self.inside & (labels[:, films.KERMANY] == 0))
        self.chances = {key: self.chance(rows) for key, rows in (*self.by_class.items(), ("unread", self.unread))}

    def chance(self, rows):
        """A person with many films does not count as many persons, and a view is half-way to as frequent in each class as in the others:
        who lies in bed is ill more often, and a network that reads the view alone would rank well and see nothing."""
        persons, lying = self.table["person"].iloc[rows], (self.table["view"].iloc[rows] == "AP").to_numpy()
        share = 1.0 / np.sqrt(persons.map(persons.value_counts()).to_numpy())
        share = share / share.sum()
        level = np.where(lying, 0.5 / share[lying].sum(), 0.5 / share[~lying].sum()) if lying.any() and not lying.all() else 1.0
        return 0.5 * share + 0.5 * share * level

    def draw(self, rng):
        """Places: children first, then films read, then other adults."""
        read = [rng.choice(self.by_class[c], count, p=self.chances[c]) for c, count in READ_SHARES.items()]
        return np.concatenate([rng.choice(self.sick, CHILDREN // 2), rng.choice(self.well, CHILDREN - CHILDREN // 2), *read,
                               rng.choice(self.unread, UNREAD, p=self.chances["unread"])]).astype(int)

    def masks_of(self, pick):
        """Masks [n, MASK, MASK] of the opacities' boxes; nothing where there is none."""
        return np.stack([self.masks.get(at, np.zeros((MASK, MASK), dtype=np.float32)) for at in pick])


def loss_of_reading(logits, source, pick):
    """The two findings of the radiologists: read films whole, others at a smaller weight by what is estimated of them."""
    known = ~np.isnan(source.read[pick])
    truth = np.where(known, source.read[pick], source.guess[pick])
    weight = np.where(known, 1.0, ESTIMATED).astype(np.float32)
    weight[source.said[pick] == "not_normal_other", radiologists.OPACITY] = OTHER
    return chest_train.masked_loss(logits, torch.from_numpy(truth.astype(np.float32)), torch.from_numpy(weight), None)


def loss_of_places(maps, masks, source, pick):
    """Each cell of the opacity's map against the share that boxes cover, on films with boxes and on normal ones."""
    chosen = np.flatnonzero((source.said[pick] == "normal") | (source.said[pick] == "lung_opacity"))
    cover = F.adaptive_avg_pool2d(torch.from_numpy(np.ascontiguousarray(masks[chosen]))[:, None], maps.shape[2:])[:, 0]
    return F.binary_cross_entropy_with_logits(maps[torch.from_numpy(chosen), OPACITY], cover.clamp(0.0, 1.0))


def network():
    """A network of all 18 findings whose trunk knows photographs alone."""
    return lite.network(len(FINDINGS))


def folder_of(fold, side):
    """Where a fold's checkpoint lies; the network beside it has the same name."""
    return archives.work_root() / "radiologists" / (f"fold-{fold}" if side == archives.SIDE else f"fold-{fold}-{side}")


def train(fold, side=archives.SIDE, steps=STEPS):
    """The network of a fold."""
    source = Source(fold, side)
    drawn, table = phantoms.load("chest", "fit", chest_train.PHANTOMS["fit"])
    drawn = np.stack([np.rint(films.enlarge_or_shrink(image.astype(np.float32) / 255.0, side) * 255.0).astype(np.uint8) for image in drawn])
    made, old = chest_train.phantom_labels(table), len(films.FINDINGS)

    def batch_loss(model, rng, _step):
        pick, shown = source.draw(rng), rng.choice(len(drawn), MADE, replace=False)
        batch, masks = disturbed(source.images[pick], source.masks_of(pick), rng)
        logits, maps, _ = model(chest_train.to_tensor(np.concatenate([batch, drawn[shown].astype(np.float32) / 255.0])))
        real = len(pick)
        loss = chest_train.loss_of_logits(logits[:real, :old], source, source.labels[pick], source.weight[pick], CHILDREN)
        loss = loss + loss_of_reading(logits[:real, old:], source, pick) + MAPPED * loss_of_places(maps[:real], masks, source, pick)
        return loss + 0.3 * chest_train.masked_loss(logits[real:, :old], torch.from_numpy(made[shown]), torch.ones(MADE, 1), None)

    torch.manual_seed(SEED + fold)
    return fit.run(network(), batch_loss, steps, PEAK, SEED + fold, folder_of(fold, side), every=50, average=0.99)


def member(fold, side=archives.SIDE):
    """The compact network of a fold, from the work folder; trained when it is not there."""
    path = folder_of(fold, side).with_suffix(".pt")
    if not path.exists():
        net = lite.compact(train(fold, side)).to(memory_format=torch.contiguous_format)
        torch.save(net.state_dict(), path.with_suffix(".partial"))
        path.with_suffix(".partial").rename(path)
    net = lite.compact(lite.Lite(len(FINDINGS)))
    net.load_state_dict(torch.load(path, weights_only=True))
    return net.eval()


if __name__ == "__main__":
    words = sys.argv[1:]
    if len(words) not in (2, 3) or words[0] != "fold" or not all(word.isdigit() for word in words[1:]) or int(words[1]) >= FOLDS:
        raise SystemExit(f"usage: radiologists_train.py fold 0 .. {FOLDS - 1} [side]")
    member(*(int(word) for word in words[1:]))
