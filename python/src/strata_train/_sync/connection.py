# Generated from ../_async/connection.py by `npm run generate`. Do not edit.
"""Requests to one server: their address, key, errors and retries."""

import time
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Optional

import httpx

from .._retry import ATTEMPTS, is_passing, wait_s
from ..errors import StrataError, error_of

# The server sends something every 15 seconds, and holds a request that waits for at most 60.
_TIMEOUT = httpx.Timeout(30.0, read=90.0)


class Connection:
    def __init__(self, url: str, api_key: Optional[str], transport: Optional[httpx.BaseTransport]) -> None:
        self.url = url.rstrip("/")
        headers = {"user-agent": "strata-train", **({"authorization": f"Bearer {api_key}"} if api_key else {})}
        self._http = httpx.Client(headers=headers, timeout=_TIMEOUT, transport=transport)

    def close(self) -> None:
        self._http.close()

    def json(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Optional[Mapping[str, Any]] = None,
        headers: Optional[Mapping[str, str]] = None,
        retry: bool = False,
    ) -> Any:
        """The body of a successful response; None where it has none. With ``retry`` it is sent again while that may help."""
        options = {"json": json, "params": _query(params or {}), "headers": headers}
        for attempt in range(ATTEMPTS):
            try:
                response = self.send(method, path, **options)
                return response.json() if response.content else None
            except StrataError as error:
                if not retry or attempt + 1 >= ATTEMPTS or not is_passing(error):
                    raise
                time.sleep(wait_s(error, attempt))
        raise AssertionError("the last attempt returns or raises")

    def get(self, path: str, params: Optional[Mapping[str, Any]] = None) -> Any:
        return self.json("GET", path, params=params, retry=True)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A successful response, with its body. Raises StrataError."""
        with self.stream(method, path, **options) as response:
            response.read()
            return response

    @contextmanager
    def stream(self, method: str, path: str, **options: Any) -> Iterator[httpx.Response]:
        """A successful response, whose body is still to come. Raises StrataError, also if the body breaks off."""
        given = {name: value for name, value in options.items() if value is not None}
        try:
            with self._http.stream(method, self.url + path, **given) as response:
                if not response.is_success:
                    response.read()
                    raise error_of(response.status_code, response.headers, _parsed(response))
                yield response
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            detail = f"{self.url} does not answer ({reason}). Check the address, and that the server runs."
            raise StrataError("unreachable", detail) from error


def _parsed(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _query(params: Mapping[str, Any]) -> dict[str, Any]:
    """As the contract has it: ``metadata[team]=vision`` for a dictionary, ``true`` for True, nothing for None."""
    flat: dict[str, Any] = {}
    for name, value in params.items():
        if isinstance(value, Mapping):
            flat.update({f"{name}[{key}]": part for key, part in value.items()})
        elif value is not None:
            flat[name] = value
    return flat


def quoted(part: str) -> str:
    """An id as a part of a path: nothing in it can lead elsewhere."""
    return re.sub(r"[^\w-]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), part, flags=re.ASCII)
