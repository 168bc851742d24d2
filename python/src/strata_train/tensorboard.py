"""Writes the metrics of a job for TensorBoard while it runs: ``python -m strata_train.tensorboard JOB FOLDER``.

TensorBoard shows them with ``tensorboard --logdir FOLDER``. This module needs neither TensorBoard nor TensorFlow.
"""

from __future__ import annotations

import argparse
import math
import struct
import time
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Optional

from ._files import PathLike
from ._sync.client import Strata
from ._sync.jobs import FINAL, Job
from .errors import StrataError
from .schemas import MetricSeries

_FILE = "events.out.tfevents.strata"


def write_events(job: Job, folder: PathLike, *, every: float = 10.0) -> Path:
    """Writes the points of every series into ``FOLDER/<id of the job>``, and new ones every few seconds until the job ends.

    Names are those of the event file among the artifacts, like ``loss/stage_0``. Of a series that grows by more than about
    1,000 points in between, the extremes are kept. The file is begun anew by each call.
    """
    path = Path(folder, job.id, _FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    ends: dict[str, int] = {}
    with path.open("wb") as file:
        _write(file, _double(1, time.time()) + _bytes(3, b"brain.Event:2"))
        while True:
            # The state is read first: whatever a job in a final state has measured is there.
            is_over = job.refresh().state in FINAL
            for series in job.metrics():
                _write_series(file, series, ends)
            file.flush()
            if is_over:
                return path
            try:
                job.wait(timeout=every)
            except StrataError as error:
                if error.code != "timeout":
                    raise


def _write_series(file: BinaryIO, series: MetricSeries, ends: dict[str, int]) -> None:
    stage = "network" if series["stage"] is None else f"stage_{series['stage']}"
    tag = f"{series['name']}/{stage}"
    for step, value, at in series["points"]:
        if step > ends.get(tag, -1) and math.isfinite(value):
            # Python 3.9 and 3.10 do not read the Z.
            seconds = datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()
            scalar = _bytes(1, tag.encode()) + _key(2, 5) + struct.pack("<f", value)
            # A field that is 0 is left out, as protocol buffers do.
            number = _key(2, 0) + _varint(step) if step > 0 else b""
            _write(file, _double(1, seconds) + number + _bytes(5, _bytes(1, scalar)))
            ends[tag] = step


# An event is a protocol buffer (tensorflow/core/util/event.proto); a file is a list of records: the length, its checksum, the
# event, its checksum (tensorflow/core/lib/io/record_writer.h).


def _write(file: BinaryIO, event: bytes) -> None:
    length = struct.pack("<Q", len(event))
    file.write(length + struct.pack("<I", _masked_crc(length)) + event + struct.pack("<I", _masked_crc(event)))


def _key(field: int, wire: int) -> bytes:
    return bytes([field << 3 | wire])


def _double(field: int, value: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def _crc_row(index: int) -> int:
    for _ in range(8):
        index = index >> 1 ^ (0x82F63B78 if index & 1 else 0)
    return index


_CRC = [_crc_row(index) for index in range(256)]


def _masked_crc(data: bytes) -> int:
    """CRC-32C, rotated and shifted as the format wants it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 255]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def main(arguments: Optional[list[str]] = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m strata_train.tensorboard", description=__doc__)
    parser.add_argument("job", help="id of the job")
    parser.add_argument("folder", help="the --logdir of TensorBoard")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two looks")
    given = parser.parse_args(arguments)
    try:
        print(write_events(Strata().jobs.get(given.job), given.folder, every=given.every))
    except StrataError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
