"""Numbers and times as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from metrics_exporter.windows import DAILY, HOURLY, Window

MOST_MISSING = 200

_LENGTHS = {HOURLY: "hour", DAILY: "day", Window(7 * DAILY.seconds): "week"}
_SUFFIXES = ((1e12, 1e12, "T"), (1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))


def number(value: float) -> str:
    """Three significant digits, all of a number of four, a suffix beyond; an exponent only for what is tiny or huge."""
    rounded = float(f"{value:.3g}")
    size = abs(rounded)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.1e}"
    for least, unit, suffix in _SUFFIXES:
        if size >= least:
            return f"{rounded / unit:g}{suffix}"
    return f"{value:.0f}" if size >= 1000 else f"{rounded:g}"


def count(value: int) -> str:
    """A whole number with separators."""
    return f"{value:,}"


def percent(ratio: float) -> str:
    """A ratio in per cent; what is not nothing never reads as 0 %, and what is not all never as 100 %."""
    if 0 < ratio < 0.001:
        return "<0.1 %"
    if 0.995 <= ratio < 1:
        return ">99 %"
    return f"{ratio:.1%}".replace(".0%", "%").replace("%", " %") if ratio < 0.1 else f"{ratio:.0%}".replace("%", " %")


def moment(time: datetime) -> str:
    """Day and minute in UTC."""
    return f"{time.day} {time:%b %H:%M}"


def ago(duration: timedelta) -> str:
    """How long: in minutes up to two hours, in hours up to two days, in days."""
    minutes = round(duration.total_seconds() / 60)
    if minutes < 120:
        return _counted(minutes, "minute")
    if minutes < 48 * 60:
        return _counted(round(minutes / 60), "hour")
    return _counted(round(minutes / 1440), "day")


def length(window: Window) -> str:
    """What a window is called: an hour, a day, or `15m`."""
    return _LENGTHS.get(window, str(window))


def listed(names: Sequence[str]) -> str:
    """A few names in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def plural(quantity: int, what: str) -> str:
    """A count of things."""
    return _counted(quantity, what)


def features(quantity: int) -> str:
    """A count of features that are missing, of which the page looks at `MOST_MISSING` at most."""
    return f"{'at least ' if quantity >= MOST_MISSING else ''}{_counted(quantity, 'feature')}"


def _counted(quantity: int, what: str) -> str:
    return f"{quantity:,} {what}{'' if quantity == 1 else 's'}"
