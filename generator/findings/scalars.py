"""What an unquoted YAML scalar means: YAML 1.2's core schema, and a finding where readers disagree."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from generator.findings import Rule
from generator.findings.syntax import (
    smart_quotes,
    yaml_boolean,
    yaml_date,
    yaml_number_base,
    yaml_sexagesimal,
    yaml_underscore,
)

Value = str | int | float | bool | None

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)

_TRAPS: tuple[tuple[Rule, Callable[[str], tuple[str, str] | None]], ...] = tuple(
    (trap.RULE, trap.recognise)
    for trap in (yaml_boolean, yaml_underscore, yaml_sexagesimal, yaml_number_base, yaml_date, smart_quotes)
)


class Trap(NamedTuple):
    """Why an unquoted scalar doesn't mean the same to all readers."""

    rule: Rule
    message: str
    advice: str


class Scalar(NamedTuple):
    """What an unquoted scalar means, and the trap that it is, if it is one."""

    value: Value
    trap: Trap | None


def resolve(text: str) -> Scalar:
    """What the unquoted `text` means; of a trap, the text."""
    for rule, recognise in _TRAPS:
        if found := recognise(text):
            return Scalar(text, Trap(rule, *found))
    return Scalar(_value(text), None)


def _value(text: str) -> Value:
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text
