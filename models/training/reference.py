"""Recipe of the bundle `reference`: image to text, encoder and decoder apart; `fit`, then `bundle`.

A small true model that lets the whole path run on one machine: it describes by fixed sentences what it suspects.
"""

import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import archives
import augment
import bundle
import evaluate
import fit
import head_train
import nets
import phantoms
import reference_chest
import reference_card
import words

SEED = 20261121
MEAN, STD, WIDTH, LONGEST = 0.5, 0.25, 64, 64
STEPS, BATCH, PEAK = 1400, 40, 1.5e-3
VERSION = "0.1.0"
SETS = reference_chest.SETS + ("ct_ich",)
PHANTOMS = {"chest": reference_chest.PHANTOMS, "head-ct": {"fit": 120, "check": 60}}
OWN = ("evaluate.py", "head_train.py", "lesions.py", "lite.py", "phantoms.py", "reference.py", "reference_chest.py", "words.py")
VOCABULARY = words.vocabulary()


class Encoder(nn.Module):
    """[n,1,128,128] -> embedding [n,64] in -1..1."""

    def __init__(self):
        super().__init__()
        self.trunk = nets.Trunk()
        self.narrow = nn.Linear(self.trunk.width, WIDTH)

    def forward(self, image):
        return torch.tanh(self.narrow(self.trunk(image)))


class Decoder(nn.Module):
    """Embedding [n,64] and tokens [n,length] -> logits [n,length,vocabulary]; one recurrent layer."""

    def __init__(self, hidden=96):
        super().__init__()
        self.words = nn.Embedding(len(VOCABULARY), 32)
        self.begin = nn.Linear(WIDTH, hidden)
        self.gru = nn.GRU(32, hidden, batch_first=True)
        self.beside = nn.Linear(WIDTH, hidden)
        self.out = nn.Linear(hidden, len(VOCABULARY))

    def forward(self, embedding, tokens):
        state = torch.tanh(self.begin(embedding))[None]
        steps, _ = self.gru(self.words(tokens), state)
        return self.out(torch.relu(steps + self.beside(embedding)[:, None]))


