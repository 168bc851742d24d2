"""Progress of an upload: tqdm where it is installed, or a function of the caller."""

from __future__ import annotations

from typing import Any, Callable, Optional, Union

Progress = Union[bool, Callable[[int, int], None]]
"""True: a bar of tqdm, if it is installed. A function gets the bytes that the server has, and all bytes."""


class Bar:
    def __init__(self, progress: Progress, total: int, name: str) -> None:
        self._total = total
        self._call: Optional[Callable[[int, int], None]] = progress if callable(progress) else None
        self._bar: Any = _tqdm(total, name) if progress is True else None

    def at(self, sent: int) -> None:
        if self._call is not None:
            self._call(sent, self._total)
        if self._bar is not None:
            self._bar.update(sent - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _tqdm(total: int, name: str) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm(total=total, desc=name, unit="B", unit_scale=True)
