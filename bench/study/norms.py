"""Back-propagation in the setting of the study with other norms or mean weights, for bench/study/norms.ts.

Usage: norms.py images.npz way seed epochs. `way`: group or ema, whose last weights are the plain way. Prints one JSON object. The test images are not
read: accuracies are of 5,000 training images that are held out, the same for every seed.
"""

import copy
import json
import math
import struct
import sys
import zipfile

import torch
from torch import nn
from torch.nn import functional

WIDTH, BLOCKS, BATCH, TRAIN, HELD_OUT, EMA = 8, 4, 100, 20_000, 5_000, 0.995
GROUP_CHANNELS = 4

path, way, seed, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(1)
torch.manual_seed(seed)


def array(name):
    with zipfile.ZipFile(path) as archive:
        data = archive.read(name + ".npy")
    (header,) = struct.unpack("<H", data[8:10])
    return torch.frombuffer(bytearray(data[10 + header :]), dtype=torch.uint8)


def norm(channels):
    return nn.GroupNorm(channels // GROUP_CHANNELS, channels) if way == "group" else nn.BatchNorm2d(channels)


def convolution(before, after, stride, side=3):
    made = nn.Conv2d(before, after, side, stride, side // 2, bias=False)
    nn.init.kaiming_normal_(made.weight, mode="fan_out")
    return made


class Block(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.body = nn.Sequential(
            convolution(before, after, stride),
            norm(after),
            nn.ReLU(),
            convolution(after, after, 1),
            norm(after),
        )
        same = before == after
        self.shortcut = nn.Identity() if same else nn.Sequential(convolution(before, after, stride, 1), norm(after))

    def forward(self, x):
        return functional.relu(self.body(x) + self.shortcut(x))


def network():
    layers, channels = [convolution(3, WIDTH, 1), norm(WIDTH), nn.ReLU()], WIDTH
    for group in range(3):
        for block in range(BLOCKS):
            after = WIDTH * 2**group
            layers.append(Block(channels, after, 2 if group and not block else 1))
            channels = after
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


pixels = array("x_train").view(-1, 16, 16, 3).permute(0, 3, 1, 2).float() / 255
labels = array("y_train").long()
# The archive has one class after the other.
order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
pixels, labels = pixels[order], labels[order]
mean, deviation = pixels[:TRAIN].mean((0, 2, 3), keepdim=True), pixels[:TRAIN].std((0, 2, 3), keepdim=True)
pixels = (pixels - mean) / deviation
model = network().to(memory_format=torch.channels_last)
averaged = copy.deepcopy(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
total, step = epochs * TRAIN // BATCH, 0


def augmented(batch):
    """Mirrored, and moved by up to two pixels, each image by itself."""
    count = len(batch)
    padded = functional.pad(batch, (2, 2, 2, 2))
    rows, columns = torch.randint(0, 5, (count, 1)), torch.randint(0, 5, (count, 1))
    down, right = rows + torch.arange(16), columns + torch.arange(16)
    right = torch.where(torch.rand(count, 1) < 0.5, right.flip(1), right)
    images = torch.arange(count)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[images, down[:, :, None], right[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def accuracy(of):
    of.eval()
    with torch.no_grad():
        found = torch.cat([of(part).argmax(1) for part in pixels[-HELD_OUT:].split(500)])
    return (found == labels[-HELD_OUT:]).float().mean().item()


model.train()
for _ in range(epochs):
    for chosen in torch.randperm(TRAIN).split(BATCH):
        for group in optimizer.param_groups:
            group["lr"] = 0.05 * (1 + math.cos(math.pi * step / total))
        optimizer.zero_grad()
        functional.cross_entropy(model(augmented(pixels[chosen])), labels[chosen]).backward()
        optimizer.step()
        step += 1
        if way == "ema":
            with torch.no_grad():
                for kept, new in zip(averaged.state_dict().values(), model.state_dict().values(), strict=True):
                    # Counts of batches are integers.
                    kept.copy_(EMA * kept + (1 - EMA) * new if kept.is_floating_point() else new)
print(json.dumps({"way": way, "seed": seed, "epochs": epochs, "last": accuracy(model),
                  "mean": accuracy(averaged) if way == "ema" else None}))
