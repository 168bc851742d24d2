# Generated from ../_async/sweeps.py by `npm run generate`. Do not edit.
"""Sweeps: created, waited for, and driven by optimizers of your own."""

import time
from typing import TYPE_CHECKING, Any, Optional, cast

from .. import schemas
from ..errors import StrataError
from .connection import Connection, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Unpack

_LOOK_S = 1.0
_OPEN = ("waiting", "running", "paused")
FINAL_SWEEP = ("succeeded", "failed", "cancelled")


class Sweep:
    """A sweep, as it was when it was last read; ``refresh`` reads it again."""

    def __init__(self, connection: Connection, data: schemas.Sweep) -> None:
        self._connection = connection
        self.data = data

    @property
    def id(self) -> str:
        return self.data["id"]

    @property
    def state(self) -> schemas.SweepState:
        return self.data["state"]

    @property
    def best(self) -> Optional[schemas.Trial]:
        """The best trial so far; None until one has succeeded."""
        return self.data["best"]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.data['name']!r} {self.state}>"

    def refresh(self) -> "Sweep":
        self.data = self._connection.get(self._path())
        return self

    def wait(self, timeout: Optional[float] = None) -> "Sweep":
        """Waits for the end of the sweep. Raises StrataError ``timeout`` after that many seconds; the sweep goes on."""
        until = _until(timeout)
        while self.state not in FINAL_SWEEP:
            _pause(until, f"{self.id} is {self.state}. It goes on: wait again.")
            self.refresh()
        return self

    def trials(self) -> "list[schemas.Trial]":
        return cast("list[schemas.Trial]", (self._connection.get(self._path("/trials")))["data"])

    def add_trial(self, parameters: "Mapping[str, Any]") -> schemas.Trial:
        """Trains a point of your own: values by JSON pointer into the job, like ``{"/epochs": 2}``."""
        body = {"parameters": dict(parameters)}
        return cast(schemas.Trial, self._connection.json("POST", self._path("/trials"), json=body))

    def wait_trial(self, number: int, timeout: Optional[float] = None) -> schemas.Trial:
        """Waits for the end of a trial, whatever its final state is. Its ``value`` is None unless it has succeeded."""
        until = _until(timeout)
        while True:
            trial = next((found for found in self.trials() if found["number"] == number), None)
            if trial is None:
                raise StrataError("not_found", f"{self.id} has no trial {number}.")
            if trial["state"] not in _OPEN:
                return trial
            _pause(until, f"trial {number} of {self.id} is {trial['state']}. It goes on: wait again.")

    def update(self, **changes: "Unpack[schemas.SweepUpdate]") -> "Sweep":
        """Changes name, metadata or limits. Fields that are not given keep their value."""
        self.data = self._connection.json("PATCH", self._path(), json=changes)
        return self

    def pause(self) -> "Sweep":
        return self._post("/pause")

    def resume(self) -> "Sweep":
        return self._post("/resume")

    def cancel(self) -> "Sweep":
        return self._post("/cancel")

    def _post(self, verb: str) -> "Sweep":
        self.data = self._connection.json("POST", self._path(verb))
        return self

    def _path(self, part: str = "") -> str:
        return f"/sweeps/{quoted(self.id)}{part}"


class Sweeps:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, spec: "Mapping[str, Any]") -> Sweep:
        """Stores a sweep: ``job``, ``space`` and more, as docs/sweeps.md explains."""
        return Sweep(self._connection, self._connection.json("POST", "/sweeps", json=dict(spec)))

    def cost(self, spec: "Mapping[str, Any]") -> schemas.SweepCost:
        """What a sweep would cost. Nothing is stored."""
        dry = self._connection.json("POST", "/sweeps", json=dict(spec), params={"dry_run": True})
        return cast(schemas.SweepCost, dry["cost"])

    def get(self, sweep_id: str) -> Sweep:
        return Sweep(self._connection, self._connection.get(f"/sweeps/{quoted(sweep_id)}"))

    def list(self, limit: int = 20) -> "list[Sweep]":
        """The newest sweeps."""
        page = self._connection.get("/sweeps", {"limit": limit})
        return [Sweep(self._connection, data) for data in page["data"]]


def _until(timeout: Optional[float]) -> Optional[float]:
    return None if timeout is None else time.monotonic() + timeout


def _pause(until: Optional[float], message: str) -> None:
    left = _LOOK_S if until is None else until - time.monotonic()
    if left <= 0:
        raise StrataError("timeout", message)
    time.sleep(min(_LOOK_S, left))
