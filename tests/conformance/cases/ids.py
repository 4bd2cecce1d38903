"""Predictors, models and predictions: whose rows are whose, and which repeat another."""

from __future__ import annotations

from datetime import timedelta

from tests.conformance.case import START, Case, Row, Shape, in_shapes
from tests.conformance.table import BIGINT, DOUBLE, INTEGER, JSON, LIST, TEXT, ZONED_TIME, Ability, map_of

_LATER = START + timedelta(minutes=9)
_NUMBERED = frozenset({Ability.NUMBERED_MODELS})
_STORED = {
    "json text": Shape(),
    "json": Shape(features=JSON),
    "map": Shape(features=map_of(DOUBLE), defaults=LIST),
    "columns": Shape(features="columns"),
    "struct": Shape(features="struct", defaults=LIST),
    "zoned times": Shape(sent_at=ZONED_TIME),
    "text times": Shape(sent_at=TEXT),
}

CASES = (
    *in_shapes(
        Case(
            "copies count once",
            [
                *[Row({"a": 1}, id="x")] * 3,
                Row({"a": 2}, id="x", at=_LATER),
                Row({"a": 3}, id="x", model="m2"),
                Row({"a": 3}, id="x", predictor="q"),
                *[Row({"a": 4}, id="y", defaults=["a"])] * 2,
            ],
        ),
        _STORED,
    ),
    *in_shapes(
        Case(
            "of rows with one key that differ, one counts",
            [Row({"a": n, "b": n}, id="x", result=float(n), defaults=["b"] * (n % 2)) for n in range(4)]
            + [Row({"a": 9})],
        ),
        _STORED,
    ),
    Case(
        "rows with one key that differ in their kinds",
        [Row({"a": "x"}, id="x"), Row({"a": "y"}, id="x"), Row({"a": "z"})],
    ),
    Case("a microsecond between them", [Row(id="x"), Row(id="x", at=START + timedelta(minutes=5, microseconds=1))]),
    Case("rows without an id always count", [Row(id=None)] * 4 + [Row(id="x")] * 2),
    Case("rows with an empty id always count", [Row(id="")] * 4 + [Row(id="x")] * 2),
    Case("no row has an id", [Row(id=None)] * 4),
    Case("ids that are numbers", [Row(id=n // 2) for n in range(6)] + [Row(id=None)] * 2, Shape(id=BIGINT)),
    Case("ids beyond 2^53", [Row(id=2**53 + n) for n in range(3)] + [Row(id=2**53)], Shape(id=BIGINT)),
    Case(
        "ids that differ in little", [Row(id=text) for text in ("a", "A", "a ", " a", "ä", "a\u0308", "1", "1.0", "01")]
    ),
    Case("all rows of one moment", [Row({"a": n}, at=START) for n in range(30)]),
    Case("models that are numbers", [Row(model=n % 2) for n in range(5)], Shape(model=INTEGER)),
    Case(
        "models that are numbers with a point",
        [Row(model=model) for model in (3.0, 3.5, 3.0)],
        Shape(model=DOUBLE),
        needs=_NUMBERED,
    ),
    Case("models beyond 2^53", [Row(model=2**53 + n) for n in range(3)], Shape(model=BIGINT)),
    Case("predictors that are numbers", [Row(predictor=n % 2) for n in range(5)], Shape(predictor=BIGINT)),
    Case(
        "models and predictors that are NULL", [Row(model=None), Row(predictor=None), Row(model=None, predictor=None)]
    ),
    Case("models that are empty or NULL", [Row(model=""), Row(model=None), Row(model="m")]),
    Case(
        "many predictors and models",
        [Row({"a": n, f"f{n % 3}": n}, predictor=f"p{n % 12}", model=f"m{n % 7}") for n in range(400)],
    ),
    Case("one model of two predictors", [Row({"a": n}, predictor="pq"[n % 2], model="m") for n in range(6)]),
)
