"""Batch predictions: the answers of a model for all images of a dataset or of an archive."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Union, cast

from .. import schemas
from .connection import AsyncConnection, quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack

_LOOK_S = 1.0


class AsyncBatches:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(
        self, *, wait: bool = True, **request: "Unpack[schemas.BatchPredictionRequest]"
    ) -> schemas.BatchPrediction:
        """Predicts all images of a dataset or of an upload; with ``wait``, the answer comes once it has ended."""
        answer = cast(
            schemas.BatchPrediction, await self._connection.json("POST", "/batch-predictions", json=request)
        )
        while wait and answer["finished_at"] is None:
            await asyncio.sleep(_LOOK_S)
            answer = await self.get(answer["id"])
        return answer

    async def get(self, batch_id: str) -> schemas.BatchPrediction:
        return cast(schemas.BatchPrediction, await self._connection.get(f"/batch-predictions/{quoted(batch_id)}"))

    async def list(self, **query: "Unpack[schemas.ListBatchPredictionsQuery]") -> schemas.BatchPredictionList:
        return cast(schemas.BatchPredictionList, await self._connection.get("/batch-predictions", {**query}))

    async def download(self, batch_id: str, path: Union[str, Path], *, errors: bool = False) -> Path:
        """Writes the result to a file; with ``errors``, only the images that could not be read."""
        file = "errors" if errors else "result"
        async with self._connection.stream("GET", f"/batch-predictions/{quoted(batch_id)}/{file}") as response:
            with Path(path).open("wb") as opened:
                async for chunk in response.aiter_bytes():
                    opened.write(chunk)
        return Path(path)

    async def cancel(self, batch_id: str) -> schemas.BatchPrediction:
        answer = await self._connection.json("POST", f"/batch-predictions/{quoted(batch_id)}/cancel")
        return cast(schemas.BatchPrediction, answer)

    async def delete(self, batch_id: str) -> None:
        await self._connection.json("DELETE", f"/batch-predictions/{quoted(batch_id)}")
