"""How each value is read: numbers, what is no number, truths, categories."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from metrics_exporter.definitions import Kind
from tests.conformance.case import HOUR, START, Case, Row, Shape, in_shapes
from tests.conformance.table import BIGINT, DOUBLE, JSON, LIST, TEXT, map_of

_TYPED = {
    "map": Shape(features=map_of(DOUBLE)),
    "columns": Shape(features="columns", each=DOUBLE),
    "struct": Shape(features="struct", each=DOUBLE),
    "json text": Shape(),
}
_TEXTS = {
    "json text": Shape(),
    "json": Shape(features=JSON),
    "map of text": Shape(features=map_of(TEXT)),
    "text columns": Shape(features="columns", each=TEXT),
}
_GREATEST = 1.7976931348623157e308


def _of(values: Iterable[Any], **more: Any) -> list[Row]:
    return [Row({"a": value}, **more) for value in values]


def _named(values: Iterable[str]) -> dict[tuple[str, str], Kind]:
    return {("p", name): Kind.CATEGORICAL for name in values}


CASES = (
    *in_shapes(
        Case("NULL, NaN and infinities", _of([1.5, None, math.nan, math.inf, -math.inf, 2.5, -3, 0, math.nan, 2.5])),
        _TYPED,
    ),
    *in_shapes(Case("nothing but NULL, NaN and infinities", _of([None, math.nan, math.inf, -math.inf])), _TYPED),
    *in_shapes(Case("sentinels", _of([-999.0] * 30 + [float(n) for n in range(70)])), _TYPED),
    *in_shapes(
        Case("the least and the greatest numbers", _of([5e-324, -5e-324, 2.2250738585072014e-308, 0.0])), _TYPED
    ),
    *in_shapes(Case("numbers whose sum overflows", _of([_GREATEST] * 3 + [1e308, 1, 2])), _TYPED),
    *in_shapes(Case("numbers whose squares overflow", _of([1e200, 3e200, -2e200])), _TYPED),
    *in_shapes(Case("negative zero", _of([-0.0, 0.0, -0.0, 1.0])), _TYPED),
    *in_shapes(Case("seconds since 1970", _of([1.7e9 + (n % 7) * 1e-3 for n in range(2000)])), _TYPED),
    *in_shapes(Case("a value alone", _of([0.1 + 0.2])), _TYPED),
    *in_shapes(Case("an even number of values", _of([1, 2, 3, 4])), _TYPED),
    *in_shapes(Case("skewed numbers", _of([math.exp(n / 40) for n in range(1000)])), _TYPED),
    *in_shapes(
        Case(
            "numbers as text",
            _of(["1e3", " 5 ", "-2.5", "+7", ".5", "5.", "1E-2", "007", "Infinity", "-inf", "1e400", "NaN", "nan", ""]),
        ),
        _TEXTS,
    ),
    *in_shapes(
        Case(
            "text that is no number",
            _of(["1,000", "0x1", "1 2", "--1", "1e", "٣", "1", "2", "3", "4", "5", "6", "7", "8"]),
        ),
        _TEXTS,
    ),
    *in_shapes(Case("text of a city called Nan", _of(["Nan", "Pai", "NaN", "nan", "", None])), _TEXTS),
    *in_shapes(
        Case("booleans", _of([True, False, True, None, True])),
        {**_TEXTS, "columns": Shape(features="columns"), "struct": Shape(features="struct")},
    ),
    *in_shapes(Case("truths as text", _of(["true", "FALSE", "True", "false", "x", "1", "yes"])), _TEXTS),
    *in_shapes(
        Case("truths in a numeric feature", _of([True, "FALSE", 3, "4", "x"]), kinds={("p", "a"): Kind.NUMERIC}), _TEXTS
    ),
    *in_shapes(
        Case(
            "numbers in a boolean feature",
            _of([True, "FALSE", 1, "0", 0.0, "1.0", 2, "x", None]),
            kinds={("p", "a"): Kind.BOOLEAN},
        ),
        _TEXTS,
    ),
    *in_shapes(
        Case("numbers 0 and 1 in a boolean feature", _of([0, 1, 1, 1, None, 2]), kinds={("p", "a"): Kind.BOOLEAN}),
        _TYPED,
    ),
    *in_shapes(
        Case("text in a feature known as numeric", _of(["x", "2026-03-04", "4", 5]), kinds={("p", "a"): Kind.NUMERIC}),
        _TEXTS,
    ),
    *in_shapes(
        Case(
            "numbers in a feature known as categorical",
            _of([7, 7.0, "7", "7.0", 7.5, "7.50", -3, "-3.0", True, "TRUE", " 7 "]),
            kinds={("p", "a"): Kind.CATEGORICAL},
        ),
        _TEXTS,
    ),
    *in_shapes(
        Case("whole numbers in a feature known as categorical", _of([7, 7, 8, -3, 0]), kinds=_named("a")),
        {**_TYPED, "bigint": Shape(features="columns", each=BIGINT)},
    ),
    *in_shapes(
        Case(
            "ids beyond 2^53 in a feature known as categorical",
            [Row({"a": 9007199254740993 + n % 2, "b": n}) for n in range(5)],
            kinds=_named("a"),
        ),
        {
            **_TEXTS,
            "map of bigint": Shape(features=map_of(BIGINT)),
            "columns": Shape(features="columns"),
            "struct": Shape(features="struct"),
        },
    ),
    *in_shapes(Case("dates", _of(["2026-03-04", "2026/3/4 10:00", "04-03-2026", "2026-03-04T10:00:00Z"])), _TEXTS),
    *in_shapes(
        Case("dates in a categorical feature", _of(["2026-03-04", "2026-03-04", "x"]), kinds=_named("a")), _TEXTS
    ),
    *in_shapes(Case("mostly numbers", _of(["1", "2", "3", "n/a"])), _TEXTS),
    *in_shapes(Case("mostly names", _of(["a", "b", "7"])), _TEXTS),
    *in_shapes(Case("mostly truths", _of(["true", "FALSE", "true", "1", "x"])), _TEXTS),
    Case(
        "kinds by predictor",
        [Row({"a": value}, predictor=predictor) for predictor, value in (("p", 1), ("q", "x"), ("r", True), ("s", 1))],
        kinds={("s", "a"): Kind.CATEGORICAL},
    ),
    Case(
        "a kind that changes",
        [*_of([1, 2, 3]), *_of(["x", "y", "4"], at=START + HOUR)],
        windows=2,
    ),
    *in_shapes(
        Case(
            "more categories than the top, with ties",
            _of(f"c{n:03d}" for n in range(80) for _ in range(1 + (n < 20))),
            names={("p", "a"): [f"c{n:03d}" for n in range(10, 60)]},
        ),
        {**_TEXTS, "list of defaults": Shape(defaults=LIST)},
    ),
    *in_shapes(
        Case(
            "ties of names that alphabets sort otherwise",
            _of(
                name + more
                for name in ("a", "B", "é", "e", "Z", "_", "-", "1", "😀", "ß", "ä", "A")
                for more in "xyzuv"
            ),
        ),
        _TEXTS,
    ),
    Case("more categories than anybody names", _of(f"c{n}" for n in range(1500))),
    Case("a category that nobody knows", _of(["a", "a", "b"]), names={("p", "a"): ["b"], ("q", "a"): ["a"]}),
    Case("known categories that there are not", _of(["a", "a", "b"]), names={("p", "a"): ["x"] * 1}),
    Case(
        "known single values",
        _of([n % 150 for n in range(600)]),
        atoms={("p", "a"): [3.0, 4.0, 900.0], ("p", None): [1.0]},
    ),
    Case("categories that differ in little", _of(["a", "A", "a ", " a", "ä", "a\u0308", "a\t", "a\n"])),
    Case(
        "categories with hostile text",
        _of(["'", '"', ";--", "\\", "%s", "$1", "?", ":a", "\n", "NULL", "null"]),
    ),
    Case("categories of hundreds of thousands of characters", _of(["x" * 300_000, "x" * 299_999 + "y", "z"])),
    *in_shapes(Case("numbers with underscores", _of(["1_000", "1", "2", "3"])), _TEXTS),
    Case("an object as text in a feature first met as categorical", _of(["{{ 1 }}", "a", "b"])),
)
