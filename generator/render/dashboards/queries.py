"""The PromQL that panels share.

Gauges describe the latest closed window and come once an hour or a day, so every panel looks back one window and a
margin: `last_over_time(m{window="1h"}[1h10m])`. The label values `1h` and `1d` are durations, too.
"""

from __future__ import annotations

from generator import catalogue
from generator.promql import matcher, quote, selector, variable

WINDOW = variable("window")
MARGIN = "10m"
WEEK = "1w"


def at_window(window: str | None = None) -> str:
    """The matcher of a window; without one, of the chosen one."""
    return f"window={WINDOW}" if window is None else matcher("window", window)


def keys(metric: str) -> str:
    """The labels that tell a metric's series apart; the scrape's own (instance, job) change when the exporter moves."""
    return ", ".join(label for label in catalogue.BY_NAME[metric].definition.labels if label != "window")


def latest(metric: str, *matchers: str, window: str | None = None, offset: str = "") -> str:
    """A gauge as it stands: of the chosen window, or of a given one; `offset` looks that far back."""
    series = selector(metric, *matchers, at_window(window))
    past = f" offset {offset}" if offset else ""
    return f"max by ({keys(metric)}) (last_over_time({series}[{window or '${window}'}{MARGIN}]{past}))"


def models(*matchers: str, back: str = "1h", offset: str = "") -> str:
    """The models known now, with role and team; looking back bridges a restart of the exporter."""
    past = f" offset {offset}" if offset else ""
    return f"last_over_time({selector(catalogue.MODEL_INFO, *matchers)}[{back}]{past})"


def moved(metric: str, *matchers: str, by: str = "") -> str:
    """How far a gauge is from the same hour a week ago; `by`: in units of another gauge, then."""
    change = f"{latest(metric, *matchers)} - {latest(metric, *matchers, offset=WEEK)}"
    return f"({change}) / ({latest(by, *matchers, offset=WEEK)} > 0)" if by else change


def extremes(expr: str, count: int) -> str:
    """The greatest rises and the deepest falls of a signed change."""
    return f"topk({count}, {expr} > 0) or bottomk({count}, {expr} < 0)"


def labelled(expr: str, label: str, value: str) -> str:
    """The same series with one more label."""
    return f'label_replace({expr}, {quote(label)}, {quote(value)}, "", "")'


def furthest(metric: str, *matchers: str, count: int, window: str | None = None, lowest: bool = False) -> str:
    """A gauge of those series that reach furthest in the whole time range: few lines, the same at every point."""
    series = selector(metric, *matchers, at_window(window))
    pick, fold, reach = ("bottomk", "min", "min_over_time") if lowest else ("topk", "max", "max_over_time")
    chosen = f"{pick}({count}, {fold} by ({keys(metric)}) ({reach}({series}[$__range] @ end())))"
    return f"{latest(metric, *matchers, window=window)} and {chosen}"


def changed(metric: str, *matchers: str, window: str) -> str:
    """How far a gauge is from the median of the same hours of past weeks, as a share of that; two weeks are needed."""
    weeks = " or ".join(
        labelled(latest(metric, *matchers, window=window, offset=f"{week}w"), "week", str(week))
        for week in (1, 2, 3, 4)
    )
    baseline = f"(quantile by ({keys(metric)}) (0.5, {weeks}) and count by ({keys(metric)}) ({weeks}) >= 2)"
    return f"abs({latest(metric, *matchers, window=window)} / {baseline} - 1)"


def ranked(metric: str, *matchers: str, count: int) -> str:
    """A gauge of all models for the features in which any of them is greatest."""
    values = latest(metric, *matchers)
    return f"{values} and on (feature) topk({count}, max by (feature) ({values}) > 0)"
