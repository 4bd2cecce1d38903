"""A number where text belongs, one value where a list belongs, and the like."""

from __future__ import annotations

from typing import Any

from generator.findings import Finding, Place, Rule, Severity, quote
from generator.spec.scalars import resolve

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


def finding(place: Place, error_type: str, value: Any, written: str | None) -> Finding:
    """The finding for a value that isn't of the expected type; `written` is its text in the file."""
    expected = EXPECTED[error_type]
    return RULE.finding(
        place,
        f"{expected} belongs here, not {_describe(value, written)}",
        _advice(expected, value, written) or f"write {expected}",
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
    if isinstance(value, str) and type(resolve(value).value) in _NUMBERS.get(expected, ()):
        return f"remove the quotes: {value}"
    if expected == "a whole number" and isinstance(value, float):
        return f"write {round(value)}" if abs(value) < 1e15 else None
    if expected == "a list" and isinstance(value, str | int | float):
        return f"write it in brackets: [{written or value}]"
    return None
