"""Two networks as one file: the mean of their logits and maps; features, for the gate, are the first one's alone.

The second keeps its large weights in 8 bits a channel, so that both fit into the size of a bundle; both calculate with 32.
"""

import pathlib

import onnx
import torch
from onnx import numpy_helper
from torch import nn

import lite

LEVELS = 127


class Pair(nn.Module):
    """[n,1,rows,columns] -> logits, maps, features, as `lite.Lite` gives them.

    The first layers, which no training changes, run once: those of the second network are dropped.
    """

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = first, second
        second.stem = nn.Identity()
        for place in range(lite.HELD):
            second.near[place] = nn.Identity()

    def forward(self, image):
        edges = self.first.edges(image)
        logits, maps, features = self.first.beyond(edges)
        other_logits, other_maps, _ = self.second.beyond(edges)
        return (logits + other_logits) * 0.5, (maps + other_maps) * 0.5, features


def is_large(weight):
    """Whether 8 bits are stored of a weight: of matrices and kernels, whose channels have a step each."""
    return weight.dim() > 1 and weight.numel() >= lite.STORED_IN_HALF


def steps_of(weight):
    """The step of each output channel [channels, 1, ...]: its largest weight is 127 of them.

    A step has 8 significant bits, so that 127 of it are exact and a rounded weight gives the same step again.
    """
    largest = weight.abs().amax(dim=tuple(range(1, weight.dim())), keepdim=True)
    step = (largest / LEVELS).bfloat16().float()
    return torch.where(step > 0, step, torch.ones_like(step))


@torch.no_grad()
def rounded(net):
    """The same compact network with every large weight a whole number of steps, so that `store_in_bytes` loses nothing."""
    for weight in net.parameters():
        if is_large(weight):
            step = steps_of(weight)
            weight.copy_(torch.round(weight / step) * step)
    return net


def store_in_bytes(path, net, prefix):
    """Rewrites an exported file: the large weights of `net`, named with `prefix` there, become int8 and a step for each channel."""
    path = pathlib.Path(path)
    model = onnx.load(str(path))
    graph, nodes = model.graph, []
    large = {prefix + name: weight.detach() for name, weight in net.named_parameters() if is_large(weight)}
    for tensor in list(graph.initializer):
        weight = large.pop(tensor.name, None)
        if weight is None:
            continue
        step = steps_of(weight)
        whole = torch.round(weight / step)
        if not torch.equal(whole * step, weight):
            raise SystemExit(f"{tensor.name} is not in whole steps: round the network before it is exported")
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(whole.to(torch.int8).numpy(), f"{name}.whole"))
        graph.initializer.append(numpy_helper.from_array(step.numpy(), f"{name}.step"))
        nodes += [onnx.helper.make_node("Cast", [f"{name}.whole"], [f"{name}.cast"], to=onnx.TensorProto.FLOAT),
                  onnx.helper.make_node("Mul", [f"{name}.cast", f"{name}.step"], [name])]
    if large:
        raise SystemExit(f"not in the exported file: {', '.join(sorted(large))}")
    for node in reversed(nodes):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
