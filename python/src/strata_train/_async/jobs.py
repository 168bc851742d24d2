"""Jobs: created, followed, waited for."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Optional, cast

from .. import schemas
from .._files import PathLike
from .._retry import is_passing, wait_s
from ..errors import StrataError
from ..metrics import Metrics
from ..view import JobView
from .artifacts import AsyncArtifacts
from .connection import AsyncConnection, quoted
from .follow import follow_job
from .models import AsyncModel, AsyncModels

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Unpack

_WAIT_S = 30
FINAL = ("succeeded", "failed", "cancelled")


class AsyncJob:
    """A job, as it was when it was last read; ``refresh`` reads it again."""

    def __init__(self, connection: AsyncConnection, data: schemas.Job) -> None:
        self._connection = connection
        self.data = data

    @property
    def id(self) -> str:
        return self.data["id"]

    @property
    def state(self) -> schemas.JobState:
        return self.data["state"]

    @property
    def progress(self) -> float:
        """The finished share of the work, from 0 to 1."""
        return self.data["progress"]

    @property
    def result(self) -> Optional[schemas.JobResult]:
        """None until the job has succeeded."""
        return self.data["result"]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.data['name']!r} {self.state}>"

    async def refresh(self) -> "AsyncJob":
        self.data = await self._connection.get(self._path())
        return self

    async def follow(self, after: int = 0) -> AsyncIterator[schemas.Event]:
        """Yields the events of the job until its last one. It survives lost connections and restarts of the server."""
        async for event in follow_job(self._connection, self.id, after):
            yield event
        await self.refresh()

    async def wait(self, timeout: Optional[float] = None) -> "AsyncJob":
        """Waits for the end of the job, whatever its final state is. It survives restarts of the server.

        Raises StrataError ``timeout`` after that many seconds; the job goes on.
        """
        until = None if timeout is None else time.monotonic() + timeout
        failures = 0
        while self.state not in FINAL:
            left = float(_WAIT_S) if until is None else until - time.monotonic()
            if left <= 0:
                raise StrataError("timeout", f"{self.id} is {self.state} after {timeout} s. It goes on: wait again.")
            try:
                wait = {"wait": max(1, min(_WAIT_S, int(left)))}
                self.data = await self._connection.json("GET", self._path(), params=wait)
                failures = 0
            except StrataError as error:
                if not is_passing(error):
                    raise
                await asyncio.sleep(min(left, wait_s(error, failures)))
                failures += 1
        return self

    def raise_for_state(self) -> None:
        """Raises StrataError if the job has failed or was cancelled, with the code of its error."""
        error = self.data["error"]
        if error is not None:
            raise StrataError(error["code"], error["message"])
        if self.state in ("failed", "cancelled"):
            raise StrataError(self.state, self.data["state_reason"] or f"{self.id} is {self.state}.")

    async def cancel(self, *, force: bool = False) -> "AsyncJob":
        """Running tasks write a checkpoint first, unless ``force``."""
        self.data = await self._connection.json("POST", self._path("/cancel"), json={"force": force})
        return self

    async def pause(self) -> "AsyncJob":
        """Running tasks write a checkpoint first; ``resume`` continues from it."""
        self.data = await self._connection.json("POST", self._path("/pause"))
        return self

    async def resume(self) -> "AsyncJob":
        self.data = await self._connection.json("POST", self._path("/resume"))
        return self

    async def extend(self, epochs: int, *, schedule: str = "continue", idempotency_key: Optional[str] = None) -> "AsyncJob":
        """A new job that trains this one, which has succeeded, for more epochs.

        ``schedule`` is ``continue`` or ``rewarm``.
        """
        answer = await self._connection.json(
            "POST",
            self._path("/extend"),
            json={"epochs": epochs, "schedule": schedule},
            headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())},
            retry=True,
        )
        return AsyncJob(self._connection, answer)

    async def tasks(self) -> "list[schemas.Task]":
        return cast("list[schemas.Task]", (await self._connection.get(self._path("/tasks")))["data"])

    async def attempts(self) -> "list[schemas.Attempt]":
        """Every attempt at a task of the job, in order of the start."""
        return cast("list[schemas.Attempt]", (await self._connection.get(self._path("/attempts")))["data"])

    async def metrics(
        self, *, name: "Optional[list[str]]" = None, stage: Optional[int] = None, points: Optional[int] = None
    ) -> Metrics:
        """The metric series, each of at most ``points`` points (1,000 if not given)."""
        query = {"name": name, "stage": stage, "points": points}
        return Metrics((await self._connection.get(self._path("/metrics"), query))["data"])

    async def artifacts(self) -> "list[schemas.Artifact]":
        return await AsyncArtifacts(self._connection).list(self.id)

    async def download(self, folder: PathLike) -> "list[Path]":
        """Writes every artifact under its own name, and checks its sha256."""
        return await AsyncArtifacts(self._connection).download_all(self.id, folder)

    async def model(self) -> AsyncModel:
        """The model that the job has made. Raises StrataError ``no_model`` if it has not."""
        model_id = self.result["model_id"] if self.result else None
        if model_id is None:
            raise StrataError("no_model", f"{self.id} is {self.state} and has no model. Wait until it has succeeded.")
        return await AsyncModels(self._connection).get(model_id)

    async def delete(self) -> None:
        await self._connection.json("DELETE", self._path())

    async def view(self) -> JobView:
        """What a notebook shows: state, wavefront and curves."""
        await self.refresh()
        return JobView(self.data, await self.attempts(), await self.metrics(points=200))

    # without async: def _repr_html_(self) -> str:
    # without async:     return self.view()._repr_html_()

    def _path(self, more: str = "") -> str:
        return f"/jobs/{quoted(self.id)}{more}"


class AsyncJobs:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(self, spec: schemas.JobSpec, *, idempotency_key: Optional[str] = None) -> AsyncJob:
        """Stores a job. It is sent again while the server does not answer, and creates one job all the same.

        Two calls with the same ``idempotency_key`` create one job, within 24 hours.
        """
        headers = {"idempotency-key": idempotency_key or str(uuid.uuid4())}
        return self._job(await self._connection.json("POST", "/jobs", json=spec, headers=headers, retry=True))

    async def check(self, spec: schemas.JobSpec) -> schemas.Job:
        """The job that a spec would create, with every default filled in. Nothing is stored."""
        answer = await self._connection.json("POST", "/jobs", json=spec, params={"dry_run": True}, retry=True)
        return cast(schemas.Job, answer)

    async def get(self, job_id: str) -> AsyncJob:
        return self._job(await self._connection.get(f"/jobs/{quoted(job_id)}"))

    async def all(self, **query: "Unpack[schemas.ListJobsQuery]") -> AsyncIterator[AsyncJob]:
        """Yields every job that the query matches, newest first, page by page."""
        params: dict[str, Any] = {**query}
        while True:
            page: schemas.JobList = await self._connection.get("/jobs", params)
            for data in page["data"]:
                yield self._job(data)
            if page["next"] is None:
                return
            params["after"] = page["next"]

    def _job(self, data: schemas.Job) -> AsyncJob:
        return AsyncJob(self._connection, data)
