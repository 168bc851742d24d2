# Generated from ../_async/datasets.py by `npm run generate`. Do not edit.
"""Datasets, and uploads that resume."""

import time
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Optional, cast

from .._files import PathLike, pack, sha256_of
from .._progress import Bar, Progress
from .._retry import ATTEMPTS, backoff_s, is_passing, wait_s
from .._unfinished import Unfinished
from ..errors import StrataError
from ..schemas import Dataset, DatasetClassOrder, DatasetFormat, DatasetImage, DatasetLayout
from .connection import Connection, quoted

if TYPE_CHECKING:
    from typing_extensions import TypedDict

    class UploadOptions(TypedDict, total=False):
        format: DatasetFormat
        test_share: Optional[float]
        image: DatasetImage
        layout: DatasetLayout
        root: Optional[str]
        class_order: DatasetClassOrder


_PIECE = 8 * 1024 * 1024
_TUS = {"tus-resumable": "1.0.0"}
_LONGEST_LOOK_S = 2.0


class Datasets:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> "list[Dataset]":
        return cast("list[Dataset]", (self._connection.get("/datasets"))["data"])

    def get(self, name_or_id: str) -> Dataset:
        return cast(Dataset, self._connection.get(f"/datasets/{quoted(name_or_id)}"))

    def delete(self, name_or_id: str) -> None:
        self._connection.json("DELETE", f"/datasets/{quoted(name_or_id)}")

    def upload(
        self,
        path: PathLike,
        name: Optional[str] = None,
        *,
        wait: bool = True,
        progress: Progress = True,
        options: "Optional[UploadOptions]" = None,
    ) -> Dataset:
        """Makes a dataset of an archive, or of a folder of images, which it packs first.

        The archive goes in pieces. After a broken connection it goes on where it was, and so does the next call after an
        interrupted one. With ``wait`` it returns the dataset once it is ready, and raises StrataError if it has failed.
        """
        source = Path(path)
        label = name or source.name.split(".")[0]
        if not source.is_dir():
            dataset = self._make(source, label, progress, options)
        else:
            with tempfile.TemporaryDirectory() as folder:
                archive = Path(folder, f"{source.name}.zip")
                pack(source, archive)
                dataset = self._make(archive, label, progress, options)
        return self.wait(dataset["id"]) if wait else dataset

    def send(self, path: PathLike, *, progress: Progress = True) -> str:
        """Sends an archive, or a folder of images, which it packs first. Returns the id of the upload.

        It is for ``input={"upload": ...}`` of a batch prediction. ``upload`` makes a dataset.
        """
        source = Path(path)
        if not source.is_dir():
            address = self._send(source, Unfinished(self._connection.url, source), progress)
        else:
            with tempfile.TemporaryDirectory() as folder:
                archive = Path(folder, f"{source.name}.zip")
                pack(source, archive)
                address = self._send(archive, Unfinished(self._connection.url, archive), progress)
        return address.rsplit("/", 1)[-1]

    def wait(self, name_or_id: str) -> Dataset:
        """Waits until a dataset is ready. Raises StrataError with its first problem if it has failed."""
        looks = 0
        while True:
            dataset = self.get(name_or_id)
            if dataset["state"] == "failed":
                raise _failure(dataset)
            if dataset["state"] != "validating":
                return dataset
            time.sleep(min(_LONGEST_LOOK_S, backoff_s(looks)))
            looks += 1

    def _make(self, archive: Path, name: str, progress: Progress, options: Any) -> Dataset:
        sha256 = sha256_of(archive)
        unfinished = Unfinished(self._connection.url, archive)
        address = self._send(archive, unfinished, progress)
        body = {**(options or {}), "name": name, "upload": address.rsplit("/", 1)[-1], "sha256": sha256}
        dataset = self._connection.json("POST", "/datasets", json=body)
        # A refused name keeps the upload: the next call sends nothing but another name.
        unfinished.forget()
        return cast(Dataset, dataset)

    def _send(self, archive: Path, unfinished: Unfinished, progress: Progress) -> str:
        """Sends what the server does not have. Returns the address of the complete upload."""
        size = archive.stat().st_size
        address = unfinished.read()
        offset = None if address is None else self._offset(address)
        if address is None or offset is None:
            address, offset = self._begin(size), 0
            unfinished.write(address)
        bar = Bar(progress, size, archive.name)
        try:
            bar.at(offset)
            with archive.open("rb") as file:
                self._pieces(address, file, offset, size, bar)
        finally:
            bar.close()
        return address

    def _pieces(self, address: str, file: BinaryIO, offset: int, size: int, bar: Bar) -> None:
        failures = 0
        while offset < size:
            try:
                offset = self._piece(address, file, offset)
                failures = 0
            except StrataError as error:
                failures += 1
                # 409: a piece whose answer was lost has arrived after all.
                if failures >= ATTEMPTS or not (is_passing(error) or error.status == 409):
                    raise
                time.sleep(wait_s(error, failures))
                offset = self._offset(address) or 0
            bar.at(offset)

    def _begin(self, size: int) -> str:
        response = self._connection.send("POST", "/uploads", headers={**_TUS, "upload-length": str(size)})
        return str(response.headers["location"])

    def _piece(self, address: str, file: BinaryIO, offset: int) -> int:
        file.seek(offset)
        headers = {**_TUS, "upload-offset": str(offset), "content-type": "application/offset+octet-stream"}
        response = self._connection.send("PATCH", address, headers=headers, content=file.read(_PIECE))
        return int(response.headers["upload-offset"])

    def _offset(self, address: str) -> Optional[int]:
        """How many bytes the server has; None if it has forgotten the upload."""
        for attempt in range(ATTEMPTS):
            try:
                response = self._connection.send("HEAD", address, headers=_TUS)
                return int(response.headers["upload-offset"])
            except StrataError as error:
                if error.status in (404, 410):
                    return None
                if attempt + 1 >= ATTEMPTS or not is_passing(error):
                    raise
                time.sleep(wait_s(error, attempt))
        return None


def _failure(dataset: Dataset) -> StrataError:
    problem = dataset["problems"][0] if dataset["problems"] else None
    detail = problem["message"] if problem else "The dataset has failed."
    return StrataError(problem["code"] if problem else "unknown", f"{dataset['name']}: {detail}")
