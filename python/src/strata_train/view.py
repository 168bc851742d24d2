"""What a notebook shows of a job."""

from __future__ import annotations

from datetime import datetime, timezone
from html import escape

from . import _svg
from .metrics import Metrics
from .schemas import Attempt, Job


class JobView:
    """A job at one moment: state, progress, wavefront and curves."""

    def __init__(self, job: Job, attempts: list[Attempt], metrics: Metrics) -> None:
        self.job = job
        self.attempts = attempts
        self.metrics = metrics
        self._at = datetime.now(timezone.utc)

    def _repr_html_(self) -> str:
        job = self.job
        title = escape(job["name"] or job["id"])
        parts = [f"<p><b>{title}</b> {escape(job['state'])}, {job['progress']:.0%}, as of {self._at:%H:%M:%S} UTC"]
        result = job["result"]
        if result is not None:
            parts.append(f", test accuracy {result['test_accuracy']:.4f}")
        if job["error"] is not None:
            parts.append(f"<br>{escape(job['error']['code'])}: {escape(job['error']['message'])}")
        return "".join(parts) + "</p>" + _svg.wavefront(self.attempts, self._at) + _svg.curves(self.metrics)
