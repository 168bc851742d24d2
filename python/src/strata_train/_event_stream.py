"""Reads a ``text/event-stream`` body, piece by piece."""

from __future__ import annotations

import codecs
import re
from typing import Optional

_RECORD = re.compile(r"\r?\n\r?\n")
_LINE = re.compile(r"\r?\n")


class EventStream:
    """Keeps what has arrived of a message until its end. It ignores ``id``, ``event`` and ``retry``."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""

    def feed(self, chunk: bytes) -> list[str]:
        """The data of the messages that this piece completes."""
        *records, self._text = _RECORD.split(self._text + self._decoder.decode(chunk))
        found = (_data(record) for record in records)
        return [data for data in found if data is not None]


def _data(record: str) -> Optional[str]:
    lines = [line[5:] for line in _LINE.split(record) if line.startswith("data:")]
    return "\n".join(line[1:] if line.startswith(" ") else line for line in lines) if lines else None
