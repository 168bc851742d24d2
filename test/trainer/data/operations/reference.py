"""Applies torchvision's operations: a JSON list of {operation, value, shape, pixels} in, a list of pixels out, both in base64."""

import base64
import json
import math
import sys

import torch
from torchvision.transforms.v2 import functional as F


def shear(image, horizontal, vertical):
    degrees = [math.degrees(math.atan(slope)) for slope in (horizontal, vertical)]
    return F.affine(image, angle=0.0, translate=[0, 0], scale=1.0, shear=degrees, center=[0, 0])


def translate(image, right, down):
    return F.affine(image, angle=0.0, translate=[right, down], scale=1.0, shear=[0.0, 0.0])


OPERATIONS = {
    "brightness": F.adjust_brightness,
    "contrast": F.adjust_contrast,
    "saturation": F.adjust_saturation,
    "hue": F.adjust_hue,
    "sharpness": F.adjust_sharpness,
    "posterize": F.posterize,
    "solarize": F.solarize,
    "autoContrast": lambda image, _: F.autocontrast(image),
    "equalize": lambda image, _: F.equalize(image),
    "rotate": F.rotate,
    "shearX": lambda image, slope: shear(image, slope, 0.0),
    "shearY": lambda image, slope: shear(image, 0.0, slope),
    "translateX": lambda image, pixels: translate(image, pixels, 0),
    "translateY": lambda image, pixels: translate(image, 0, pixels),
    "flipVertically": lambda image, _: F.vertical_flip(image),
}


def apply(case):
    pixels = torch.frombuffer(bytearray(base64.b64decode(case["pixels"])), dtype=torch.uint8)
    image = pixels.reshape(case["shape"]).permute(2, 0, 1).contiguous()
    changed = OPERATIONS[case["operation"]](image, case["value"])
    return base64.b64encode(changed.permute(1, 2, 0).contiguous().numpy().tobytes()).decode()


print(json.dumps([apply(case) for case in json.load(sys.stdin)], indent=0))
