"""Training of the bundle `chest-xray`: on real films (`base`), on one source alone to see what it is worth on the other
(`alone`), and on with phantoms (`tune`)."""

import numpy as np
import torch
import torch.nn.functional as F

import archives
import films
import fit
import mapper
import measure
import phantoms
import scanners

SEED = 20261127
MEAN, STD = 0.5, 0.25
STEPS, BATCH, PEAK = 1600, 64, 2.0e-3
ALONE_STEPS = 400
TUNE_STEPS, TUNE_PEAK = 1000, 1.2e-3
CHILDREN = 20  # of a batch of 64, half with pneumonia, so that the source alone says nothing
MIXED = 0.3  # share of batches whose NIH films are mixed in pairs
PHANTOMS = {"fit": 1500, "calibrate": 400, "check": 400}
DRAWN = ("opacity", "effusion", "cardiomegaly", "pneumothorax")
# Labels lent from one source to the other, at a small weight: they keep a head from calling every film of the other source positive.
LENT_ABSENT, LENT_PRESENT, LENT_CHILD = 0.1, 0.8, 0.1


def lend(labels, children):
    """Labels with the lent ones filled in, and the weight of each label [n, FINDINGS]."""
    labels, weight = labels.copy(), np.ones_like(labels)
    quiet = labels[:, films.ANY] == 0
    like = np.nanmax(np.nan_to_num(labels[:, [films.NIH.index("pneumonia"), films.NIH.index("consolidation")]]), axis=1) > 0
    labels[~children & quiet, films.KERMANY], weight[~children & quiet, films.KERMANY] = 0.0, LENT_ABSENT
    labels[~children & like, films.KERMANY], weight[~children & like, films.KERMANY] = 1.0, LENT_PRESENT
    rows = np.ix_(children & quiet, range(len(films.NIH)))
    labels[rows], weight[rows] = 0.0, LENT_CHILD
    return labels, weight


def label_weights(labels):
    """Weight of a positive for each label: the rarer, the heavier, at most six."""
    share = np.nanmean(labels, axis=0)
    share = np.where(np.isfinite(share), share, 0.5)
    return torch.from_numpy(np.clip(np.sqrt((1 - share) / np.maximum(share, 1e-3)), 1.0, 6.0).astype(np.float32))


def masked_loss(logits, truth, weight, positive):
    """Binary cross-entropy over the known labels, each with its weight."""
    known = ~torch.isnan(truth)
    each = F.binary_cross_entropy_with_logits(logits.float(), torch.nan_to_num(truth), reduction="none", pos_weight=positive)
    weight = weight * known
    return (each * weight).sum() / weight.sum().clamp(min=1.0)


def to_tensor(batch):
    """Augmented float32 images to the network's input."""
    tensor = torch.from_numpy(np.ascontiguousarray(batch, dtype=np.float32))[:, None].contiguous(memory_format=torch.channels_last)
    return (tensor - MEAN) / STD


