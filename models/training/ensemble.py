"""The networks of several folds as one file: the mean of their calibrated logits and maps; features are the first one's alone.

Each keeps its large weights in 8 bits a channel (`pair`), and the first layers, which no training changes, run once.
A network's own line (slope, intercept of each finding) is part of the file, because networks of different folds speak at different loudness.
"""

import pathlib

import numpy as np
import torch
from torch import nn

import bundle
import lite
import pair


class Ensemble(nn.Module):
    """[n,1,rows,columns] -> logits, maps, features, as `lite.Lite` gives them. `lines`: [members, findings, 2]."""

    def __init__(self, members, lines):
        super().__init__()
        self.members = nn.ModuleList(members)
        lines = torch.as_tensor(np.asarray(lines), dtype=torch.float32)
        self.register_buffer("slope", lines[..., 0])
        self.register_buffer("intercept", lines[..., 1])
        for other in list(self.members)[1:]:
            other.stem = nn.Identity()
            for place in range(lite.HELD):
                other.near[place] = nn.Identity()

    def forward(self, image):
        edges = self.members[0].edges(image)
        logits, maps, features = 0.0, 0.0, None
        for at, member in enumerate(self.members):
            own_logits, own_maps, own_features = member.beyond(edges)
            slope, intercept = self.slope[at][None], self.intercept[at][None]
            logits = logits + (slope * own_logits + intercept) / len(self.members)
            maps = maps + (slope[..., None, None] * own_maps + intercept[..., None, None]) / len(self.members)
            features = own_features if features is None else features
        return logits, maps, features


def same_edges(members):
    """Whether the parts that run once are the same in all: networks begun from the same weights hold them still."""
    first = [weight for part in (members[0].stem, members[0].near[:lite.HELD]) for weight in part.parameters()]
    return all(torch.equal(a, b) for other in members[1:]
               for a, b in zip(first, [w for part in (other.stem, other.near[:lite.HELD]) for w in part.parameters()], strict=True))


def build(members, lines):
    """An ensemble of compact networks, each rounded to whole steps."""
    if not same_edges(members):
        raise SystemExit("the networks' first layers differ: they cannot be shared")
    return Ensemble([pair.rounded(member) for member in members], lines).eval()


def write(net, path, side):
    """The ONNX file of an ensemble: weights in 8 bits; returns the largest difference from the network on noise."""
    outputs = ["logits", "maps", "features"]
    bundle.export(net, torch.zeros(1, 1, side, side), pathlib.Path(path), ["image"], outputs, {name: {0: "n"} for name in ["image", *outputs]})
    for at, member in enumerate(net.members):
        pair.store_in_bytes(path, member, f"members.{at}.")
    image = torch.from_numpy(np.random.default_rng(3).normal(0, 1, (4, 1, side, side)).astype(np.float32))
    with torch.no_grad():
        return bundle.close(net(image)[0].numpy(), bundle.session(path).run(None, {"image": image.numpy()})[0], "noise")
