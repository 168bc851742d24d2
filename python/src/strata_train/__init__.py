"""Strata from Python: ``Strata`` for scripts and notebooks, ``AsyncStrata`` for programs with an event loop."""

from ._async.client import AsyncStrata
from ._async.jobs import AsyncJob
from ._async.models import AsyncModel
from ._async.sweeps import AsyncSweep
from ._sync.client import Strata
from ._sync.jobs import Job
from ._sync.models import Model
from ._sync.sweeps import Sweep
from .errors import StrataError
from .metrics import Metrics
from .view import JobView

__all__ = [
    "AsyncJob",
    "AsyncModel",
    "AsyncStrata",
    "AsyncSweep",
    "Job",
    "JobView",
    "Metrics",
    "Model",
    "Strata",
    "StrataError",
    "Sweep",
]
