"""Training of the bundle `head-ct-haemorrhage`: folds by patient, then all patients; real, painted and drawn slices."""

import io
import zipfile

import numpy as np
import pandas as pd
import torch
from PIL import Image

import archives
import augment
import chest_train
import fit
import grey
import lesions
import lite
import measure
import phantoms

SEED = 20261127
SIDE = 160
MEAN, STD = 0.3, 0.3
FINDINGS = (*lesions.TYPES, "any")
STEPS, BATCH, PEAK = 350, 32, 1.2e-3
SICK, PAINTED, DRAWN = 11, 6, 4  # slices of a batch that bleed, that get a painted haemorrhage, that are phantoms
PHANTOMS = {"fit": 120, "calibrate": 20, "check": 60}  # series
FOLDS = 5


def window_40_80(image):
    """From the archive's window (40, width 120: -20 to 100 HU) to 40, width 80 (0 to 80 HU), 0..1."""
    return np.clip((image * 120.0 - 20.0) / 80.0, 0.0, 1.0)


def load():
    """Images uint8 [n, 160, 160] in the window 40/80, as the archive holds them, and the label table with the column `fold`."""
    table = pd.read_csv(archives.data_root() / "ct_ich" / "labels.csv")
    images = np.empty((len(table), SIDE, SIDE), dtype=np.uint8)
    with zipfile.ZipFile(archives.data_root() / "ct_ich" / "images.zip") as archive:
        for index, file in enumerate(table["file"]):
            picture = Image.open(io.BytesIO(archive.read(file))).convert("L")
            images[index] = np.rint(window_40_80(np.asarray(picture, dtype=np.float32) / 255.0) * 255.0)
    sick = table.groupby("patient_id")["any_hemorrhage"].max()
    order = sorted(sick.index, key=lambda p: (not sick[p], np.random.default_rng([SEED, int(p)]).random()))
    fold = {p: place % FOLDS for place, p in enumerate(order)}
    table["fold"] = table["patient_id"].map(fold)
    return images, table


def labels_of(table):
    """Labels float32 [n, FINDINGS]."""
    return table[[*lesions.TYPES, "any_hemorrhage"]].to_numpy(dtype=np.float32)


def disturb(batch, rng):
    """Disturbances of a windowed slice; float32 in and out."""
    out = augment.geometry(batch, rng, turn=20.0, zoom=0.14, shift=0.06, mirror=0.5)
    out = augment.grey_curve(out, rng, strength=0.10)
    return augment.sharpness(np.ascontiguousarray(out, dtype=np.float32), rng)


def load_phantoms(part):
    """Phantom slices uint8 [n, 160, 160], labels [n, FINDINGS] (of a slice with blood only `any` is known), and studies."""
    folder = phantoms.folder("head-ct", part, PHANTOMS[part])
    table = pd.read_csv(folder / "truth.csv")
    images = np.empty((len(table), SIDE, SIDE), dtype=np.uint8)
    for index, file in enumerate(table["file"]):
        image = np.asarray(Image.open(folder / file).convert("L"), dtype=np.float32) / 255.0
        images[index] = np.rint(grey.area_resize(image, SIDE, SIDE) * 255.0)
    labels = np.zeros((len(table), len(FINDINGS)), dtype=np.float32)
    bleeds = (table["haemorrhage"] > 0).to_numpy()
    labels[bleeds] = np.nan
    labels[bleeds, -1] = 1.0
    return images, labels, table["study"].to_numpy()


class Slices:
    """The slices to train on, and how a batch is drawn: patients evenly, slices of a patient evenly."""

    def __init__(self, images, table):
        self.drawn, self.drawn_labels, _ = load_phantoms("fit")
        self.images, self.labels = images, labels_of(table)
        patients, sick = table["patient_id"].to_numpy(), self.labels[:, -1] > 0
        self.sick = [np.flatnonzero((patients == p) & sick) for p in np.unique(patients[sick])]
        self.well = [np.flatnonzero((patients == p) & ~sick) for p in np.unique(patients[~sick])]
        self.inside = {}
        for place in np.flatnonzero(~sick):
            mask = lesions.inside_of(images[place].astype(np.float32) / 255.0)
            if mask is not None:
                self.inside[place] = mask
        self.canvas = [kept for kept in (np.array([p for p in each if p in self.inside]) for each in self.well) if len(kept)]

    def pick(self, rng, groups, count):
        """`count` places, the patient first."""
        return [int(rng.choice(groups[i])) for i in rng.integers(0, len(groups), count)]

    def painted(self, rng, count):
        """`count` slices with a painted haemorrhage, and their labels."""
        images, labels = [], []
        while len(images) < count:
            place = self.pick(rng, self.canvas, 1)[0]
            image, kind = lesions.paint(self.images[place].astype(np.float32) / 255.0, self.inside[place], rng)
            if image is not None:
                images.append(image)
                labels.append(lesions.labels_of(kind))
        return np.stack(images), np.stack(labels)

    def batch(self, rng):
        """Undisturbed float32 images and labels."""
        places = self.pick(rng, self.sick, SICK) + self.pick(rng, self.well, BATCH - SICK - PAINTED - DRAWN)
        more, known = self.painted(rng, PAINTED)
        made = rng.choice(len(self.drawn), DRAWN, replace=False)
        images = np.concatenate([self.images[places], self.drawn[made]]).astype(np.float32) / 255.0
        return np.concatenate([images, more]), np.concatenate([self.labels[places], self.drawn_labels[made], known])


def to_tensor(batch):
    """Float32 images to the network's input."""
    tensor = torch.from_numpy(np.ascontiguousarray(batch, dtype=np.float32))[:, None].contiguous(memory_format=torch.channels_last)
    return (tensor - MEAN) / STD


def network():
    """A new network that compares left with right; its logits begin near the maximum of their maps, for a haemorrhage is small."""
    return lite.network(len(FINDINGS), drop=0.3, mirrored=True, sharpness=1.0)


WEIGHT = np.array([0.3] * len(lesions.TYPES) + [1.0], dtype=np.float32)


def train(images, table, folder):
    """Train on the slices given; returns the network."""
    source = Slices(images, table)

    def batch_loss(model, rng, _step):
        batch, labels = source.batch(rng)
        weight = torch.from_numpy(WEIGHT).expand(len(batch), -1)
        return chest_train.masked_loss(model(to_tensor(disturb(batch, rng)))[0], torch.from_numpy(labels), weight, None)

    torch.manual_seed(SEED)
    return fit.run(network(), batch_loss, STEPS, PEAK, SEED, archives.work_root() / "head-ct-haemorrhage" / folder, every=50, average=0.985)


@torch.no_grad()
def outputs_of(net, images, size=32):
    """Logits, maps and features of uint8 images, in float32."""
    net.eval()
    parts = [net(to_tensor(images[start:start + size].astype(np.float32) / 255.0)) for start in range(0, len(images), size)]
    return tuple(torch.cat([p[i].float() for p in parts]).numpy() for i in range(3))


def fold_logits(k):
    """Logits of the slices of fold `k` by a network that has not seen their patients."""
    images, table = load()
    inside = (table["fold"] != k).to_numpy()
    net = train(images[inside], table[inside].reset_index(drop=True), f"fold{k}")
    out = outputs_of(net, images[~inside])[0]
    print("fold", k, "slice AUC", round(measure.auc(labels_of(table)[~inside, -1], out[:, -1]), 4), flush=True)
    return out
