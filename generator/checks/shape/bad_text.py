"""A text that says nothing."""

from __future__ import annotations

from generator.checks.shape.refusal import refuse
from generator.findings import Rule, Severity

RULE = Rule("bad-text", Severity.ERROR, "A text that is blank")


def accept(text: str) -> str:
    """The text itself.

    Raises:
        PydanticCustomError: it is blank.
    """
    if not text.strip():
        raise refuse(RULE, "the text is blank", "write something, or remove the key")
    return text