class Films:
    """The films of the part `fit`, and how a batch is drawn from them."""

    def __init__(self, sources=("kermany", "nih"), lending=True):
        self.images, self.table = films.load()
        labels, children = films.labels_of(self.table), films.is_child(self.table)
        inside = (self.table["part"] == "fit").to_numpy()
        self.positive = label_weights(labels[inside])
        self.labels, self.weight = lend(labels, children) if lending else (labels, np.ones_like(labels))
        self.sick = np.flatnonzero(inside & children & (labels[:, films.KERMANY] == 1))
        self.well = np.flatnonzero(inside & children & (labels[:, films.KERMANY] == 0))
        self.adults = np.flatnonzero(inside & ~children)
        count = self.table["person"].iloc[self.adults].map(self.table["person"].iloc[self.adults].value_counts()).to_numpy()
        self.chance = 1.0 / np.sqrt(count) / np.sum(1.0 / np.sqrt(count))
        self.few = {("kermany", "nih"): CHILDREN, ("kermany",): BATCH, ("nih",): 0}[tuple(sources)]

    def children(self, rng, count):
        """Places of `count` films of children, half of them with pneumonia."""
        return np.concatenate([rng.choice(self.sick, count // 2), rng.choice(self.well, count - count // 2)])

    def draw(self, rng, few, many):
        """Places of `few` films of children and `many` of adults."""
        return np.concatenate([self.children(rng, few), rng.choice(self.adults, many, p=self.chance)]).astype(int)


def loss_of(model, source, batch, target, weight, few):
    """The loss of a batch whose first `few` films are children's: each source counts by itself."""
    logits = model(to_tensor(batch))[0]
    target, weight = torch.from_numpy(target), torch.from_numpy(weight)
    total = 0.0
    if few:
        total = total + 0.5 * masked_loss(logits[:few], target[:few], weight[:few], None)
    if few < len(batch):
        total = total + masked_loss(logits[few:], target[few:], weight[few:], source.positive)
    return total


def real_batch(source, rng, few, many):
    """Disturbed images, labels and weights of a batch of real films; adults' films are sometimes mixed in pairs."""
    pick = source.draw(rng, few, many)
    batch, target, weight = scanners.film(source.images[pick], rng), source.labels[pick].copy(), source.weight[pick]
    if many and rng.random() < MIXED:
        share, other = np.float32(rng.beta(0.4, 0.4)), few + rng.permutation(many)
        batch[few:] = share * batch[few:] + (1 - share) * batch[other]
        target[few:] = share * target[few:] + (1 - share) * target[other]
    return batch, target, weight


def note_of(source):
    """A function that gives the AUCs of a network on every third film of the part `calibrate`, for the log."""
    later = np.flatnonzero((source.table["part"] == "calibrate").to_numpy())[::3]
    truth = films.labels_of(source.table)[later]
    children = films.is_child(source.table)[later]

    def note(net):
        logits = logits_of(net, source.images[later])
        values = [measure.auc(truth[~children, i], logits[~children, i]) for i in range(len(films.NIH))]
        return {"kermany": round(measure.auc(truth[children, films.KERMANY], logits[children, films.KERMANY]), 4),
                "nih": round(float(np.nanmean(values)), 4),
                "any_adults": round(measure.auc(truth[~children, films.ANY], logits[~children, films.ANY]), 4)}
    return note


@torch.no_grad()
def outputs_of(net, images, size=64):
    """Logits, maps and features of uint8 images, in float32."""
    net.eval()
    parts = [net(to_tensor(images[start:start + size].astype(np.float32) / 255.0)) for start in range(0, len(images), size)]
    return tuple(torch.cat([p[i].float() for p in parts]).numpy() for i in range(3))


def logits_of(net, images):
    """Logits alone."""
    return outputs_of(net, images)[0]


def train(name, sources=("kermany", "nih"), lending=True, steps=STEPS):
    """Train on the real films of the part `fit`; returns the network."""
    source = Films(sources, lending)

    def batch_loss(model, rng, _step):
        batch, target, weight = real_batch(source, rng, source.few, BATCH - source.few)
        return loss_of(model, source, batch, target, weight, source.few)

    torch.manual_seed(SEED)
    return fit.run(mapper.Mapper(len(films.FINDINGS)), batch_loss, steps, PEAK, SEED, archives.work_root() / "chest-xray" / name, note_of(source))


def base():
    """The network of both sources, before phantoms."""
    return train("base")


def alone(source):
    """A shorter network that saw one source only and no lent label, for the leave-one-source-out figures."""
    return train(f"alone-{source}", (source,), lending=False, steps=ALONE_STEPS)


def phantom_labels(table):
    """Labels of phantoms: what was drawn, all absent where nothing was; opacity is what Kermany's films call pneumonia."""
    drawn = {name: (table[name] > 0).to_numpy() for name in DRAWN}
    anything = np.any(list(drawn.values()), axis=0)
    labels = np.full((len(table), len(films.FINDINGS)), np.nan, dtype=np.float32)
    labels[~anything] = 0.0
    for name in DRAWN[1:]:
        labels[:, films.NIH.index(name)] = drawn[name]
    labels[:, films.KERMANY], labels[:, films.ANY] = drawn["opacity"], anything
    return labels


def tune():
    """Go on from `base` with a fifth of each batch phantoms, so that the demonstration's images are known too."""
    net, source = base(), Films()
    drawn, table = phantoms.load("chest", "fit", PHANTOMS["fit"])
    truth = phantom_labels(table)
    made, few = BATCH // 5, CHILDREN * 4 // 5

    def batch_loss(model, rng, _step):
        batch, target, weight = real_batch(source, rng, few, BATCH - few - made)
        pick = rng.choice(len(drawn), made, replace=False)
        # Half of the phantoms stay as drawn: their subtle findings would drown in the disturbances that films need.
        shown = np.concatenate([scanners.film(drawn[pick[made // 2:]], rng), drawn[pick[:made // 2]].astype(np.float32) / 255.0])
        target_made = torch.from_numpy(truth[np.concatenate([pick[made // 2:], pick[:made // 2]])])
        logits = model(to_tensor(np.concatenate([batch, shown])))[0]
        real = len(batch)
        return (0.5 * masked_loss(logits[:few], torch.from_numpy(target[:few]), torch.from_numpy(weight[:few]), None)
                + masked_loss(logits[few:real], torch.from_numpy(target[few:]), torch.from_numpy(weight[few:]), source.positive)
                + 0.5 * masked_loss(logits[real:], target_made, torch.ones(made, 1), None))

    return fit.run(net, batch_loss, TUNE_STEPS, TUNE_PEAK, SEED + 1, archives.work_root() / "chest-xray" / "tune", average=0.99)
