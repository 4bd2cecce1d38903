"""A name that no artifact can carry: too long, with invisible characters, or blank at an end."""

from __future__ import annotations

from generator.findings import Rule, Severity, quote
from generator.findings.refusal import refuse

RULE = Rule("bad-name", Severity.ERROR, "A name that is empty, too long or has invisible characters")

MAX_LENGTH = 200


def accept(name: str) -> str:
    """The name itself.

    Raises:
        PydanticCustomError: it is empty, longer than `MAX_LENGTH`, has control or invisible characters, or begins or
            ends with a space.
    """
    if name.isprintable() and 0 < len(name) <= MAX_LENGTH and name == name.strip():
        return name
    if not name.strip():
        raise refuse(RULE, "the name is empty", "write the name as it is in the prediction log")
    if len(name) > MAX_LENGTH:
        raise refuse(
            RULE, f"{quote(name)} has {len(name)} characters", f"use a name of at most {MAX_LENGTH} characters"
        )
    if name != name.strip():
        raise refuse(RULE, f"{quote(name)} begins or ends with white space", f"write {quote(name.strip())}")
    odd = next(character for character in name if not character.isprintable())
    raise refuse(
        RULE,
        f"{quote(name)} has the invisible character U+{ord(odd):04X}",
        "use visible characters and plain spaces only; labels, addresses and titles are made of this name",
    )
