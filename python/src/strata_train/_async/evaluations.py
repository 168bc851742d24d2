"""Evaluations: how good a model is on any images."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from .. import schemas
from .connection import AsyncConnection, quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack

_LOOK_S = 1.0


class AsyncEvaluations:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(self, *, wait: bool = True, **request: "Unpack[schemas.EvaluationRequest]") -> schemas.Evaluation:
        """The evaluation of this question, which may exist already; with ``wait``, once it has ended."""
        answer = cast(schemas.Evaluation, await self._connection.json("POST", "/evaluations", json=request))
        while wait and answer["finished_at"] is None:
            await asyncio.sleep(_LOOK_S)
            answer = await self.get(answer["id"])
        return answer

    async def get(self, evaluation_id: str) -> schemas.Evaluation:
        return cast(schemas.Evaluation, await self._connection.get(f"/evaluations/{quoted(evaluation_id)}"))

    async def list(self, **query: "Unpack[schemas.ListEvaluationsQuery]") -> schemas.EvaluationList:
        return cast(schemas.EvaluationList, await self._connection.get("/evaluations", {**query}))

    async def compare(self, a: str, b: str) -> schemas.EvaluationComparison:
        """Two evaluations on the same images."""
        answer = await self._connection.get("/evaluations/compare", {"a": a, "b": b})
        return cast(schemas.EvaluationComparison, answer)

    async def slices(self, evaluation_id: str, slices: "Sequence[schemas.Slice]") -> schemas.EvaluationSlices:
        """Figures of parts of the images."""
        path = f"/evaluations/{quoted(evaluation_id)}/slices"
        answer = await self._connection.json("POST", path, json={"slices": [*slices]})
        return cast(schemas.EvaluationSlices, answer)

    async def cancel(self, evaluation_id: str) -> schemas.Evaluation:
        answer = await self._connection.json("POST", f"/evaluations/{quoted(evaluation_id)}/cancel")
        return cast(schemas.Evaluation, answer)

    async def delete(self, evaluation_id: str) -> None:
        await self._connection.json("DELETE", f"/evaluations/{quoted(evaluation_id)}")
