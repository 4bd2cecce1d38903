"""`---` in the middle of a file: a second document."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("several-documents", Severity.ERROR, "More than one YAML document in a file")


def finding(place: Place) -> Finding:
    """The finding for a second document."""
    return RULE.finding(
        place, "a second YAML document begins here", "remove the `---`, or move what follows to a file of its own"
    )
