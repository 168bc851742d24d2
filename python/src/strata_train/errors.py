"""The one error that this package raises."""

from __future__ import annotations

from typing import Any, Optional

from .schemas import FieldError


class StrataError(Exception):
    """A request was refused, or could not be made.

    Match errors by ``code``: one of docs/errors.md, or one of this package:

    - ``unreachable``: no response from the server.
    - ``timeout``: the wait was too short. The job goes on.
    - ``checksum_mismatch``: the bytes that arrived are not those of the artifact.
    - ``unsafe_name``: an artifact would be written outside of the folder.
    - ``invalid_image``: the value is no image.
    - ``no_model``: the job has no model.
    - ``missing_package``: an optional package is not installed.
    - ``unknown``: an error response without a code, as a proxy gives it.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: Optional[int] = None,
        errors: Optional[list[FieldError]] = None,
        request_id: Optional[str] = None,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        """What happened and how to fix it."""
        self.status = status
        """HTTP status; None without a response."""
        self.errors: list[FieldError] = errors or []
        """The invalid fields, each with a valid value in its message."""
        self.request_id = request_id
        """Id of the request in the log of the server."""
        self.retry_after = retry_after
        """Seconds to wait before a retry, if the server says so."""

    @property
    def pointer(self) -> Optional[str]:
        """JSON pointer to the first invalid field, like ``/model/depth``."""
        return self.errors[0]["pointer"] if self.errors else None

    @property
    def remedy(self) -> str:
        """How to fix the first invalid field, or the request."""
        return self.errors[0]["message"] if self.errors else self.detail

    def __str__(self) -> str:
        fields = "".join(f"\n  {error['pointer']} {error['message']}" for error in self.errors)
        return f"{self.code}: {self.detail}{fields}"


def error_of(status: int, headers: Any, problem: Any) -> StrataError:
    """The error in a response. A response that a proxy made has no code."""
    known = problem if isinstance(problem, dict) else {}
    return StrataError(
        known.get("code", "unknown"),
        known.get("detail", f"HTTP {status}"),
        status=status,
        errors=known.get("errors"),
        request_id=known.get("request_id") or headers.get("x-request-id"),
        retry_after=_seconds(headers.get("retry-after")),
    )


def _seconds(header: Optional[str]) -> Optional[float]:
    try:
        return None if header is None else float(header)
    except ValueError:
        return None
