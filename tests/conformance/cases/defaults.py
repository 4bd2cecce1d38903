"""Values that are defaults of the model: in no statistic, and counted apart."""

from __future__ import annotations

import math

from metrics_exporter.definitions import Kind
from tests.conformance.case import UNREADABLE, Case, Raw, Row, Shape, in_shapes
from tests.conformance.table import DOUBLE, JSON, LIST, TEXT, map_of

_TEXTS = {
    "list": Shape(defaults=LIST),
    "json text": Shape(),
    "json": Shape(features=JSON, defaults=JSON),
    "python": Shape(features="python", defaults="python"),
    "commas": Shape(defaults="commas"),
    "map and list": Shape(features=map_of(TEXT), defaults=LIST),
}
_NUMBERS = {
    "map and list": Shape(features=map_of(DOUBLE), defaults=LIST),
    "map and text": Shape(features=map_of(DOUBLE)),
    "columns and text": Shape(features="columns", each=DOUBLE),
    "struct and list": Shape(features="struct", each=DOUBLE, defaults=LIST),
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


def _defaults(place: int) -> list[str] | None:
    """By turns: some, one twice and one that no row has, none, NULL."""
    return [["b", "infinite"], ["all", "twice", "twice", "nowhere"], [], None, ["left out"]][place % 5]


_ROWS = [
    Row(
        {
            "a": place,
            "b": 2 * place,
            "infinite": math.inf if place % 5 == 0 else 1,
            **({"all": 1} if place % 5 == 1 else {}),
            "twice": place / 4,
            **({} if place % 5 == 4 else {"left out": place}),
        },
        defaults=_defaults(place),
    )
    for place in range(40)
]

CASES = (
    *in_shapes(Case("defaults are in no distribution", _ROWS), _NUMBERS),
    *in_shapes(
        Case(
            "defaults are in no category",
            [
                Row({"a": f"c{n % 3}", "b": n % 2 == 0}, defaults=["a"] * (n % 3 == 0) + ["b"] * (n > 6))
                for n in range(9)
            ],
            kinds={("p", "a"): Kind.CATEGORICAL},
            names={("p", "a"): ["c1"]},
        ),
        _TEXTS,
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
