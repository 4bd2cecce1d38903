"""Points → SVG paths. A chart is a unit wide for each place, and `HEIGHT` units high; y grows downwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from typing import TypeVar

from metrics_exporter.serving.page.trails import Point

T = TypeVar("T")

HEIGHT = 100
_CLIPPED = 100  # of so many values, the largest and the smallest may lie beyond the axis
_SHADES = 4  # categories told apart by shade; all others are one more


@dataclass(frozen=True, slots=True)
class Band:
    """The band from P5 to P95, the mean within, other models' means, and the values at the bottom and the top.

    Attributes:
        limits: horizontal lines at the thresholds of alerts that lie within the axis.
    """

    band: str
    mean: str
    others: tuple[str, ...]
    limits: str
    bottom: float
    top: float


@dataclass(frozen=True, slots=True)
class Layer:
    """A category's share over time, stacked on those before it."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A window of the calendar; shade 0 (no rows) to 4, None: there is no such window."""

    end: datetime
    rows: int | None
    shade: int | None


def band(
    points: Sequence[Point | None],
    others: Sequence[Sequence[Point | None]] = (),
    thresholds: Iterable[float] = (),
) -> Band | None:
    """The chart of a numeric series, with the means of other models; None when there is nothing to draw."""
    bands = [point.band if point else None for point in points]
    means = [[point.band[1] if point and point.band else None for point in other] for other in others]
    if not any(bands):
        return None
    bottom, top = _axis(bands, means)
    heights = [values and tuple(_height(value, bottom, top) for value in values) for values in bands]
    return Band(
        band="".join(_area([(low, high) for low, _, high in run], start) for start, run in _runs(heights)),
        mean="".join(_line([mean for _, mean, _ in run], start) for start, run in _runs(heights)),
        others=tuple(
            "".join(_line([_height(value, bottom, top) for value in run], start) for start, run in _runs(other))
            for other in means
        ),
        limits="".join(
            f"M0 {_height(value, bottom, top)}h{len(points) - 1}" for value in thresholds if bottom <= value <= top
        ),
        bottom=bottom,
        top=top,
    )


def _axis(
    bands: Sequence[tuple[float, float, float] | None], means: Iterable[Iterable[float | None]]
) -> tuple[float, float]:
    """From bottom to top: what all but a hundredth of the values fit into at either end, and the latest ones do."""
    there = [values for values in bands if values]
    seen = sorted(
        [value for values in there for value in values] + [v for other in means for v in other if v is not None]
    )
    beyond = len(seen) // _CLIPPED
    return min(seen[beyond], *there[-1]), max(seen[-1 - beyond], *there[-1])


def layers(points: Sequence[Point | None]) -> tuple[Layer, ...]:
    """The stacked shares of the most frequent categories, and of all others together on top."""
    total: Counter[str] = Counter()
    for point in points:
        if point:
            total.update(dict(point.categories))
    names = [name for name, _ in sorted(total.items(), key=lambda item: (-item[1], item[0]))[:_SHADES]]
    bounds = [_bounds(point, names) if point and point.values else None for point in points]
    return tuple(
        Layer(name, "".join(_area([hour[place : place + 2] for hour in run], start) for start, run in _runs(bounds)))
        for place, name in enumerate([*names, "other"] if names else [])
    )


def volume(points: Sequence[Point | None]) -> str:
    """Predictions by window, as an area from the ground."""
    rows = [point.rows if point else 0 for point in points]
    most = max(rows, default=0) or 1
    return _area([(HEIGHT, HEIGHT - round(HEIGHT * count / most)) for count in rows], 0) if rows else ""


def calendar(rows: Sequence[int | None], ends: Sequence[datetime]) -> tuple[Cell, ...]:
    """The log's windows, shaded by their rows."""
    most = max((count for count in rows if count is not None), default=0) or 1
    return tuple(
        Cell(end, count, None if count is None else -(-_SHADES * count // most))
        for end, count in zip(ends, rows, strict=True)
    )


def midnights(ends: Sequence[datetime]) -> str:
    """A vertical line at each midnight at which a window ends; none where all of them do."""
    places = [place for place, end in enumerate(ends) if end.hour == end.minute == 0]
    return "" if len(places) == len(ends) else "".join(f"M{place} 0v{HEIGHT}" for place in places)


def _bounds(point: Point, names: Iterable[str]) -> tuple[int, ...]:
    """The heights between the layers, from the ground up."""
    counts, reached, heights = dict(point.categories), 0, [HEIGHT]
    for name in names:
        reached += counts.get(name, 0)
        heights.append(HEIGHT - round(HEIGHT * reached / point.values))
    return (*heights, 0)


def _height(value: float, bottom: float, top: float) -> int:
    if top == bottom:
        return HEIGHT // 2
    # Halved, as the difference of two huge numbers may be infinite.
    share = (value / 2 - bottom / 2) / (top / 2 - bottom / 2)
    return HEIGHT - round(HEIGHT * min(max(share, 0), 1))


def _runs(values: Sequence[T | None]) -> Iterator[tuple[int, list[T]]]:
    """The stretches without a gap, each with the place where it starts."""
    for there, run in groupby(enumerate(values), key=lambda item: item[1] is not None):
        if there:
            items = list(run)
            yield items[0][0], [value for _, value in items if value is not None]


def _line(heights: Sequence[int], start: int) -> str:
    """A line through the middle of each window; a single one is a dot."""
    return f"M{start} {heights[0]}l{_steps(heights) or '0 0'}"


def _area(bounds: Sequence[Sequence[int]], start: int) -> str:
    """The area between two lines, given as pairs; a single one is a line."""
    lower, upper = [pair[0] for pair in bounds], [pair[1] for pair in bounds]
    back = " ".join(f"-1 {after - before}" for before, after in pairwise(reversed(lower)))
    forth = _steps(upper)
    return f"M{start} {upper[0]}l{forth} 0 {lower[-1] - upper[-1]} {back}z"


def _steps(heights: Sequence[int]) -> str:
    return " ".join(f"1 {after - before}" for before, after in pairwise(heights))
