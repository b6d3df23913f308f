"""Training of the bundle `chest-xray`: its two networks on films of both sources and phantoms (`members`), and one on a
source alone, to see what that is worth on the other (`alone`)."""

import numpy as np
import torch
import torch.nn.functional as F

import archives
import films
import fit
import lite
import pair
import phantoms
import scanners

SEED = 20261127
MEAN, STD = 0.5, 0.25
STEPS, BATCH, PEAK = 3000, 48, 1.2e-3
MADE = 5  # phantoms of a batch
CHILDREN = 14  # children's films of a batch, half with pneumonia, so that the source alone says nothing
ALONE_STEPS, ALONE_BATCH, ALONE_PEAK = 300, 32, 1.0e-3
SECOND_STEPS, SECOND_CHILDREN = 2400, 10  # the second network: children are learned long before adults
TOLD = 0.5  # share of the second network's loss that is what the first one says
PHANTOMS = {"fit": 300, "calibrate": 120, "check": 200}
DRAWN = ("opacity", "effusion", "cardiomegaly", "pneumothorax")
# Labels lent from one source to the other, at a small weight: they keep a head from calling every film of the other source positive.
LENT_ABSENT, LENT_PRESENT, LENT_CHILD = 0.5, 2.0, 0.1


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

    def __init__(self, lending=True):
        self.images, self.table = films.load()
        labels, children = films.labels_of(self.table), films.is_child(self.table)
        self.inside = inside = (self.table["part"] == "fit").to_numpy()
        self.positive = label_weights(labels[inside])
        self.labels, self.weight = lend(labels, children) if lending else (labels, np.ones_like(labels))
        self.sick = np.flatnonzero(inside & children & (labels[:, films.KERMANY] == 1))
        self.well = np.flatnonzero(inside & children & (labels[:, films.KERMANY] == 0))
        self.adults = np.flatnonzero(inside & ~children)
        count = self.table["person"].iloc[self.adults].map(self.table["person"].iloc[self.adults].value_counts()).to_numpy()
        self.chance = 1.0 / np.sqrt(count) / np.sum(1.0 / np.sqrt(count))

    def told_by(self, teacher):
        """What a network says of the films to fit, as probabilities; nan elsewhere."""
        told = np.full_like(self.labels, np.nan)
        told[self.inside] = torch.sigmoid(torch.from_numpy(logits_of(teacher, self.images[self.inside]))).numpy()
        return told

    def children(self, rng, count):
        """Places of `count` films of children, half of them with pneumonia."""
        return np.concatenate([rng.choice(self.sick, count // 2), rng.choice(self.well, count - count // 2)])

    def draw(self, rng, few, many):
        """Places of `few` films of children and `many` of adults."""
        return np.concatenate([self.children(rng, few), rng.choice(self.adults, many, p=self.chance)]).astype(int)


def loss_of_logits(logits, source, target, weight, few, plain=False):
    """The loss of a batch whose first `few` films are children's: each source counts by itself. `plain`: rare labels weigh as all do."""
    target, weight = torch.from_numpy(target), torch.from_numpy(weight)
    total = 0.0
    if few:
        total = total + 0.5 * masked_loss(logits[:few], target[:few], weight[:few], None)
    if few < len(target):
        total = total + masked_loss(logits[few:], target[few:], weight[few:], None if plain else source.positive)
    return total


@torch.no_grad()
def outputs_of(net, images, size=64):
    """Logits, maps and features of uint8 images, in float32."""
    net.eval()
    parts = [net(to_tensor(images[start:start + size].astype(np.float32) / 255.0)) for start in range(0, len(images), size)]
    return tuple(torch.cat([p[i].float() for p in parts]).numpy() for i in range(3))


def logits_of(net, images):
    """Logits alone."""
    return outputs_of(net, images)[0]


def alone(name):
    """A short training on one source, with no lent label, for the leave-one-source-out figures."""
    source = Films(lending=False)

    def batch_loss(model, rng, _step):
        few = {"kermany": ALONE_BATCH, "nih": 0}[name]
        pick = source.draw(rng, few, ALONE_BATCH - few)
        return loss_of_logits(model(to_tensor(scanners.film(source.images[pick], rng)))[0], source, source.labels[pick], source.weight[pick], few)

    torch.manual_seed(SEED)
    net = lite.network(len(films.FINDINGS))
    return fit.run(net, batch_loss, ALONE_STEPS, ALONE_PEAK, SEED, archives.work_root() / "chest-xray" / f"alone-{name}", average=0.99)


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


def both(name, seed, steps, children, teacher=None):
    """A network learned from disturbed films of both sources and phantoms; with a `teacher`, from what it says of the films too."""
    source = Films()
    drawn, table = phantoms.load("chest", "fit", PHANTOMS["fit"])
    truth = phantom_labels(table)
    told = None if teacher is None else source.told_by(teacher)

    def batch_loss(model, rng, _step):
        pick, shown = source.draw(rng, children, BATCH - MADE - children), rng.choice(len(drawn), MADE, replace=False)
        # Half of the phantoms stay as drawn: their subtle findings would drown in the disturbances that films need.
        batch = np.concatenate([scanners.film(np.concatenate([source.images[pick], drawn[shown[:MADE // 2]]]), rng),
                                drawn[shown[MADE // 2:]].astype(np.float32) / 255.0])
        logits, real = model(to_tensor(batch))[0], len(pick)
        loss = loss_of_logits(logits[:real], source, source.labels[pick], source.weight[pick], children)
        if told is not None:
            soft = np.where(np.isnan(source.labels[pick]), np.float32(np.nan), told[pick])
            loss = (1.0 - TOLD) * loss + TOLD * loss_of_logits(logits[:real], source, soft, np.ones_like(soft), children, plain=True)
        return loss + 0.3 * masked_loss(logits[real:], torch.from_numpy(truth[shown]), torch.ones(MADE, 1), None)

    torch.manual_seed(seed)
    return fit.run(lite.network(len(films.FINDINGS)), batch_loss, steps, PEAK, seed, archives.work_root() / "chest-xray" / name, every=100, average=0.995)


def members():
    """The two networks of the bundle, compact: the second also learned from what the first says, because the labels are noisy."""
    first = kept("first", lambda: lite.compact(both("both", SEED, STEPS, CHILDREN)))
    return first, kept("second", lambda: pair.rounded(lite.compact(both("second", SEED + 1, SECOND_STEPS, SECOND_CHILDREN, teacher=first))))


def kept(name, make):
    """A compact network from the work folder; made and put there when it is not."""
    path = archives.work_root() / "chest-xray" / f"{name}.pt"
    if not path.exists():
        net = make().to(memory_format=torch.contiguous_format)
        torch.save(net.state_dict(), path.with_suffix(".partial"))
        path.with_suffix(".partial").rename(path)
    net = lite.compact(lite.Lite(len(films.FINDINGS)))
    net.load_state_dict(torch.load(path, weights_only=True))
    return net.eval()
