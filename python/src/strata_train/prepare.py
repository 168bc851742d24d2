"""A picture as the pixels that an exported network takes, made as the service makes them. Needs ``strata-train[prepare]``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def prepare(image: str | os.PathLike[str] | bytes, model_input: Mapping[str, Any]) -> Any:
    """The pixels of an image file, as an array of uint8 with the shape (height, width, channels).

    ``image`` is a path or the bytes of a file. ``model_input`` is what an export says of its input: ``config["input"]``
    of ``config.json``, or ``input`` in the metadata of the other formats.
    """
    data = bytes(image) if isinstance(image, (bytes, bytearray)) else Path(image).read_bytes()
    height, width, channels = (int(model_input[name]) for name in ("height", "width", "channels"))
    covered = _covered(_opened(data), height, width, float(model_input["crop_share"]))
    picture = _flat(_reduced(data, *covered))
    picture = picture.resize(covered[0] / picture.width, vscale=covered[1] / picture.height, kernel="linear")
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    picture = picture.crop(left, top, width, height)
    pixels = picture.colourspace("b-w" if channels == 1 else "srgb").cast("uchar").numpy()
    return pixels.reshape(height, width, channels)


def _opened(data: bytes, **options: Any) -> Any:
    import pyvips

    return pyvips.Image.new_from_buffer(data, "", **options)


def _covered(image: Any, height: int, width: int, crop_share: float) -> tuple[int, int]:
    """Width and height of the picture when it just covers the input divided by ``crop_share``."""
    scale = max(width / image.width, height / image.height) / crop_share
    return max(width, int(scale * image.width + 0.5)), max(height, int(scale * image.height + 0.5))


def _reduced(data: bytes, width: int, height: int) -> Any:
    """The picture, made smaller while it is decoded where its format can do so, by the rules of sharp."""
    image = _opened(data)
    loader = image.get("vips-loader")
    shrink = min(image.width / width, image.height / height)
    if loader.startswith("webpload") and shrink > 1:
        return _opened(data, scale=1 / shrink)
    if not loader.startswith("jpegload"):
        return image
    factor = next((factor for factor in (8, 4, 2) if shrink >= factor), 1)
    # sharp takes less where libjpeg's rounding of the size would matter.
    if factor > 1 and int(shrink) == factor:
        factor //= 2
    return _opened(data, shrink=factor) if factor > 1 else image


def _flat(image: Any) -> Any:
    """The picture in sRGB, or gray, on black."""
    deep = image.interpretation in ("rgb16", "grey16")
    if image.get_typeof("icc-profile-data"):
        image = image.icc_transform("srgb", embedded=True, depth=16 if deep else 8, intent="perceptual")
    elif image.interpretation == "cmyk":
        image = image.icc_transform("srgb", input_profile="cmyk", intent="perceptual")
    return image.flatten(background=[0]) if image.hasalpha() else image
