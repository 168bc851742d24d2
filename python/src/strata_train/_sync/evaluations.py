# Generated from ../_async/evaluations.py by `npm run generate`. Do not edit.
"""Evaluations: how good a model is on any images."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from .. import schemas
from .connection import Connection, quoted

if TYPE_CHECKING:
    from typing_extensions import Unpack

_LOOK_S = 1.0


class Evaluations:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, *, wait: bool = True, **request: "Unpack[schemas.EvaluationRequest]") -> schemas.Evaluation:
        """The evaluation of this question, which may exist already; with ``wait``, once it has ended."""
        answer = cast(schemas.Evaluation, self._connection.json("POST", "/evaluations", json=request))
        while wait and answer["finished_at"] is None:
            time.sleep(_LOOK_S)
            answer = self.get(answer["id"])
        return answer

    def get(self, evaluation_id: str) -> schemas.Evaluation:
        return cast(schemas.Evaluation, self._connection.get(f"/evaluations/{quoted(evaluation_id)}"))

    def list(self, **query: "Unpack[schemas.ListEvaluationsQuery]") -> schemas.EvaluationList:
        return cast(schemas.EvaluationList, self._connection.get("/evaluations", {**query}))

    def compare(self, a: str, b: str) -> schemas.EvaluationComparison:
        """Two evaluations on the same images."""
        answer = self._connection.get("/evaluations/compare", {"a": a, "b": b})
        return cast(schemas.EvaluationComparison, answer)

    def slices(self, evaluation_id: str, slices: "Sequence[schemas.Slice]") -> schemas.EvaluationSlices:
        """Figures of parts of the images."""
        path = f"/evaluations/{quoted(evaluation_id)}/slices"
        answer = self._connection.json("POST", path, json={"slices": [*slices]})
        return cast(schemas.EvaluationSlices, answer)

    def cancel(self, evaluation_id: str) -> schemas.Evaluation:
        answer = self._connection.json("POST", f"/evaluations/{quoted(evaluation_id)}/cancel")
        return cast(schemas.Evaluation, answer)

    def delete(self, evaluation_id: str) -> None:
        self._connection.json("DELETE", f"/evaluations/{quoted(evaluation_id)}")
