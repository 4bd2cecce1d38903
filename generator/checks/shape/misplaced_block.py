"""A predictor or an alert that was pasted where none belongs, or with an indentation that is another one."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("misplaced-block", Severity.ERROR, "A predictor or an alert at a place for something else")


def finding(place: Place, what: str, home: str) -> Finding:
    """The finding for a block that is `what` and belongs at the key `home`."""
    return RULE.finding(
        place,
        f"this is {what}, and not at a place for one",
        f"move it below {home}, and indent it as deep as what is there already",
    )
