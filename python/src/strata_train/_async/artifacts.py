"""The files of a job."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import List, Union, cast

from .._files import PathLike, place_of, require_sha256, sha256_of
from .._retry import ATTEMPTS, is_passing, wait_s
from ..errors import StrataError
from ..schemas import Artifact
from .connection import AsyncConnection, quoted


class AsyncArtifacts:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, artifact_id: str) -> Artifact:
        return cast(Artifact, await self._connection.get(f"/artifacts/{quoted(artifact_id)}"))

    async def list(self, job_id: str) -> List[Artifact]:
        answer = await self._connection.get(f"/jobs/{quoted(job_id)}/artifacts")
        return cast(List[Artifact], answer["data"])

    async def read(self, which: Union[str, Artifact]) -> bytes:
        """The whole artifact, whose sha256 is checked."""
        artifact = await self.get(which) if isinstance(which, str) else which
        response = await self._connection.send("GET", artifact["links"]["content"], follow_redirects=True)
        require_sha256(artifact, hashlib.sha256(response.content).hexdigest())
        return response.content

    async def download(self, which: Union[str, Artifact], folder: PathLike) -> Path:
        """Writes an artifact under its own name, folders and all, and checks its sha256.

        A file that is there already with the same bytes is kept. A connection that breaks goes on where it was, and the file
        appears once it is complete.
        """
        artifact = await self.get(which) if isinstance(which, str) else which
        path = place_of(artifact, folder)
        if path.is_file() and sha256_of(path) == artifact["sha256"]:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            await self._fetch(artifact, part)
            require_sha256(artifact, sha256_of(part))
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return path

    async def download_all(self, job_id: str, folder: PathLike) -> List[Path]:
        """Writes every artifact of a job: a model finds its weights by their path."""
        return [await self.download(artifact, folder) for artifact in await self.list(job_id)]

    async def _fetch(self, artifact: Artifact, part: Path) -> None:
        part.write_bytes(b"")
        failures = 0
        while True:
            had = part.stat().st_size
            try:
                await self._append(artifact, part, had)
                return
            except StrataError as error:
                failures = 1 if part.stat().st_size > had else failures + 1
                if failures >= ATTEMPTS or not is_passing(error):
                    raise
                await asyncio.sleep(wait_s(error, failures))

    async def _append(self, artifact: Artifact, part: Path, had: int) -> None:
        headers = {"range": f"bytes={had}-"} if had > 0 else {}
        options = {"headers": headers, "follow_redirects": True}
        async with self._connection.stream("GET", artifact["links"]["content"], **options) as response:
            # Whoever answers with the whole file instead begins anew.
            with part.open("ab" if response.status_code == 206 else "wb") as file:
                async for chunk in response.aiter_bytes():
                    file.write(chunk)
