"""The client of one server."""

import os
from typing import Any, Optional, cast

import httpx

from ..schemas import Worker
from .artifacts import AsyncArtifacts
from .batches import AsyncBatches
from .connection import AsyncConnection
from .datasets import AsyncDatasets
from .evaluations import AsyncEvaluations
from .jobs import AsyncJobs
from .models import AsyncModels
from .registry import AsyncRegistry
from .sweeps import AsyncSweeps


class AsyncStrata:
    """A client of one server.

    Without arguments it reads STRATA_URL and STRATA_API_KEY; the address is ``http://127.0.0.1:3000`` if there is none. A
    server on the same machine may need no key.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        api_key: Optional[str] = None,
        *,
        transport: Optional[httpx.AsyncBaseTransport] = None,
    ) -> None:
        address = url or os.environ.get("STRATA_URL") or "http://127.0.0.1:3000"
        self._connection = AsyncConnection(address, api_key or os.environ.get("STRATA_API_KEY"), transport)
        self.jobs = AsyncJobs(self._connection)
        self.models = AsyncModels(self._connection)
        self.registry = AsyncRegistry(self._connection)
        self.sweeps = AsyncSweeps(self._connection)
        self.evaluations = AsyncEvaluations(self._connection)
        self.batches = AsyncBatches(self._connection)
        self.datasets = AsyncDatasets(self._connection)
        self.artifacts = AsyncArtifacts(self._connection)

    async def workers(self) -> list[Worker]:
        return cast("list[Worker]", (await self._connection.get("/workers"))["data"])

    async def request(self, method: str, path: str, *, json: Any = None, params: "Optional[dict[str, Any]]" = None) -> Any:
        """Any operation of the contract that has no method here. Returns the body of the response."""
        return await self._connection.json(method, path, json=json, params=params)

    async def close(self) -> None:
        await self._connection.close()

    async def __aenter__(self) -> "AsyncStrata":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
