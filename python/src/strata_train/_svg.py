"""Pictures for notebooks: SVG without scripts, fonts or addresses. Text has the color of the page, dark or light."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from math import isfinite
from typing import NamedTuple, Optional

from .schemas import Attempt, MetricSeries

_HUES = ("#3b82c4", "#d9822b", "#2f9e6e", "#b5508f", "#8a6fd1", "#c2483d", "#5f7f2f", "#3a9fb0")
_WIDTH = 320
_HEIGHT = 180
_LEFT = 52
_BOTTOM = 24
_LANE = 20
_NAMES = 110
_LOST = ("failed", "lost")


def curves(all_series: Iterable[MetricSeries]) -> str:
    """A chart for each metric, with a line for each stage."""
    charts: dict[str, list[MetricSeries]] = {}
    for series in all_series:
        if series["points"]:
            charts.setdefault(series["name"], []).append(series)
    if not charts:
        return "<p>No metrics yet.</p>"
    return "<div>" + "".join(_chart(name, lines) for name, lines in charts.items()) + "</div>"


class _Range(NamedTuple):
    start: float
    end: float

    def share(self, value: float) -> float:
        return (value - self.start) / (self.end - self.start) if self.end > self.start else 0.5


def _chart(name: str, lines: Sequence[MetricSeries]) -> str:
    points = [point for line in lines for point in line["points"] if isfinite(point[1])]
    if not points:
        return ""
    xs = _Range(min(point[0] for point in points), max(point[0] for point in points))
    ys = _Range(min(point[1] for point in points), max(point[1] for point in points))
    paths = "".join(_line(line, xs, ys, index) for index, line in enumerate(lines))
    unit = f" ({lines[0]['unit']})" if lines[0]["unit"] else ""
    bottom = _HEIGHT - _BOTTOM
    axes = f'<path d="M{_LEFT} 20V{bottom}H{_WIDTH - 8}" fill="none" stroke="currentColor" opacity="0.4"/>'
    texts = (
        _text(_LEFT, 14, name + unit, "start")
        + _text(_LEFT - 4, 30, f"{ys.end:.4g}", "end")
        + _text(_LEFT - 4, bottom, f"{ys.start:.4g}", "end")
        + _text(_LEFT, _HEIGHT - 8, f"{xs.start:g}", "start")
        + _text(_WIDTH - 8, _HEIGHT - 8, f"step {xs.end:g}", "end")
    )
    return _svg(_WIDTH, _HEIGHT, f"{name} by step", axes + paths + texts)


def _line(series: MetricSeries, xs: _Range, ys: _Range, index: int) -> str:
    stage = series["stage"]
    color = _HUES[(index if stage is None else stage) % len(_HUES)]
    title = "whole network" if stage is None else f"stage {stage}"
    places = [
        (_LEFT + xs.share(step) * (_WIDTH - 8 - _LEFT), _HEIGHT - _BOTTOM - ys.share(value) * (_HEIGHT - _BOTTOM - 24))
        for step, value, _ in series["points"]
        if isfinite(value)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>' for x, y in places[:1])
    one = dots if len(places) == 1 else ""
    return (
        f'<g><title>{escape(title)}</title><polyline points="{path}" fill="none" stroke="{color}" '
        f'stroke-width="1.5"/>{one}</g>'
    )


def wavefront(attempts: Sequence[Attempt], now: datetime) -> str:
    """A lane for each stage, with a bar for each attempt at a task. Lost work is hollow."""
    if not attempts:
        return "<p>No task has started.</p>"
    bars = [(attempt, _time(attempt["started_at"]), _time(attempt["ended_at"]) or now) for attempt in attempts]
    starts = [start.timestamp() for _, start, _ in bars if start is not None]
    times = _Range(min(starts), max(end.timestamp() for _, _, end in bars))
    lanes = sorted({_lane(attempt) for attempt in attempts})
    parts = [_text(_NAMES - 6, row * _LANE + 14, name, "end") for row, (_, name) in enumerate(lanes)]
    for attempt, start, end in bars:
        if start is not None:
            parts.append(_bar(attempt, times.share(start.timestamp()), times.share(end.timestamp()), lanes))
    bottom = len(lanes) * _LANE + 16
    parts.append(_text(2 * _WIDTH, bottom - 2, f"{times.end - times.start:.0f} s", "end"))
    return _svg(2 * _WIDTH + 4, bottom, "Tasks over time, by stage", "".join(parts))


def _bar(attempt: Attempt, start: float, end: float, lanes: Sequence[tuple[int, str]]) -> str:
    lane = lanes.index(_lane(attempt))
    color = "currentColor" if attempt["stage"] is None else _HUES[attempt["stage"] % len(_HUES)]
    span = 2 * _WIDTH - _NAMES
    fill = f'fill="none" stroke="{color}"' if attempt["outcome"] in _LOST else f'fill="{color}" opacity="0.85"'
    title = f"{attempt['task']}, attempt {attempt['attempt']}: {attempt['outcome']}"
    return (
        f'<rect x="{_NAMES + start * span:.1f}" y="{lane * _LANE + 3}" width="{max(1.0, (end - start) * span):.1f}" '
        f'height="{_LANE - 6}" rx="2" {fill}><title>{escape(title)}</title></rect>'
    )


# The order of the network: prepare, the stages, the joined network, evaluate, finalize.
_KINDS = ("prepare", "stage", "end_to_end", "evaluate", "finalize")
_STAGES = 1_000


def _lane(attempt: Attempt) -> tuple[int, str]:
    stage = attempt["stage"]
    order = _KINDS.index(attempt["kind"]) * _STAGES if attempt["kind"] in _KINDS else len(_KINDS) * _STAGES
    return (order, attempt["kind"].replace("_", " ")) if stage is None else (order + stage, f"stage {stage}")


def _time(text: Optional[str]) -> Optional[datetime]:
    # Python 3.9 and 3.10 do not read the Z.
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="11" fill="currentColor">{escape(text)}</text>'


def _svg(width: int, height: int, label: str, content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(label)}" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif">{content}</svg>'
    )
