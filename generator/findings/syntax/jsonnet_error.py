"""A Jsonnet file that can't be evaluated."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("jsonnet-error", Severity.ERROR, "A Jsonnet file that can't be evaluated")


def finding(place: Place, words: str) -> Finding:
    """The finding for what Jsonnet says, in its own words."""
    shown = " ".join(words.split())[:300]
    return RULE.finding(place, f"Jsonnet: {shown}", "mend it here, or where the value that is used here is made")
