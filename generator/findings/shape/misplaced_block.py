"""A predictor or an alert that was pasted where none belongs, or with an indentation that is another one."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity, quote

RULE = Rule("misplaced-block", Severity.ERROR, "A predictor or an alert at a place for something else")


def without_id(place: Place, what: str) -> Finding:
    """The finding for a predictor, team or log that stands right below its section, without its id."""
    return RULE.finding(
        place,
        f"here the keys of a {what} follow, and not its id",
        "write its id above them, and indent them below it",
    )


def key_as_id(place: Place, key: str) -> Finding:
    """The finding for a predictor's `key` that stands where the ids of predictors do."""
    return RULE.finding(
        place,
        f"here the id of a predictor belongs, and {quote(key)} is a key of one",
        "indent it, and what is below it, as deep as the other keys of its predictor",
    )


def finding(place: Place, what: str, home: str) -> Finding:
    """The finding for a block that is `what` and belongs at the key `home`."""
    return RULE.finding(
        place,
        f"this is {what}, and not at a place for one",
        f"move it below {home}, and indent it as deep as what is there already",
    )
