"""A number where text belongs, one value where a list belongs, and the like."""

from __future__ import annotations

import re
from typing import Any

from generator.findings import Finding, Place, Rule, Severity, quote
from generator.findings.scalars import resolve

RULE = Rule("wrong-type", Severity.ERROR, "A value of the wrong type")

# pydantic's error type → what belongs here, for a person.
EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping (`key: value`)",
    "model_type": "a mapping (`key: value`)",
    "model_attributes_type": "a mapping (`key: value`)",
    "text_or_list": "text or a list of texts",
}

_NUMBERS: dict[str, tuple[type, ...]] = {"a number": (int, float), "a whole number": (int,)}

# What is a number to a person: 20 %, 1,000 and 0,2.
_PER_CENT = re.compile(r"(?P<number>[-+]?[0-9]+(?:[.,][0-9]+)?) ?%")
_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_WITH_UNIT = re.compile(r"[0-9.]+ ?[A-Za-z]+")
_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")


def finding(place: Place, error_type: str, value: Any, written: str | None, example: str = "") -> Finding:
    """The finding for a value that isn't of the expected type.

    `written` is its text in the file, `example` what one could write there.
    """
    expected = EXPECTED[error_type]
    such_as = f", such as `{example}`" if example else ""
    return RULE.finding(
        place,
        f"{expected} belongs here, not {_describe(value, written)}",
        _advice(expected, value, written) or f"write {expected}{such_as}",
    )


def _describe(value: Any, written: str | None) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return f"{quote(written or value)}, which is true or false"
        case int() | float():
            return f"the number {quote(written or value)}"
        case str():
            return f"the text {quote(value)}"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _advice(expected: str, value: Any, written: str | None) -> str | None:
    if expected.startswith("text") and isinstance(value, bool | int | float):
        return f'put quotes around it: "{written or value}"'
    if isinstance(value, str) and (types := _NUMBERS.get(expected)):
        return f"remove the quotes: {value}" if type(resolve(value).value) in types else _number(value)
    if expected == "a whole number" and isinstance(value, float):
        return f"write {round(value)}" if abs(value) < 1e15 else None
    if expected == "a list" and isinstance(value, str | int | float):
        return f"write it in brackets: [{written or value}]"
    return None


def _number(text: str) -> str | None:
    """What to write for a text that is a number to a person, or begins with one."""
    if text[-1:] in {",", ";"} and type(resolve(text[:-1]).value) in {int, float}:
        return f"write {text[:-1]}"
    if _WITH_UNIT.fullmatch(text):
        return "write how many, without a unit"
    if found := _PER_CENT.fullmatch(text):
        return f"write {float(found['number'].replace(',', '.')) / 100:g}"
    if _THOUSANDS.fullmatch(text):
        return f"write {text.replace(',', '')}"
    return f"write {text.replace(',', '.')}" if _COMMA.fullmatch(text) else None
