"""The networks of the benchmarks in PyTorch, as ours are: builder, batch and side of an image by name."""

from torch import nn
from torch.nn import functional


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


class PreActivationBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), convolution(inputs, outputs, 3, stride)
        self.norm2, self.conv2 = nn.BatchNorm2d(outputs), convolution(outputs, outputs, 3, 1)
        projects = inputs != outputs or stride != 1
        self.shortcut = convolution(inputs, outputs, 1, stride) if projects else None

    def forward(self, x):
        activated = functional.relu(self.norm1(x))
        branch = self.conv2(functional.relu(self.norm2(self.conv1(activated))))
        return branch + (self.shortcut(activated) if self.shortcut else x)


class Head(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.dense = nn.Linear(channels, 10)

    def forward(self, x):
        return self.dense(x.mean((2, 3)))


def chain(block, stem, width, channels, blocks_per_group):
    layers = [*stem]
    for group, outputs in enumerate(channels):
        for index in range(blocks_per_group):
            layers.append(block(width, outputs, 2 if group > 0 and index == 0 else 1))
            width = outputs
    tail = [nn.BatchNorm2d(width), nn.ReLU()] if block is PreActivationBlock else []
    return nn.Sequential(*layers, *tail, Head(width))


def resnet20():
    return chain(Block, [convolution(3, 16, 3, 1), nn.BatchNorm2d(16), nn.ReLU()], 16, (16, 32, 64), 3)


def resnet110():
    return chain(Block, [convolution(3, 16, 3, 1), nn.BatchNorm2d(16), nn.ReLU()], 16, (16, 32, 64), 18)


def wide_resnet(factor=4):
    channels = (16 * factor, 32 * factor, 64 * factor)
    return chain(PreActivationBlock, [convolution(3, 16, 3, 1)], 16, channels, 2)


def wider_resnet():
    return wide_resnet(10)


def resnet18():
    stem = [convolution(3, 64, 7, 2), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    return chain(Block, stem, 64, (64, 128, 256, 512), 2)


# As bench/step/workload.ts has them.
WORKLOADS = {
    "resnet-20": (resnet20, 128, 32),
    "resnet-110": (resnet110, 64, 32),
    "wrn-16-4": (wide_resnet, 64, 32),
    "resnet-18": (resnet18, 32, 64),
    # Of bench/regimes.bench.ts alone: its weights take more memory than its features.
    "wrn-16-10": (wider_resnet, 16, 16),
}
