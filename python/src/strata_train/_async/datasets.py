"""Datasets, and uploads that resume."""

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Optional, cast

from .._files import PathLike, pack, sha256_of
from .._progress import Bar, Progress
from .._retry import ATTEMPTS, backoff_s, is_passing, wait_s
from .._unfinished import Unfinished
from ..errors import StrataError
from ..schemas import Dataset, DatasetClassOrder, DatasetFormat, DatasetImage, DatasetLayout
from .connection import AsyncConnection, quoted

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


class AsyncDatasets:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self) -> "list[Dataset]":
        return cast("list[Dataset]", (await self._connection.get("/datasets"))["data"])

    async def get(self, name_or_id: str) -> Dataset:
        return cast(Dataset, await self._connection.get(f"/datasets/{quoted(name_or_id)}"))

    async def delete(self, name_or_id: str) -> None:
        await self._connection.json("DELETE", f"/datasets/{quoted(name_or_id)}")

    async def upload(
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
            dataset = await self._make(source, label, progress, options)
        else:
            with tempfile.TemporaryDirectory() as folder:
                archive = Path(folder, f"{source.name}.zip")
                pack(source, archive)
                dataset = await self._make(archive, label, progress, options)
        return await self.wait(dataset["id"]) if wait else dataset

    async def send(self, path: PathLike, *, progress: Progress = True) -> str:
        """Sends an archive, or a folder of images, which it packs first. Returns the id of the upload.

        It is for ``input={"upload": ...}`` of a batch prediction. ``upload`` makes a dataset.
        """
        source = Path(path)
        if not source.is_dir():
            address = await self._send(source, Unfinished(self._connection.url, source), progress)
        else:
            with tempfile.TemporaryDirectory() as folder:
                archive = Path(folder, f"{source.name}.zip")
                pack(source, archive)
                address = await self._send(archive, Unfinished(self._connection.url, archive), progress)
        return address.rsplit("/", 1)[-1]

    async def wait(self, name_or_id: str) -> Dataset:
        """Waits until a dataset is ready. Raises StrataError with its first problem if it has failed."""
        looks = 0
        while True:
            dataset = await self.get(name_or_id)
            if dataset["state"] == "failed":
                raise _failure(dataset)
            if dataset["state"] != "validating":
                return dataset
            await asyncio.sleep(min(_LONGEST_LOOK_S, backoff_s(looks)))
            looks += 1

    async def _make(self, archive: Path, name: str, progress: Progress, options: Any) -> Dataset:
        sha256 = sha256_of(archive)
        unfinished = Unfinished(self._connection.url, archive)
        address = await self._send(archive, unfinished, progress)
        body = {**(options or {}), "name": name, "upload": address.rsplit("/", 1)[-1], "sha256": sha256}
        dataset = await self._connection.json("POST", "/datasets", json=body)
        # A refused name keeps the upload: the next call sends nothing but another name.
        unfinished.forget()
        return cast(Dataset, dataset)

    async def _send(self, archive: Path, unfinished: Unfinished, progress: Progress) -> str:
        """Sends what the server does not have. Returns the address of the complete upload."""
        size = archive.stat().st_size
        address = unfinished.read()
        offset = None if address is None else await self._offset(address)
        if address is None or offset is None:
            address, offset = await self._begin(size), 0
            unfinished.write(address)
        bar = Bar(progress, size, archive.name)
        try:
            bar.at(offset)
            with archive.open("rb") as file:
                await self._pieces(address, file, offset, size, bar)
        finally:
            bar.close()
        return address

    async def _pieces(self, address: str, file: BinaryIO, offset: int, size: int, bar: Bar) -> None:
        failures = 0
        while offset < size:
            try:
                offset = await self._piece(address, file, offset)
                failures = 0
            except StrataError as error:
                failures += 1
                # 409: a piece whose answer was lost has arrived after all.
                if failures >= ATTEMPTS or not (is_passing(error) or error.status == 409):
                    raise
                await asyncio.sleep(wait_s(error, failures))
                offset = await self._offset(address) or 0
            bar.at(offset)

    async def _begin(self, size: int) -> str:
        response = await self._connection.send("POST", "/uploads", headers={**_TUS, "upload-length": str(size)})
        return str(response.headers["location"])

    async def _piece(self, address: str, file: BinaryIO, offset: int) -> int:
        file.seek(offset)
        headers = {**_TUS, "upload-offset": str(offset), "content-type": "application/offset+octet-stream"}
        response = await self._connection.send("PATCH", address, headers=headers, content=file.read(_PIECE))
        return int(response.headers["upload-offset"])

    async def _offset(self, address: str) -> Optional[int]:
        """How many bytes the server has; None if it has forgotten the upload."""
        for attempt in range(ATTEMPTS):
            try:
                response = await self._connection.send("HEAD", address, headers=_TUS)
                return int(response.headers["upload-offset"])
            except StrataError as error:
                if error.status in (404, 410):
                    return None
                if attempt + 1 >= ATTEMPTS or not is_passing(error):
                    raise
                await asyncio.sleep(wait_s(error, attempt))
        return None


def _failure(dataset: Dataset) -> StrataError:
    problem = dataset["problems"][0] if dataset["problems"] else None
    detail = problem["message"] if problem else "The dataset has failed."
    return StrataError(problem["code"] if problem else "unknown", f"{dataset['name']}: {detail}")
