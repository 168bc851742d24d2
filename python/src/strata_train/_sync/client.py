# Generated from ../_async/client.py by `npm run generate`. Do not edit.
"""The client of one server."""

import os
from typing import Any, Optional, cast

import httpx

from ..schemas import Worker
from .artifacts import Artifacts
from .batches import Batches
from .connection import Connection
from .datasets import Datasets
from .evaluations import Evaluations
from .jobs import Jobs
from .models import Models
from .registry import Registry
from .sweeps import Sweeps


class Strata:
    """A client of one server.

    Without arguments it reads STRATA_URL and STRATA_API_KEY; the address is ``http://127.0.0.1:3000`` if there is none. A
    server on the same machine may need no key.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        api_key: Optional[str] = None,
        *,
        transport: Optional[httpx.BaseTransport] = None,
    ) -> None:
        address = url or os.environ.get("STRATA_URL") or "http://127.0.0.1:3000"
        self._connection = Connection(address, api_key or os.environ.get("STRATA_API_KEY"), transport)
        self.jobs = Jobs(self._connection)
        self.models = Models(self._connection)
        self.registry = Registry(self._connection)
        self.sweeps = Sweeps(self._connection)
        self.evaluations = Evaluations(self._connection)
        self.batches = Batches(self._connection)
        self.datasets = Datasets(self._connection)
        self.artifacts = Artifacts(self._connection)

    def workers(self) -> list[Worker]:
        return cast("list[Worker]", (self._connection.get("/workers"))["data"])

    def request(self, method: str, path: str, *, json: Any = None, params: "Optional[dict[str, Any]]" = None) -> Any:
        """Any operation of the contract that has no method here. Returns the body of the response."""
        return self._connection.json(method, path, json=json, params=params)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> "Strata":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
