"""A number or a list that is too small or too large."""

from __future__ import annotations

from typing import Any

from generator.findings import Finding, Place, Rule, Severity, quote

RULE = Rule("out-of-range", Severity.ERROR, "A number or list that is too small or too large")

# pydantic's error type → the finding's advice; the fields come from the error's context.
ADVICE = {
    "greater_than": "write a number above {gt:g}",
    "greater_than_equal": "write {ge:g} or more",
    "less_than_equal": "write {le:g} or less",
    "finite_number": "write a finite number",
    "too_short": "write at least {min_length} element",
}


def finding(place: Place, error_type: str, value: Any, context: dict[str, Any]) -> Finding:
    """The finding for a value out of the range that pydantic's error tells of."""
    what = "the list" if isinstance(value, list) else "the mapping" if isinstance(value, dict) else quote(value)
    size = "too short" if error_type == "too_short" else "out of range"
    return RULE.finding(place, f"{what} is {size}", ADVICE[error_type].format_map(context))
