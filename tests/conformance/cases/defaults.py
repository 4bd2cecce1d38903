"""Values that are defaults of the model: in no statistic, and counted apart."""

from __future__ import annotations

from metrics_exporter.definitions import Kind
from tests.conformance.case import UNREADABLE, Case, Raw, Row, Shape, in_shapes
from tests.conformance.table import DOUBLE, JSON, LIST, map_of

_STORED = {
    "list": Shape(defaults=LIST),
    "json text": Shape(),
    "json": Shape(defaults=JSON),
    "python": Shape(defaults="python"),
    "map and list": Shape(features=map_of(DOUBLE), defaults=LIST),
}
_HOSTILE = ("it's", 'say "hi"', "a, b", "[x]", "${x}", "배달 시간")
_LISTS = {
    "['a']": ["a"],
    "a": ["a"],
    "a,b": ["a", "b"],
    '["a", "b"]': ["a", "b"],
    "[a, b]": ["a", "b"],
    "{a}": ["a"],
    "a;b": ["a", "b"],
    "('a',)": ["a"],
    " a | b ": ["a", "b"],
    "a name, b": ["a name", "b"],
    "[]": [],
    "": [],
    "None": [],
    "null": [],
    '{"a": 1}': UNREADABLE,
    '["a"': UNREADABLE,
}

CASES = (
    *in_shapes(
        Case(
            "defaults are in no distribution",
            [Row({"a": n, "b": 2 * n}, defaults=["b"] if n < 3 else ["a", "b"] if n < 5 else []) for n in range(20)],
        ),
        {**_STORED, "commas": Shape(defaults="commas"), "columns": Shape(features="columns")},
    ),
    *in_shapes(Case("defaults that are NULL", [Row(defaults=None), Row(defaults=["a"]), Row(defaults=[])]), _STORED),
    *in_shapes(
        Case("a default of a feature that the row leaves out", [Row({"a": 1}, defaults=["b"]), Row({"a": 1, "b": 2})]),
        _STORED,
    ),
    *in_shapes(Case("a default of a feature that no row has", [Row({"a": 1}, defaults=["b"]), Row({"a": 2})]), _STORED),
    *in_shapes(
        Case("a default named twice", [Row({"a": 1, "b": 1}, defaults=["b", "b"]), Row({"a": 1, "b": 2})]), _STORED
    ),
    *in_shapes(Case("all values are defaults", [Row({"a": n}, defaults=["a"]) for n in range(5)]), _STORED),
    *in_shapes(
        Case(
            "infinities that are defaults",
            [Row({"a": n, "b": float("inf")}, defaults=["b"] * (n % 2)) for n in range(6)],
        ),
        _STORED,
    ),
    *in_shapes(
        Case(
            "categories that are defaults",
            [Row({"a": f"c{n % 3}"}, defaults=["a"] * (n % 3 == 0)) for n in range(9)],
            kinds={("p", "a"): Kind.CATEGORICAL},
            names={("p", "a"): ["c1"]},
        ),
        {name: shape for name, shape in _STORED.items() if name != "map and list"},
    ),
    *in_shapes(
        Case(
            "defaults with hostile names",
            [Row(dict.fromkeys(_HOSTILE, 1), defaults=_HOSTILE), Row(dict.fromkeys(_HOSTILE, 2))],
        ),
        {"list": Shape(defaults=LIST), "json text": Shape(), "json": Shape(defaults=JSON)},
    ),
    Case(
        "defaults as any list",
        [Row({"a": 1, "b": 2, "a name": 3}, defaults=Raw(text, meaning)) for text, meaning in _LISTS.items()],
    ),
)
