"""Contender: the same network and step in PyTorch eager, channels_last, one thread. Speaks bench/contender.ts."""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional

torch.set_num_threads(1)
torch.manual_seed(1)


def convolution(inputs, outputs, size, stride):
    return nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.norm1 = convolution(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.norm2 = convolution(outputs, outputs, 3, 1), nn.BatchNorm2d(outputs)
        projects = inputs != outputs or stride != 1
        projection = (convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)) if projects else ()
        self.shortcut = nn.Sequential(*projection)

    def forward(self, x):
        branch = self.norm2(self.conv2(functional.relu(self.norm1(self.conv1(x)))))
        return functional.relu(branch + self.shortcut(x))


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(64, 10)

    def forward(self, x):
        return self.dense(x.mean((2, 3)))


def resnet20():
    layers, width = [convolution(3, 16, 3, 1), nn.BatchNorm2d(16), nn.ReLU()], 16
    for group in range(3):
        for index in range(3):
            outputs = 16 * 2**group
            layers.append(Block(width, outputs, 2 if group > 0 and index == 0 else 1))
            width = outputs
    return nn.Sequential(*layers, Head())


network = resnet20().to(memory_format=torch.channels_last).train()
optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
images = torch.randn(128, 3, 32, 32).to(memory_format=torch.channels_last)
labels = torch.arange(128) % 10

print(json.dumps({"version": f"PyTorch {torch.__version__} eager, channels_last"}), flush=True)
for _ in sys.stdin:
    started = time.perf_counter()
    optimizer.zero_grad()
    loss = functional.cross_entropy(network(images), labels)
    loss.backward()
    optimizer.step()
    value = loss.item()
    print(json.dumps({"ms": (time.perf_counter() - started) * 1000, "loss": value}), flush=True)
