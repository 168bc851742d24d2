"""Remembers the addresses of uploads that were interrupted, so that the next call goes on with them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Optional


class Unfinished:
    """The upload of one file to one server. A file that has changed since is another one."""

    def __init__(self, url: str, path: Path) -> None:
        stat = path.stat()
        parts = (url, str(path.resolve()), str(stat.st_size), str(stat.st_mtime_ns))
        self._file = _cache() / hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def read(self) -> Optional[str]:
        try:
            return self._file.read_text() or None
        except OSError:
            return None

    def write(self, address: str) -> None:
        """Without it the next call starts anew, so a home that cannot be written to is no error."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file.write_text(address)
        except OSError:
            pass

    def forget(self) -> None:
        try:
            self._file.unlink()
        except OSError:
            pass


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "strata-train", "uploads")
