"""A registry file with nothing in it."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("empty-file", Severity.ERROR, "A registry file that is empty")


def finding(place: Place) -> Finding:
    """The finding for a file that is empty or holds comments only."""
    return RULE.finding(place, "the file is empty", "begin it with `version: 1`, or remove the file")
