"""The functions of two public repositories under their names: chenyaofo/pytorch-cifar-models and xternalz/WideResNet-pytorch."""

import torch.nn.functional as F
from torch import nn


def conv(inputs, outputs, stride=1, size=3):
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)


class Basic(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs), nn.BatchNorm2d(outputs)
        changes = stride != 1 or inputs != outputs
        self.downsample = nn.Sequential(conv(inputs, outputs, stride, 1), nn.BatchNorm2d(outputs)) if changes else None

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class PreActivation(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, outputs, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), conv(outputs, outputs)
        self.convShortcut = None if inputs == outputs else conv(inputs, outputs, stride, 1)

    def forward(self, x):
        active = F.relu(self.bn1(x))
        y = self.conv2(F.relu(self.bn2(self.conv1(active))))
        return y + (x if self.convShortcut is None else self.convShortcut(active))


class Group(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.layer = blocks

    def forward(self, x):
        return self.layer(x)


def groups(block, count, width):
    inputs = 16
    for group in range(3):
        outputs = width * 2**group
        blocks = []
        for index in range(count):
            blocks.append(block(inputs, outputs, 2 if group > 0 and index == 0 else 1))
            inputs = outputs
        yield nn.Sequential(*blocks)


class CifarResNet(nn.Module):
    def __init__(self, count, num_classes):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 16), nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = groups(Basic, count, 16)
        self.fc = nn.Linear(64, num_classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


class WideResNet(nn.Module):
    def __init__(self, depth, num_classes, widen_factor=1):
        super().__init__()
        self.conv1 = conv(3, 16)
        self.block1, self.block2, self.block3 = map(Group, groups(PreActivation, (depth - 4) // 6, 16 * widen_factor))
        self.bn1, self.fc = nn.BatchNorm2d(64 * widen_factor), nn.Linear(64 * widen_factor, num_classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.block3(self.block2(self.block1(self.conv1(x))))))
        return self.fc(F.avg_pool2d(x, 8).flatten(1))


def cifar10_resnet20(num_classes=10):
    return CifarResNet(3, num_classes)


def load_from_hub(repository, name, **options):
    """What `torch.hub.load` would download."""
    assert repository == "chenyaofo/pytorch-cifar-models"
    return globals()[name](**options)
