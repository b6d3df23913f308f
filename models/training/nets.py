"""The networks: a small residual encoder for grey images, and its classifier head."""

import torch
from torch import nn


class Block(nn.Module):
    """Two 3x3 convolutions beside an identity or strided 1x1 path."""

    def __init__(self, width_in, width, stride):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(width_in, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))
        straight = stride == 1 and width_in == width
        self.beside = nn.Identity() if straight else nn.Sequential(
            nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
            nn.Conv2d(width_in, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        return torch.relu(self.second(self.first(x)) + self.beside(x))


class Trunk(nn.Module):
    """[n,1,rows,columns] float32 -> [n, 2 * last width]: mean and maximum over the last map.

    The image is first brought to mean 0 and deviation 1 by itself, so that window and exposure matter less.
    """

    def __init__(self, widths=(16, 32, 64, 104)):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, widths[0], 5, 2, 2, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU())
        self.blocks = nn.Sequential(*[Block(a, b, 2) for a, b in zip(widths, widths[1:])], Block(widths[-1], widths[-1], 1))
        self.width = 2 * widths[-1]

    def forward(self, image):
        centred = image - image.mean(dim=(2, 3), keepdim=True)
        spread = torch.sqrt((centred * centred).mean(dim=(2, 3), keepdim=True) + 1e-4)
        maps = self.blocks(self.stem(centred / spread))
        return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)


class Classifier(nn.Module):
    """Trunk and one linear layer: [n,1,rows,columns] -> logits [n, outputs]."""

    def __init__(self, outputs, widths=(16, 32, 64, 104), drop=0.2):
        super().__init__()
        self.trunk = Trunk(widths)
        self.drop = nn.Dropout(drop)
        self.head = nn.Linear(self.trunk.width, outputs)

    def forward(self, image):
        return self.head(self.drop(self.trunk(image)))

    def only(self, indices):
        """The same classifier with only the outputs of `indices`, for export."""
        head = nn.Linear(self.trunk.width, len(indices))
        head.weight.data = self.head.weight.data[list(indices)].clone()
        head.bias.data = self.head.bias.data[list(indices)].clone()
        self.head = head
        return self
