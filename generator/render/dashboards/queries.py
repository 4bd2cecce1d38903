"""The PromQL that panels share.

Gauges describe the latest closed window and come once an hour or a day, so every panel looks back one window and a
margin: `last_over_time(m{window="1h"}[1h600s])`. The label's values are durations, too, of any unit but seconds.
"""

from __future__ import annotations

from functools import cache

from generator import catalogue
from generator.promql import matcher, quote, selector

WINDOW = '"${window}"'
MARGIN = "600s"
DAY = "1d"  # what drift is told of
WEEK = "1w"
MIN_SAMPLES = 20  # fewer move by chance


def chosen(label: str, variable: str) -> str:
    """The matcher of a value that is chosen on the dashboard.

    Grafana escapes values for quotes of one kind only; a raw string needs no escapes, whatever the name holds.
    """
    return f"{label}=`${{{variable}:raw}}`"


def at_window(window: str | None = None) -> str:
    """The matcher of a window; without one, of the chosen one."""
    return f"window={WINDOW}" if window is None else matcher("window", window)


@cache
def keys(metric: str) -> str:
    """The labels that tell a metric's series apart; the scrape's own (instance, job) change when the exporter moves."""
    return ", ".join(label for label in catalogue.BY_NAME[metric].definition.labels if label != "window")


def latest(metric: str, *matchers: str, window: str | None = None, offset: str = "") -> str:
    """A gauge as it stands: of the chosen window, or of a given one; `offset` looks that far back."""
    series = selector(metric, *matchers, at_window(window))
    past = f" offset {offset}" if offset else ""
    return f"max by ({keys(metric)}) (last_over_time({series}[{window or '${window}'}{MARGIN}]{past}))"


def models(*matchers: str) -> str:
    """The models known now, with role and team; looking back bridges a restart of the exporter."""
    return f"last_over_time({selector(catalogue.MODEL_INFO, *matchers)}[1h])"


def moved(metric: str, *matchers: str, by: str = "") -> str:
    """How far a gauge is from the same hour a week ago, where enough samples are behind it.

    `by` names the standard deviation to count in: that of the whole day then, since within an hour a value that all
    rows share, such as the weather, hardly deviates; of the window itself where there is no daily one.
    """
    change = f"({latest(metric, *matchers)} - {latest(metric, *matchers, offset=WEEK)})"
    if by:
        daily, own = latest(by, *matchers, window="1d", offset=WEEK), latest(by, *matchers, offset=WEEK)
        change = f"{change} / ({daily} > 0 or {own} > 0)"
    samples = catalogue.BY_NAME[metric].samples or catalogue.PREDICTIONS
    return f"({enough(change, samples, *matchers, least=MIN_SAMPLES)})"


def extremes(expr: str, count: int) -> str:
    """The greatest rises and the deepest falls of a signed change."""
    return f"topk({count}, {expr} > 0) or bottomk({count}, {expr} < 0)"


def labelled(expr: str, label: str, value: str) -> str:
    """The same series with one more label."""
    return f'label_replace({expr}, {quote(label)}, {quote(value)}, "", "")'


def among(expr: str, count: int, *, by: str = "", lowest: bool = False) -> str:
    """Those series that reach furthest in the whole time range: few lines, and the same ones at every point.

    Args:
        expr: the series.
        count: how many to keep.
        by: what to rank them by instead, with the same labels.
        lowest: keep those that reach lowest.
    """
    pick, reach = ("bottomk", "min_over_time") if lowest else ("topk", "max_over_time")
    return f"{expr} and {pick}({count}, {reach}(({by or expr})[$__range:1h] @ end()))"


def enough(expr: str, samples: str, *matchers: str, least: int) -> str:
    """The series behind which there are samples enough."""
    return f"{expr} and on ({keys(samples)}) {latest(samples, *matchers)} >= {least}"


def ranked(metric: str, *matchers: str, count: int, window: str | None = None) -> str:
    """A gauge of all models for the features in which any of them is greatest; the window as that of `latest`."""
    values = latest(metric, *matchers, window=window)
    return f"{values} and on (feature) topk({count}, max by (feature) ({values}) > 0)"
