"""A key that is a list or a mapping."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("yaml-key", Severity.ERROR, "A key that is no text")


def finding(place: Place) -> Finding:
    """The finding for a key that is a list or a mapping itself."""
    return RULE.finding(
        place, "a key must be text, not a list or a mapping", 'quote what begins with a bracket: "{name}"'
    )
