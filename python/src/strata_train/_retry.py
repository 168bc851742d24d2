"""When a request is sent again, and how long to wait before."""

from __future__ import annotations

import random

from .errors import StrataError

ATTEMPTS = 5
_FIRST_S = 0.2
_MAX_S = 5.0
# 2 ** 20 is far beyond the longest wait; a float overflows at 2 ** 1024.
_MAX_DOUBLINGS = 20


def backoff_s(attempt: int) -> float:
    """Half of the wait is random, so that the clients of a restarted server do not all call at once."""
    longest = min(_MAX_S, _FIRST_S * 2.0 ** min(attempt, _MAX_DOUBLINGS))
    return longest / 2 + random.random() * longest / 2


def is_passing(error: StrataError) -> bool:
    """Whether a retry of the same request may succeed. A missing response counts as such."""
    if error.status is None:
        return error.code == "unreachable"
    return error.status == 429 or error.status >= 500


def wait_s(error: StrataError, attempt: int) -> float:
    """Time to wait after ``error``: the time that the server gives, otherwise longer each time."""
    return backoff_s(attempt) if error.retry_after is None else error.retry_after
