"""A key with nothing after it, or a value with nothing before it."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("missing-value", Severity.ERROR, "A key without a value, or without a name")


def finding(place: Place, what: str) -> Finding:
    """The finding for a value that is empty, `null` or `~`."""
    return RULE.finding(
        place,
        f"{what} has no value",
        "write the value after the colon or, indented, below it; or remove the key ({} is an empty mapping)",
    )


def no_name(place: Place) -> Finding:
    """The finding for a key that is empty, `null` or `~`."""
    return RULE.finding(place, "there is no name before the colon", "write the name; quote it if it is `null` or `~`")
