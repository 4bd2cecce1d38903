"""`channel: #ml-team`: the value is a comment, so there is none."""

from __future__ import annotations

import re

from generator.findings import Finding, Place, Rule, Severity, quote

RULE = Rule("hash-comment", Severity.ERROR, "An unquoted # that makes a comment of the value")

_COMMENT = re.compile(r"\s*#(?P<word>[^\s#\"',}\]](?:[^#\"',}\]]*[^\s#\"',}\]])?)")


def find(place: Place, what: str, rest_of_line: str) -> Finding | None:
    """The finding for a missing value that a comment like `#channel` follows on the same line."""
    if not (comment := _COMMENT.match(rest_of_line)):
        return None
    word = f"#{comment['word']}"
    return RULE.finding(
        place, f"{what} has no value: without quotes {quote(word)} is a comment", f'write "{word}" with quotes'
    )
