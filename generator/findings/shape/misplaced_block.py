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


def at_top_level(place: Place, name: str, what: str, section: str, *, section_is_there: bool) -> Finding:
    """The finding for an entry, such as a predictor, that stands beside the `section` that it belongs to."""
    above = f"move it below `{section}:`" if section_is_there else f"write `{section}:` above it"
    return RULE.finding(
        place,
        f"{quote(name)} is a {what}, and here it is at the top level of the file",
        f"{above}, and indent it and what is below it by two spaces more",
    )


def without_dash(place: Place, what: str, key: str) -> Finding:
    """The finding for the only element of a list that is written without its dash; `key` is its first key."""
    return RULE.finding(
        place,
        f"here a list of {what}s belongs, and this is one {what}",
        f"write `- ` before {quote(key)}, and indent its other keys by two spaces more",
    )


def id_for_element(place: Place, what: str, name: str) -> Finding:
    """The finding for an element of a list that has its id as a key, and what belongs to it below that."""
    return RULE.finding(
        place,
        f"{quote(name)} is the id of an {what}, and stands here as a key",
        f"write `- id: {name}`, and below it the {what}'s other keys, as deep as `id`",
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
