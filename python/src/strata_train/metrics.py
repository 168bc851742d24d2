"""The metric series of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _svg
from .errors import StrataError
from .schemas import MetricSeries

if TYPE_CHECKING:
    import pandas


class Metrics(list[MetricSeries]):
    """A list of series. A notebook shows them as curves."""

    def to_pandas(self) -> pandas.DataFrame:
        """One row a point: name, stage, unit, step, value, at. Needs pandas."""
        try:
            import pandas
        except ImportError:
            detail = "pandas is not installed: pip install 'strata-train[notebook]'."
            raise StrataError("missing_package", detail) from None
        columns = ["name", "stage", "unit", "step", "value", "at"]
        rows = [
            (series["name"], series["stage"], series["unit"], *point) for series in self for point in series["points"]
        ]
        frame = pandas.DataFrame(rows, columns=columns)
        # A stage is a whole number or missing, which a plain column of integers cannot hold.
        return frame.astype({"stage": "Int64"}).assign(at=pandas.to_datetime(frame["at"], utc=True))

    def _repr_html_(self) -> str:
        return _svg.curves(self)
