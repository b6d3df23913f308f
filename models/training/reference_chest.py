"""The chest part of the recipe `reference`: the four findings its sentences know, and the network its encoder begins from."""

import numpy as np
import torch
import torch.nn.functional as F

import archives
import augment
import fit
import measure
import nets

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
PHANTOMS = {"fit": 1500, "check": 400}


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
    return fit.run(nets.Classifier(len(LABELS)), batch_loss, STEPS, PEAK, SEED, archives.work_root() / "reference-chest", note)


def phantom_labels(table):
    """Labels [n, LABELS] of phantoms: the four findings as drawn, the rest unknown."""
    labels = np.full((len(table), len(LABELS)), np.nan, dtype=np.float32)
    for index, name in enumerate(FINDINGS):
        labels[:, index] = (table[name] > 0).astype(np.float32)
    return labels
