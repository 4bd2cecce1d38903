"""A Jsonnet file that takes too long, too much memory, or yields too much."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("jsonnet-limit", Severity.ERROR, "A Jsonnet file that takes too long, or too much memory")


def finding(place: Place) -> Finding:
    """The finding for a file that was stopped."""
    return RULE.finding(
        place,
        "evaluating the file took too long or too much memory, so it was stopped",
        "look for a recursion without an end; put names together with `+`, since `%` is slow; or split the file",
    )
