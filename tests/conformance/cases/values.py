"""How each value is read: numbers, what is no number, truths, categories. Features beside each other save scans."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from metrics_exporter.definitions import Kind
from tests.conformance.case import HOUR, START, Case, Row, Shape, in_shapes
from tests.conformance.table import BIGINT, DOUBLE, JSON, TEXT, map_of

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
_NUMBERS: Mapping[str, Sequence[float | None]] = {
    "absent": [1.5, None, math.nan, math.inf, -math.inf, 2.5, -3, 0, math.nan, 2.5],
    "never there": [None, math.nan, math.inf, -math.inf],
    "sentinel": [-999.0] * 30 + [float(n) for n in range(70)],
    "great sentinel": [1e308, 1.0, 2.0, 3.0],
    "least": [5e-324, -5e-324, 2.2250738585072014e-308, 0.0],
    "sum overflows": [_GREATEST] * 3 + [1e308, 1, 2],
    "squares overflow": [1e200, 3e200, -2e200],
    "negative zero": [-0.0, 0.0, -0.0, 1.0],
    "seconds since 1970": [1.7e9 + (n % 7) * 1e-3 for n in range(100)],
    "alone": [0.1 + 0.2],
    "even number of values": [1, 2, 3, 4],
    "odd number of values": [3, 1, 2],
    "skewed": [math.exp(n / 20) for n in range(200)],
    "same": [7.25] * 60,
}
_WORDS: Mapping[str, Sequence[Any]] = {
    "numbers as text": [
        *("1e3", " 5 ", "-2.5", "+7", ".5", "5.", "1E-2", "007"),
        *("Infinity", "-inf", "1e400", "NaN", "nan", ""),
    ],
    "mostly numbers": ["1", "2", "3", "n/a"],
    "no numbers": [*["1,000", "0x1", "1 2", "--1", "1e", "٣"], *map(str, range(8))],
    "city called Nan": ["Nan", "Pai", "NaN", "nan", "", None],
    "booleans": [True, False, True, None, True],
    "truths": ["true", "FALSE", "True", "false", "x", "1", "yes"],
    "mostly names": ["a", "b", "7"],
    "mostly truths": ["true", "FALSE", "true", "1", "x"],
    "dates": ["2026-03-04", "2026/3/4 10:00", "04-03-2026", "2026-03-04T10:00:00Z"],
    "differ in little": ["a", "A", "a ", " a", "ä", "a\u0308", "a\t", "a\n"],
    "hostile": ["'", '"', ";--", "\\", "%s", "$1", "?", ":a", "\n", "NULL", "null", "{{ a", "${a}", "`", "/*", "\\n"],
    "ties": [name + more for name in ("a", "B", "é", "e", "Z", "_", "-", "1", "😀", "ß", "ä", "A") for more in "xyzuv"],
}
_KNOWN: Mapping[str, tuple[Kind, Sequence[Any]]] = {
    "truths as numbers": (Kind.NUMERIC, [True, "FALSE", 3, "4", "x"]),
    "words as numbers": (Kind.NUMERIC, ["x", "2026-03-04", "4", 5]),
    "numbers as truths": (Kind.BOOLEAN, [True, "FALSE", 1, "0", 0.0, "1.0", 2, "x", None]),
    "numbers as names": (Kind.CATEGORICAL, [7, 7.0, "7", "7.0", 7.5, "7.50", -3, "-3.0", True, "TRUE", " 7 "]),
    "dates as names": (Kind.CATEGORICAL, ["2026-03-04", "2026-03-04", "x"]),
    "ids": (Kind.CATEGORICAL, [9007199254740993, 9007199254740992, 9007199254740993, -9007199254740993]),
    "nothing": (Kind.CATEGORICAL, [None, ""]),
}


def _of(values: Iterable[Any], **more: Any) -> list[Row]:
    return [Row({"a": value}, **more) for value in values]


def _beside(columns: Mapping[str, Sequence[Any]]) -> list[Row]:
    """Rows in which each feature has its values, one a row, and later rows have none."""
    longest = max(map(len, columns.values()))
    return [Row({name: values[n] for name, values in columns.items() if n < len(values)}) for n in range(longest)]


CASES = (
    *in_shapes(Case("numbers of every size", _beside(_NUMBERS)), _TYPED),
    *in_shapes(Case("text of every sort", _beside(_WORDS)), _TEXTS),
    *in_shapes(
        Case(
            "values beside the kind that is known",
            _beside({name: values for name, (_, values) in _KNOWN.items()}),
            kinds={("p", name): kind for name, (kind, _) in _KNOWN.items()},
        ),
        _TEXTS,
    ),
    *in_shapes(
        Case(
            "whole numbers in features known as boolean or categorical",
            _beside({"truth": [0, 1, 1, 1, None, 2], "name": [7, 7, 8, -3, 0], "number": [1, 2]}),
            kinds={("p", "truth"): Kind.BOOLEAN, ("p", "name"): Kind.CATEGORICAL},
        ),
        _TYPED,
    ),
    *in_shapes(
        Case(
            "ids beyond 2^53 in a feature known as categorical",
            [Row({"a": 9007199254740993 + n % 2, "b": n}) for n in range(5)],
            kinds={("p", "a"): Kind.CATEGORICAL},
        ),
        {
            "map of bigint": Shape(features=map_of(BIGINT)),
            "columns": Shape(features="columns"),
            "struct": Shape(features="struct"),
        },
    ),
    *in_shapes(
        Case(
            "booleans of their own type",
            _of([True, False, True, None, True]),
        ),
        {"columns": Shape(features="columns"), "struct": Shape(features="struct")},
    ),
    *in_shapes(
        Case(
            "more categories than the top, with ties",
            _of(f"c{n:03d}" for n in range(80) for _ in range(1 + (n < 20))),
            names={("p", "a"): [f"c{n:03d}" for n in range(10, 60)]},
        ),
        _TEXTS,
    ),
    Case(
        "kinds by predictor",
        [Row({"a": value}, predictor=predictor) for predictor, value in (("p", 1), ("q", "x"), ("r", True), ("s", 1))],
        kinds={("s", "a"): Kind.CATEGORICAL},
    ),
    Case("a kind that changes", [*_of([1, 2, 3]), *_of(["x", "y", "4"], at=START + HOUR)], windows=2),
    Case("more categories than anybody names", _of(f"c{n}" for n in range(1500))),
    Case(
        "known categories, and those that nobody knows",
        _beside({"a": ["a", "a", "b"], "b": ["a", "a", "b"], "c": ["a", "b"]}),
        names={("p", "a"): ["b"], ("p", "b"): ["x"], ("q", "c"): ["a"]},
    ),
    Case(
        "known single values",
        _of(n % 150 for n in range(600)),
        atoms={("p", "a"): [3.0, 4.0, 900.0], ("p", None): [1.0]},
    ),
    Case("categories of hundreds of thousands of characters", _of(["x" * 300_000, "x" * 299_999 + "y", "z"])),
    *in_shapes(
        Case("numbers with underscores", _of(["1_000", "1", "2", "3"])),
        {"json text": Shape(), "text columns": Shape(features="columns", each=TEXT)},
    ),
    Case("an object as text in a feature first met as categorical", _of(["{{ 1 }}", "a", "b"])),
)
