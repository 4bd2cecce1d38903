"""A text that says nothing, or has characters that nobody sees."""

from __future__ import annotations

import re

from generator.findings import Rule, Severity
from generator.findings.refusal import refuse

RULE = Rule("bad-text", Severity.ERROR, "A text that is blank, or has invisible characters")


def accept(text: str) -> str:
    """The text itself, of one line.

    Raises:
        PydanticCustomError: it is blank, or has control or invisible characters.
    """
    if not text.isprintable():
        odd = next(character for character in text if not character.isprintable())
        raise refuse(RULE, f"the text has the invisible character U+{ord(odd):04X}", "write it on one line, without it")
    return _not_blank(text)


def accept_lines(text: str) -> str:
    """The text itself, of any number of lines.

    Raises:
        PydanticCustomError: it is blank, or has control characters other than tabs and line breaks.
    """
    for line in re.split(r"[\t\r\n]", text):
        if line:
            accept(line.strip(" ") or "-")
    return _not_blank(text)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise refuse(RULE, "the text is blank", "write something, or remove the key")
    return text
