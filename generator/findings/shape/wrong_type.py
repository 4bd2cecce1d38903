"""A number where text belongs, one value where a list belongs, and the like."""

from __future__ import annotations

import re
from typing import Any

from generator.findings import Finding, Place, Rule, Severity, quote
from generator.findings.scalars import resolve
from metrics_exporter.windows import Window

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
    "text_or_mapping": "text or `{name: …}`",
    "text_or_texts": "text or a mapping of texts",
}

_NUMBERS: dict[str, tuple[type, ...]] = {"a number": (int, float), "a whole number": (int,)}

# What is a number to a person: 20 %, 1,000, 0,2, 3 mph and > 0.4.
_PER_CENT = re.compile(r"(?P<number>[-+]?[0-9]+(?:[.,][0-9]+)?) ?%")
_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_WITH_UNIT = re.compile(r"[-+]?[0-9.]+ ?[A-Za-z°µ/]+")
_COMPARED = re.compile(r"(?P<operator>[<>=≤≥!~]+)\s*(?P<rest>\S.*)")
_SIDES = {"<": "below", "≤": "below", ">": "above", "≥": "above"}
_DURATION = re.compile(r"(?P<count>[0-9]+) ?(?P<unit>[smhdw])[a-z]*")
_WINDOWS = re.compile(r"(?P<count>[0-9]+) ?(?:windows?|x|times)", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_BAND = re.compile(r"\[?\s*(?P<min>-?[0-9.]+)\s*(?:-|–|\.\.+|,|to)\s*(?P<max>-?[0-9.]+)\s*\]?")
_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")


def finding(
    place: Place, error_type: str, value: Any, written: str | None, *, example: str = "", key: str = ""
) -> Finding:
    """The finding for a value that isn't of the expected type.

    `written` is its text in the file, `example` what one could write there, `key` what it is the value of.
    """
    expected = EXPECTED[error_type]
    such_as = f", such as `{example}`" if example else ""
    return RULE.finding(
        place,
        f"{expected} belongs here, not {_describe(value, written)}",
        _advice(expected, value, written, key) or f"write {expected}{such_as}",
    )


def no_windows(place: Place, value: str, window: Window) -> Finding:
    """The finding for a `for` that is no number; `window` is the length of the windows that it counts."""
    advice = "write how many windows in a row, a whole number"
    if counted := _WINDOWS.fullmatch(value):
        advice = f"write {counted['count']}"
    elif spanned := _DURATION.fullmatch(value):
        seconds = int(spanned["count"]) * _SECONDS[spanned["unit"]]
        count = max(1, -(-seconds // window.seconds))
        advice = f"write {count}: {value} are {count} of this alert's windows, which are {window} long"
        if count == 1:
            advice = f"write 1, or leave it out: {value} are not more than one of this alert's windows of {window}"
    return RULE.finding(place, f"`for` counts windows in a row, so {quote(value)} can't be read", advice)


def entries(place: Place, key: str, first: str) -> Finding:
    """The finding for a list that is written as a mapping of its elements by their ids, of which `first` is one."""
    return RULE.finding(
        place,
        f"{quote(key)} is a list, and here it is a mapping",
        f"begin each element with a dash, and its name as a key of it: `- id: {first}` in place of `{first}:`",
    )


def elements(place: Place, key: str, first: str) -> Finding:
    """The finding for a mapping that is written as a list; `first` is the name of its first element, if it has one."""
    return RULE.finding(
        place,
        f"{quote(key)} is a mapping by name, and here it is a list",
        f"write each name as a key, without a dash: `{first}:` with what belongs to it below",
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


def _advice(expected: str, value: Any, written: str | None, key: str) -> str | None:
    if expected.startswith("text") and isinstance(value, bool | int | float):
        return f'put quotes around it: "{written or value}"'
    if isinstance(value, str) and (types := _NUMBERS.get(expected)):
        return f"remove the quotes: {value}" if type(resolve(value).value) in types else _number(value, key)
    if expected == "a whole number" and isinstance(value, float):
        return f"write {round(value)}" if abs(value) < 1e15 else None
    if expected == "a list" and isinstance(value, str | int | float):
        return f"write it in brackets: [{written or value}]"
    if key in {"expect", "outside"} and (band := _BAND.fullmatch(str(value))):
        return f"write {{min: {band['min']}, max: {band['max']}}}"
    return None


def _number(text: str, key: str) -> str | None:
    """What to write for a text that is a number to a person, or has one in it."""
    if compared := _COMPARED.fullmatch(text):
        side = _SIDES.get(compared["operator"][0], key) if key in _SIDES.values() else key
        return f"the key says how it is compared: write `{side}: {_plain(compared['rest']) or '…'}`"
    if number := _plain(text):
        return f"write {number}"
    return "write the number alone, without a unit" if _WITH_UNIT.fullmatch(text) else None


def _plain(text: str) -> str | None:
    """The number that a text is to a person, as YAML has it."""
    if type(resolve(text).value) in {int, float}:
        return text
    if text[-1:] in {",", ";"} and type(resolve(text[:-1]).value) in {int, float}:
        return text[:-1]
    if found := _PER_CENT.fullmatch(text):
        return f"{float(found['number'].replace(',', '.')) / 100:g}"
    if _THOUSANDS.fullmatch(text):
        return text.replace(",", "")
    return text.replace(",", ".") if _COMMA.fullmatch(text) else None
