"""A value that is none of the few that are possible."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from generator.findings import Finding, Place, Rule, Severity, did_you_mean, listing, quote

RULE = Rule("unknown-choice", Severity.ERROR, "A value that is none of the possible ones")


def finding(place: Place, value: Any, choices: Collection[str]) -> Finding:
    """The finding for a value that is none of `choices`."""
    advice = did_you_mean(str(value), choices)
    if advice.startswith("did"):
        advice += f" (possible: {listing(choices)})"
    return RULE.finding(place, f"{quote(value)} is not possible here", advice)
