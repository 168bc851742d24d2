"""What a model can be asked about: a file, its bytes, an image of PIL, or an array of NumPy."""

from __future__ import annotations

import base64
import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

from .errors import StrataError


def encoded_images(images: Any) -> list[str]:
    """Each image as the base64 of an image file. ``images`` is one image, or several in a list or tuple."""
    several = list(images) if isinstance(images, (list, tuple)) else [images]
    files = [file for image in several for file in _files(image)]
    return [base64.b64encode(file).decode() for file in files]


def _files(image: Any) -> list[bytes]:
    if isinstance(image, (bytes, bytearray, memoryview)):
        return [bytes(image)]
    if isinstance(image, (str, os.PathLike)):
        return [Path(image).read_bytes()]
    if hasattr(image, "__array_interface__") and hasattr(image, "ndim"):
        return _files_of_array(image)
    if hasattr(image, "save") and hasattr(image, "mode"):
        return [_file_of_pil(image)]
    raise StrataError(
        "invalid_image",
        f"{type(image).__name__} is no image. Pass a path, the bytes of a file, an image of PIL or an array of uint8.",
    )


def _file_of_pil(image: Any) -> bytes:
    buffer = io.BytesIO()
    known = image if image.mode in ("L", "RGB") else image.convert("RGB")
    known.save(buffer, format="PNG")
    return buffer.getvalue()


def _files_of_array(array: Any) -> list[bytes]:
    if array.ndim == 4:
        return [file for image in array for file in _files_of_array(image)]
    channels = 1 if array.ndim == 2 else array.shape[-1]
    if str(array.dtype) != "uint8" or array.ndim not in (2, 3) or channels not in (1, 3) or array.size == 0:
        raise StrataError(
            "invalid_image",
            f"An array of {array.dtype} with the shape {tuple(array.shape)} is no image. Pass uint8 values from 0 to 255"
            " with the shape (height, width), (height, width, 1), (height, width, 3), or with one more axis in front.",
        )
    height, width = array.shape[:2]
    return [png(width, height, channels, array.tobytes())]


def png(width: int, height: int, channels: int, pixels: bytes) -> bytes:
    """A PNG file of uint8 pixels, row by row, with the channels of a pixel next to each other."""
    row = width * channels
    # Each row begins with its filter: 0, none.
    rows = b"".join(b"\0" + pixels[start : start + row] for start in range(0, row * height, row))
    color = 0 if channels == 1 else 2
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(name, data) for name, data in parts)


def _part(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
