"""Tests of several networks as one file."""

import copy
import pathlib
import tempfile
import unittest

import numpy as np
import torch

import bundle
import ensemble
import lite


def members(count, findings=3):
    """Compact networks that share their first layers and differ beyond."""
    torch.manual_seed(1)
    first = lite.compact(lite.Lite(findings))
    out = [first]
    for _ in range(count - 1):
        other = copy.deepcopy(first)
        with torch.no_grad():
            for part in (other.near[lite.HELD:], other.far, other.narrow_near, other.narrow_far, other.head):
                for weight in part.parameters():
                    weight.add_(0.05 * weight.std() * torch.randn_like(weight))
        out.append(lite.compact(other))
    return out


class Files(unittest.TestCase):
    """What the file calculates."""

    def test_the_file_gives_the_mean_of_the_calibrated_logits(self):
        nets = members(3)
        lines = np.array([[[1.0, 0.0]] * 3, [[2.0, -1.0]] * 3, [[0.5, 0.25]] * 3])
        image = torch.randn(2, 1, 64, 64)
        with tempfile.TemporaryDirectory() as folder:
            net = ensemble.build(copy.deepcopy(nets), lines)
            path = pathlib.Path(folder) / "model.onnx"
            self.assertLess(ensemble.write(net, path, 64), bundle.TOLERANCE)
            found = bundle.session(path).run(None, {"image": image.numpy()})
        with torch.no_grad():
            apart = [net(image)[0].numpy() for net in nets]
        wanted = np.mean([apart[k] * lines[k][:, 0] + lines[k][:, 1] for k in range(3)], axis=0)
        self.assertLess(np.abs(found[0] - wanted).max(), 0.05)  # eight bits a weight
        self.assertEqual((found[1].shape, found[2].shape), ((2, 3, 4, 4), (2, lite.FEATURES)))

    def test_networks_with_other_first_layers_are_refused(self):
        nets = members(2)
        with torch.no_grad():
            nets[1].stem.conv.weight.add_(0.1)
        with self.assertRaises(SystemExit):
            ensemble.build(nets, np.ones((2, 3, 2)))


if __name__ == "__main__":
    unittest.main()
