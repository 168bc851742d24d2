# Generated from ../_async/jobs.py by `npm run generate`. Do not edit.
"""Jobs: created, followed, waited for."""

import time
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Optional, cast

from .. import schemas
from .._files import PathLike
from .._retry import is_passing, wait_s
from ..errors import StrataError
from ..metrics import Metrics
from ..view import JobView
from .artifacts import Artifacts
from .connection import Connection, quoted
from .follow import follow_job
from .models import Model, Models

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Unpack

_WAIT_S = 30
FINAL = ("succeeded", "failed", "cancelled")


class Job:
    """A job, as it was when it was last read; ``refresh`` reads it again."""

    def __init__(self, connection: Connection, data: schemas.Job) -> None:
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

    def refresh(self) -> "Job":
        self.data = self._connection.get(self._path())
        return self

    def follow(self, after: int = 0) -> Iterator[schemas.Event]:
        """Yields the events of the job until its last one. It survives lost connections and restarts of the server."""
        for event in follow_job(self._connection, self.id, after):
            yield event
        self.refresh()

    def wait(self, timeout: Optional[float] = None) -> "Job":
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
                self.data = self._connection.json("GET", self._path(), params=wait)
                failures = 0
            except StrataError as error:
                if not is_passing(error):
                    raise
                time.sleep(min(left, wait_s(error, failures)))
                failures += 1
        return self

    def raise_for_state(self) -> None:
        """Raises StrataError if the job has failed or was cancelled, with the code of its error."""
        error = self.data["error"]
        if error is not None:
            raise StrataError(error["code"], error["message"])
        if self.state in ("failed", "cancelled"):
            raise StrataError(self.state, self.data["state_reason"] or f"{self.id} is {self.state}.")

    def cancel(self, *, force: bool = False) -> "Job":
        """Running tasks write a checkpoint first, unless ``force``."""
        self.data = self._connection.json("POST", self._path("/cancel"), json={"force": force})
        return self

    def pause(self) -> "Job":
        """Running tasks write a checkpoint first; ``resume`` continues from it."""
        self.data = self._connection.json("POST", self._path("/pause"))
        return self

    def resume(self) -> "Job":
        self.data = self._connection.json("POST", self._path("/resume"))
        return self

    def extend(self, epochs: int, *, schedule: str = "continue", idempotency_key: Optional[str] = None) -> "Job":
        """A new job that trains this one, which has succeeded, for more epochs.

        ``schedule`` is ``continue`` or ``rewarm``.
        """
        answer = self._connection.json(
            "POST",
            self._path("/extend"),
            json={"epochs": epochs, "schedule": schedule},
            headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())},
            retry=True,
        )
        return Job(self._connection, answer)

    def tasks(self) -> "list[schemas.Task]":
        return cast("list[schemas.Task]", (self._connection.get(self._path("/tasks")))["data"])

    def attempts(self) -> "list[schemas.Attempt]":
        """Every attempt at a task of the job, in order of the start."""
        return cast("list[schemas.Attempt]", (self._connection.get(self._path("/attempts")))["data"])

    def metrics(
        self, *, name: "Optional[list[str]]" = None, stage: Optional[int] = None, points: Optional[int] = None
    ) -> Metrics:
        """The metric series, each of at most ``points`` points (1,000 if not given)."""
        query = {"name": name, "stage": stage, "points": points}
        return Metrics((self._connection.get(self._path("/metrics"), query))["data"])

    def artifacts(self) -> "list[schemas.Artifact]":
        return Artifacts(self._connection).list(self.id)

    def download(self, folder: PathLike) -> "list[Path]":
        """Writes every artifact under its own name, and checks its sha256."""
        return Artifacts(self._connection).download_all(self.id, folder)

    def model(self) -> Model:
        """The model that the job has made. Raises StrataError ``no_model`` if it has not."""
        model_id = self.result["model_id"] if self.result else None
        if model_id is None:
            raise StrataError("no_model", f"{self.id} is {self.state} and has no model. Wait until it has succeeded.")
        return Models(self._connection).get(model_id)

    def delete(self) -> None:
        self._connection.json("DELETE", self._path())

    def view(self) -> JobView:
        """What a notebook shows: state, wavefront and curves."""
        self.refresh()
        return JobView(self.data, self.attempts(), self.metrics(points=200))

    def _repr_html_(self) -> str:
        return self.view()._repr_html_()

    def _path(self, more: str = "") -> str:
        return f"/jobs/{quoted(self.id)}{more}"


class Jobs:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, spec: schemas.JobSpec, *, idempotency_key: Optional[str] = None) -> Job:
        """Stores a job. It is sent again while the server does not answer, and creates one job all the same.

        Two calls with the same ``idempotency_key`` create one job, within 24 hours.
        """
        headers = {"idempotency-key": idempotency_key or str(uuid.uuid4())}
        return self._job(self._connection.json("POST", "/jobs", json=spec, headers=headers, retry=True))

    def check(self, spec: schemas.JobSpec) -> schemas.Job:
        """The job that a spec would create, with every default filled in. Nothing is stored."""
        answer = self._connection.json("POST", "/jobs", json=spec, params={"dry_run": True}, retry=True)
        return cast(schemas.Job, answer)

    def get(self, job_id: str) -> Job:
        return self._job(self._connection.get(f"/jobs/{quoted(job_id)}"))

    def all(self, **query: "Unpack[schemas.ListJobsQuery]") -> Iterator[Job]:
        """Yields every job that the query matches, newest first, page by page."""
        params: dict[str, Any] = {**query}
        while True:
            page: schemas.JobList = self._connection.get("/jobs", params)
            for data in page["data"]:
                yield self._job(data)
            if page["next"] is None:
                return
            params["after"] = page["next"]

    def _job(self, data: schemas.Job) -> Job:
        return Job(self._connection, data)
