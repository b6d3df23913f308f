"""Begin a network from the trunk of `chest-xray` 0.1.0 (`trunk-0.1.0.onnx`), which learned on the same part `fit`.

The exported trunk has its normalisation folded into the convolutions. Here it is unfolded again: each normalisation layer
gets the statistics of its own input over some films, and the scale and shift that undo them, so that training can go on.
The 0.1.0 recipe (commit e040745, `models/training/chest_xray.py`) saw persons of the part `fit` alone; parts are dealt by the same hash.
"""

import pathlib

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

import mapper

TRUNK = pathlib.Path(__file__).resolve().parent / "trunk-0.1.0.onnx"
WIDTHS, DEPTHS = (16, 32, 64, 104), (1, 1, 2)


def layers(net):
    """Convolutions of stem and blocks with their normalisation, in the order of the export: first, second, beside."""
    pairs = [(net.stem[0], net.stem[1])]
    for block in net.blocks:
        pairs += [(block.first[0], block.first[1]), (block.second[0], block.second[1])]
        if not isinstance(block.beside, nn.Identity):
            pairs.append((block.beside[1], block.beside[2]))
    return pairs


def folded():
    """Weights and biases of the exported convolutions, in the graph's order."""
    model = onnx.load(str(TRUNK))
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    return [(values[node.input[1]], values[node.input[2]]) for node in model.graph.node if node.op_type == "Conv"]


@torch.no_grad()
def network(findings, images, mean, std):
    """A mapper with that trunk; `images` uint8 [n, 128, 128] give the statistics of the normalisation layers."""
    net = mapper.Mapper(findings, WIDTHS, DEPTHS)
    tensor = (torch.from_numpy(images.astype(np.float32) / 255.0)[:, None] - mean) / std
    pairs = layers(net)
    for (convolution, normal), (weight, bias) in zip(pairs, folded(), strict=True):
        convolution.weight.copy_(torch.from_numpy(weight.copy()))
        normal.running_mean.zero_()
        normal.running_var.fill_(1.0 - normal.eps)
        normal.weight.fill_(1.0)
        normal.bias.copy_(torch.from_numpy(bias.copy()))
    seen, hooks = {}, []
    for _, normal in pairs:
        hooks.append(normal.register_forward_hook(lambda layer, inputs, _: seen.__setitem__(layer, inputs[0])))
    net.eval()(tensor)
    for hook in hooks:
        hook.remove()
    for _, normal in pairs:
        spread, middle = torch.var_mean(seen[normal], dim=(0, 2, 3), correction=0)
        normal.running_mean.copy_(middle)
        normal.running_var.copy_(spread)
        normal.weight.copy_(torch.sqrt(spread + normal.eps))
        normal.bias.add_(middle)
    return net
