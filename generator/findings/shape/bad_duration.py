"""A duration that isn't written like 10m, 3h, 21d or 2w."""

from __future__ import annotations

import re
from typing import Any

from generator.findings import Rule, Severity, quote
from generator.findings.refusal import refuse

RULE = Rule("bad-duration", Severity.ERROR, "A duration that can't be read")

PATTERN = "^[0-9]{1,6}[smhdw]$"

_DURATION = re.compile(PATTERN)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST = 520 * _UNITS["w"]  # Prometheus counts in nanoseconds and refuses what would overflow
_LOOSE = re.compile(r"[<>=≤≥~\s]*([0-9]+)\s*([a-zA-Z]+)\s*")


def seconds(duration: str) -> int:
    """How long a duration is that was accepted."""
    return int(duration[:-1]) * _UNITS[duration[-1]]


def needs_unit(duration: Any) -> Any:
    """Whatever was written, unless it is a whole number alone.

    Raises:
        PydanticCustomError: it is a number.
    """
    if isinstance(duration, int) and not isinstance(duration, bool):
        raise refuse(RULE, f"{quote(duration)} has no unit", f"write {duration}m, {duration}h or {duration}d")
    return duration


def accept(duration: str) -> str:
    """The duration itself.

    Raises:
        PydanticCustomError: it is not a whole number and one of the units s, m, h, d, w, or longer than ten years.
    """
    if _DURATION.match(duration):
        if seconds(duration) > _LONGEST:
            raise refuse(RULE, f"{quote(duration)} is longer than ten years", "write 520w or less")
        return duration
    loose = _LOOSE.fullmatch(duration)
    meant = f"{loose[1]}{loose[2][0].lower()}" if loose else ""
    advice = f"write {meant}" if _DURATION.match(meant) else "write a whole number and a unit: 10m, 3h, 21d or 2w"
    raise refuse(RULE, f"{quote(duration)} is no duration", advice)


def not_zero(duration: str) -> str:
    """The duration itself, which was accepted.

    Raises:
        PydanticCustomError: it is zero.
    """
    if seconds(duration) == 0:
        raise refuse(RULE, f"{quote(duration)} is no time at all", "write a duration longer than zero, such as 3h")
    return duration