class Both(nn.Module):
    """Encoder, decoder, and an extra head on the embedding that names the attributes (training only)."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()
        self.attributes = nn.Linear(WIDTH, len(words.ATTRIBUTES))

    def forward(self, image, tokens):
        embedding = self.encoder(image)
        return self.decoder(embedding, tokens), self.attributes(embedding)


def chest_names(labels):
    """Names of the findings present in each row of chest labels."""
    return [{name for i, name in enumerate(reference_chest.FINDINGS) if row[i] > 0} for row in labels]


def head_names(table):
    """Names of the findings present in each row of a CT-ICH table."""
    return [({"haemorrhage"} if row["any_hemorrhage"] else set()) | {p for p in words.PLACES if row[p]} for _, row in table.iterrows()]


def load(part):
    """Images uint8, kinds and finding names of one part, real images and phantoms, and a stratum for even drawing."""
    images, labels, persons, sources = reference_chest.load_real()
    chosen = np.array([archives.part_of(p) == part for p in persons])
    # A film whose opacity is unknown would teach a sentence nobody vouches for.
    chosen &= ~np.isnan(labels[:, 0])
    rows = [(images[chosen], ["chest"] * chosen.sum(), chest_names(labels[chosen]), list(sources[chosen]))]
    for window in (head_train.window_40_80, None):
        pictures, table = archives.read_set("ct_ich", window)
        chosen = np.array([archives.part_of(f"ct_ich/{p}") == part for p in table["patient_id"]])
        rows.append((pictures[chosen], ["head"] * chosen.sum(), head_names(table[chosen]), ["ct_ich"] * chosen.sum()))
    drawn, table = phantoms.load("chest", part, PHANTOMS["chest"][part])
    rows.append((drawn, ["chest"] * len(table), chest_names(reference_chest.phantom_labels(table)), ["phantom"] * len(table)))
    drawn, table = phantoms.load("head-ct", part, PHANTOMS["head-ct"][part])
    rows.append((drawn, ["head"] * len(table), [{"haemorrhage"} if h else set() for h in table["haemorrhage"] > 0], ["phantom"] * len(table)))
    images = np.concatenate([r[0] for r in rows])
    kinds, names, sources = ([v for r in rows for v in r[i]] for i in (1, 2, 3))
    return images, kinds, names, sources


def strata(kinds, names, sources):
    """Lists of indices drawn equally often: source family and one finding, or none."""
    groups = {}
    for index, (kind, present, source) in enumerate(zip(kinds, names, sources)):
        for name in sorted(present & (set(words.CHEST) | set(words.HEAD))) or ["none", "none again"]:
            groups.setdefault((source.split("_")[0], kind, name), []).append(index)
    return [np.array(v) for _, v in sorted(groups.items())]


def tokens_of(kind, present):
    """Token numbers of the text, with start and end."""
    place = {word: i for i, word in enumerate(VOCABULARY)}
    return [1, *(place[w] for w in words.compose(kind, present).split()), 2]


def train():
    """Train encoder and decoder together; the encoder starts from the chest network's trunk."""
    images, kinds, names, sources = load("fit")
    groups = strata(kinds, names, sources)
    texts = [tokens_of(k, n) for k, n in zip(kinds, names)]
    longest = max(map(len, texts))
    padded = np.zeros((len(texts), longest), dtype=np.int64)
    for index, text in enumerate(texts):
        padded[index, :len(text)] = text
    truth = np.array([[k == "head", *(s in n for s in words.SENTENCES)] for k, n in zip(kinds, names)], dtype=np.float32)
    net = Both()
    net.encoder.trunk.load_state_dict(reference_chest.train().trunk.state_dict())

    def batch_loss(model, rng, _step):
        pick = np.array([rng.choice(groups[i]) for i in rng.integers(0, len(groups), BATCH)])
        films = [i for i in pick if kinds[i] == "chest"]
        slices = [i for i in pick if kinds[i] == "head"]
        order = np.array(films + slices)
        parts = [augment.radiograph(images[films], rng)] if films else []
        parts += [augment.head_ct(images[slices], rng)] if slices else []
        batch = torch.from_numpy(np.concatenate(parts))[:, None].contiguous(memory_format=torch.channels_last)
        tokens = torch.from_numpy(padded[order])
        logits, attributes = model((batch - MEAN) / STD, tokens[:, :-1])
        text_loss = F.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=0)
        return text_loss * 4 + F.binary_cross_entropy_with_logits(attributes.float(), torch.from_numpy(truth[order]))

    return fit.run(net, batch_loss, STEPS, PEAK, SEED, archives.work_root() / "reference", average=0.99)


def greedy(decode, embedding):
    """Text for one embedding [1,64]; `decode(embedding, tokens)` gives logits [1,length,vocabulary]."""
    tokens = [1]
    while len(tokens) < LONGEST:
        token = int(np.argmax(decode(embedding, np.array([tokens], dtype=np.int64))[0, -1]))
        if token == 2:
            break
        tokens.append(token)
    return words.join([VOCABULARY[t] for t in tokens[1:]])


def sessions():
    """Encoder and decoder of the written bundle as plain functions over numpy arrays."""
    folder = bundle.folder_of("reference")
    encoder, decoder = bundle.session(folder / "encoder.onnx"), bundle.session(folder / "decoder.onnx")
    encode = lambda image: encoder.run(None, {"image": image})[0]
    decode = lambda embedding, tokens: decoder.run(None, {"embedding": embedding, "tokens": tokens})[0]
    return encode, decode


def to_input(image):
    """uint8 or float image [128,128] to the encoder's input."""
    grey = image.astype(np.float32) / 255.0 if image.dtype == np.uint8 else image
    return ((grey[None, None] - np.float32(MEAN)) / np.float32(STD)).astype(np.float32)


@torch.no_grad()
def parity(net, folder):
    """`parity.json`, after comparing the network with ONNX Runtime; returns the largest difference seen."""
    encode, decode = sessions()
    torch_decode = lambda e, t: net.decoder(torch.from_numpy(e), torch.from_numpy(t)).numpy()
    inputs, worst = [], 0.0
    for name, image in bundle.grey.parity_images((archives.SIDE, archives.SIDE)).items():
        tensor = to_input(image)
        embedding = net.encoder(torch.from_numpy(tensor)).numpy()
        worst = max(worst, bundle.close(embedding, encode(tensor), name))
        tokens = np.array([[1, 3, 4, 5]], dtype=np.int64)
        worst = max(worst, bundle.close(torch_decode(embedding, tokens), decode(embedding, tokens), name))
        text = greedy(torch_decode, embedding)
        if text != greedy(decode, encode(tensor)):
            raise SystemExit(f"{name}: the texts differ")
        inputs.append({"formula": name, "embedding": [round(float(v), 6) for v in embedding[0]], "text": text})
    (folder / "parity.json").write_text(json.dumps({"inputs": inputs}, indent=1) + "\n")
    return worst


