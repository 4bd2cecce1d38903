"""A window that isn't written like 15m, 1h or 1d, or doesn't divide a day."""

from __future__ import annotations

from generator.findings import Rule, Severity, quote
from generator.findings.refusal import refuse
from metrics_exporter.windows import Window

RULE = Rule("bad-window", Severity.ERROR, "A window that is no divisor of a day")

PATTERN = "^([1-9][0-9]{0,3}m|(1|2|3|4|6|8|12|24)h|1d|7d)$"

_MEANT = {"hourly": "1h", "hour": "1h", "daily": "1d", "day": "1d", "weekly": "7d", "week": "7d", "1w": "7d"}


def accept(window: str) -> str:
    """The window itself.

    Raises:
        PydanticCustomError: it is none that windows can have.
    """
    try:
        Window.parse(window)
    except ValueError:
        raise refuse(RULE, f"{quote(window)} is no window", _advice(window)) from None
    return window


def _advice(window: str) -> str:
    if meant := _MEANT.get(window.strip().lower()):
        return f"write {meant}"
    return "write one that divides a day, such as 5m, 15m, 1h, 6h or 1d; or 7d"
