"""A key with nothing after it."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("missing-value", Severity.ERROR, "A key without a value")


def finding(place: Place, what: str) -> Finding:
    """The finding for a value that is empty, `null` or `~`."""
    return RULE.finding(
        place, f"{what} has no value", "write the value after the colon, or remove the key ({} is an empty mapping)"
    )