def write():
    """Write the bundle folder from the trained network."""
    net = train().to(memory_format=torch.contiguous_format).eval()
    folder, side = bundle.folder_of("reference"), archives.SIDE
    bundle.export(net.encoder, torch.zeros(1, 1, side, side), folder / "encoder.onnx", ["image"], ["embedding"], {})
    bundle.export(net.decoder, (torch.zeros(1, WIDTH), torch.ones(1, 5, dtype=torch.int64)), folder / "decoder.onnx",
                  ["embedding", "tokens"], ["logits"], {"tokens": {1: "length"}, "logits": {1: "length"}})
    (folder / "vocabulary.json").write_text(json.dumps(VOCABULARY, indent=0) + "\n")
    gap = parity(net, folder)
    used = [phantoms.recipe(kind, {"fit": counts["fit"]}) for kind, counts in sorted(PHANTOMS.items())]
    head = {"format": 1, "name": "reference", "version": VERSION, "title": "Reference model", "kind": "report",
            "summary": "A small image-to-text model so that the whole path runs on one machine; its text is a draft by fixed sentences; research software, not a medical device."}
    bundle.write_manifest(folder, head, {
        "provenance": {"recipe": "models/training/reference.py", "recipe_sha256": bundle.recipe_digest(*OWN),
                       "data_sha256": bundle.data_digest(SETS, used), "seed": SEED},
        "accepts": {"modality": ["CR", "DX", "CT"], "body_part": ["CHEST", "THORAX", "HEAD", "BRAIN", "SKULL"], "body_part_absent": True,
                    "view": [], "view_absent": True, "photometric": ["MONOCHROME1", "MONOCHROME2"], "rows": [64, 8192],
                    "columns": [64, 8192], "frames": [1, 1024]},
        "input": {"tensor": "image", "layout": "NCHW", "channels": 1, "size": [side, side], "fit": "stretch", "grey": "voi", "mean": MEAN, "std": STD},
        "encoder": {"file": "encoder.onnx", "sha256": bundle.sha256(folder / "encoder.onnx"), "embedding": WIDTH},
        "decoder": {"file": "decoder.onnx", "sha256": bundle.sha256(folder / "decoder.onnx"), "vocabulary": "vocabulary.json",
                    "vocabulary_sha256": bundle.sha256(folder / "vocabulary.json"), "max_tokens": LONGEST},
    })
    reference_card.write(figures(), gap, [bundle.folder_of("reference") / n for n in ("encoder.onnx", "decoder.onnx")])


def figures():
    """Lines of figures on the part `check`: what the text mentions against the labels."""
    encode, decode = sessions()
    images, kinds, names, sources = load("check")
    groups = {}
    for image, kind, present, source in zip(images, kinds, names, sources):
        groups.setdefault((kind, "phantoms" if source == "phantom" else "real"), []).append((image, present))
    lines = ["| images | count | right kind | finding | named where labelled | named where not labelled |", "|---|---|---|---|---|---|"]
    for (kind, source), members in sorted(groups.items()):
        members = members[::max(1, len(members) // 600)]
        texts = [greedy(decode, encode(to_input(image))) for image, _ in members]
        right = sum(words.join(words.KINDS[kind].split()) in t for t in texts)
        for name in words.CHEST if kind == "chest" else words.HEAD:
            said = np.array([name in words.found_in(t) for t in texts])
            truth = np.array([name in present for _, present in members])
            lines.append(f"| {kind}, {source} | {len(members)} | {evaluate.share(right, len(members))} | {name} "
                         f"| {evaluate.share(said[truth].sum(), truth.sum())} | {evaluate.share(said[~truth].sum(), (~truth).sum())} |")
    return lines


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command not in ("fit", "bundle"):
        raise SystemExit("usage: reference.py fit | bundle")
    train() if command == "fit" else write()
