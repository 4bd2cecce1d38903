"""A Jsonnet file, and no Jsonnet to evaluate it."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("jsonnet-missing", Severity.ERROR, "A Jsonnet file where Jsonnet isn't installed")


def finding(place: Place) -> Finding:
    """The finding for a file that can't be evaluated here."""
    return RULE.finding(
        place,
        "evaluating a Jsonnet file needs the extra `jsonnet`, which is not installed here",
        "pip install 'driftgauge[jsonnet]'",
    )
