"""Files that are written: where, and whether they are what they should be."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path, PurePosixPath
from typing import Union

from .errors import StrataError
from .schemas import Artifact

PathLike = Union[str, "os.PathLike[str]"]

_BLOCK = 1024 * 1024


def place_of(artifact: Artifact, folder: PathLike) -> Path:
    """Where an artifact goes in a folder: under its own name, folders and all."""
    name = PurePosixPath(artifact["name"])
    if name.is_absolute() or ".." in name.parts or "\\" in artifact["name"] or ":" in artifact["name"]:
        raise StrataError("unsafe_name", f"{artifact['name']} would be written outside of {folder}.")
    return Path(folder, *name.parts)


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def require_sha256(artifact: Artifact, found: str) -> None:
    if found != artifact["sha256"]:
        raise StrataError(
            "checksum_mismatch",
            f"{artifact['name']}: sha256 is {found}, but should be {artifact['sha256']}. Download it again.",
        )


def pack(folder: Path, archive: Path) -> None:
    """A zip of a folder of images. They are compressed already, so it does not compress them again."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.write(path, path.relative_to(folder).as_posix())
