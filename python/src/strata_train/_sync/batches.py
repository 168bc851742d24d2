# Generated from ../_async/batches.py by `npm run generate`. Do not edit.
"""Batch predictions: the answers of a model for all images of a dataset or of an archive."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Union, cast

from .. import schemas
from .connection import Connection, quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack

_LOOK_S = 1.0


class Batches:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(
        self, *, wait: bool = True, **request: "Unpack[schemas.BatchPredictionRequest]"
    ) -> schemas.BatchPrediction:
        """Predicts all images of a dataset or of an upload; with ``wait``, the answer comes once it has ended."""
        answer = cast(
            schemas.BatchPrediction, self._connection.json("POST", "/batch-predictions", json=request)
        )
        while wait and answer["finished_at"] is None:
            time.sleep(_LOOK_S)
            answer = self.get(answer["id"])
        return answer

    def get(self, batch_id: str) -> schemas.BatchPrediction:
        return cast(schemas.BatchPrediction, self._connection.get(f"/batch-predictions/{quoted(batch_id)}"))

    def list(self, **query: "Unpack[schemas.ListBatchPredictionsQuery]") -> schemas.BatchPredictionList:
        return cast(schemas.BatchPredictionList, self._connection.get("/batch-predictions", {**query}))

    def download(self, batch_id: str, path: Union[str, Path], *, errors: bool = False) -> Path:
        """Writes the result to a file; with ``errors``, only the images that could not be read."""
        file = "errors" if errors else "result"
        with self._connection.stream("GET", f"/batch-predictions/{quoted(batch_id)}/{file}") as response:
            with Path(path).open("wb") as opened:
                for chunk in response.iter_bytes():
                    opened.write(chunk)
        return Path(path)

    def cancel(self, batch_id: str) -> schemas.BatchPrediction:
        answer = self._connection.json("POST", f"/batch-predictions/{quoted(batch_id)}/cancel")
        return cast(schemas.BatchPrediction, answer)

    def delete(self, batch_id: str) -> None:
        self._connection.json("DELETE", f"/batch-predictions/{quoted(batch_id)}")
