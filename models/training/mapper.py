"""The network of the 0.2 bundles: a residual trunk whose last map gives places, features and logits in one run.

Outputs: `logits` [n, findings], `maps` [n, findings, rows, columns], `features` [n, 96].
A finding's map is linear in the last feature map, and its logit a soft maximum over its map, so that the map
shows what the logit was made of and nothing else.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

import nets

FEATURES = 96


class Mapper(nn.Module):
    """[n,1,rows,columns] -> logits, maps, features. `depths` and `widths` are those of the stages after the stem.

    `mirrored`: the trunk's map is compared with its own mirror image before the last layer, for organs that are alike left and right.
    `fine`: the last stage does not halve the map once more. `sharpness`: where the soft maximum begins; high is nearer the maximum, low the mean.
    """

    def __init__(self, findings, widths=(24, 48, 96, 176), depths=(1, 2, 3), drop=0.25, mirrored=False, fine=False, sharpness=0.0):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, widths[0], 5, 2, 2, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU())
        blocks = []
        strides = (2, 2, 1 if fine else 2)
        for before, width, depth, stride in zip(widths, widths[1:], depths, strides):
            blocks += [nets.Block(before, width, stride)] + [nets.Block(width, width, 1) for _ in range(depth - 1)]
        self.blocks = nn.Sequential(*blocks)
        self.mirrored = mirrored
        last = widths[-1] * (2 if mirrored else 1)
        self.narrow = nn.Sequential(nn.Conv2d(last, FEATURES, 1, bias=False), nn.BatchNorm2d(FEATURES), nn.ReLU())
        self.drop = nn.Dropout2d(drop)
        self.head = nn.Conv2d(FEATURES, findings, 1)
        self.sharpness = nn.Parameter(torch.full((findings,), sharpness))

    def trunk(self, image):
        """The last feature map. The image is first brought to mean 0 and deviation 1 by itself, so that window and exposure matter less."""
        centred = image - image.mean(dim=(2, 3), keepdim=True)
        spread = torch.sqrt((centred * centred).mean(dim=(2, 3), keepdim=True) + 1e-4)
        return self.blocks(self.stem(centred / spread))

    def read(self, last):
        """Logits, maps and features of the last feature map."""
        if self.mirrored:
            last = torch.cat([last, torch.abs(last - torch.flip(last, (3,)))], dim=1)
        last = self.narrow(last)
        features = last.mean(dim=(2, 3))
        maps = self.head(self.drop(last)).float()
        sharp = F.softplus(self.sharpness)[None, :, None, None]
        cells = maps[0, 0].numel()
        logits = (torch.logsumexp(sharp * maps, dim=(2, 3), keepdim=True) - math.log(cells)) / sharp
        return logits[:, :, 0, 0], maps, features.float()

    def forward(self, image):
        return self.read(self.trunk(image))
