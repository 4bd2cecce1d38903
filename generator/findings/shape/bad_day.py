"""A day that isn't written like 2026-11-26."""

from __future__ import annotations

import re
from datetime import date

from generator.findings import Rule, Severity, quote
from generator.findings.refusal import refuse

RULE = Rule("bad-day", Severity.ERROR, "A day that can't be read")

PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

_DAY = re.compile(PATTERN)


def accept(day: str) -> str:
    """The day itself.

    Raises:
        PydanticCustomError: there is no such day, or it is written otherwise.
    """
    try:
        date.fromisoformat(day)
    except ValueError:
        is_written_right = _DAY.match(day) is not None
    else:
        if _DAY.match(day):
            return day
        is_written_right = False
    problem = "there is no such day" if is_written_right else "it is no day"
    raise refuse(RULE, f"{quote(day)}: {problem}", 'write year, month and day: "2026-11-26", with quotes')
