"""One log in every layout that a log may have: all statistics of all kinds, several windows, models and predictors."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from metrics_exporter.definitions import Columns, Kind
from metrics_exporter.windows import DAILY, Window
from tests.conformance.case import HOUR, START, UNREADABLE, Case, Raw, Row, Shape, in_shapes
from tests.conformance.table import (
    BIGINT,
    BOOLEAN,
    DECIMAL,
    DOUBLE,
    FLOAT,
    INTEGER,
    JSON,
    LIST,
    TEXT,
    ZONED_TIME,
    Ability,
    map_of,
)

_CITIES = ("Seoul", "서울", "O'Fallon", 'a "b" ${c}', "Zürich")


def _row(rng: random.Random, place: int) -> Row:
    features: dict[str, Any] = {
        "price": round(rng.lognormvariate(3, 2), 6) if place % 11 else None,
        "age": rng.randrange(90),
        "epoch": 1_700_000_000 + rng.randrange(3600),
        "city": rng.choice(_CITIES),
        "open": rng.random() < 0.3,
        "postcode": rng.choice((10115, 10117, 20095)),
        **({"gone": 1.5} if place % 2 else {}),
    }
    return Row(
        features=features,
        predictor="q" if place % 4 == 0 else "p",
        model="m1" if place % 3 else "m2",
        result=rng.gauss(1, 1e-3),
        defaults=("age",) if place % 5 == 0 else ("city", "price") if place % 7 == 0 else (),
        at=START + timedelta(microseconds=rng.randrange(7_200_000_000)),
    )


def _rows() -> list[Row]:
    rng = random.Random(5)
    return [_row(rng, place) for place in range(900)]


_MIXED = Case(
    "everything",
    _rows(),
    windows=3,
    kinds={("p", "postcode"): Kind.CATEGORICAL, ("q", "postcode"): Kind.CATEGORICAL},
    names={("p", "city"): ("Seoul", "nowhere"), ("p", "postcode"): ("10115", "10117")},
    atoms={("p", "age"): (7.0, 8.0, 9.5), ("q", None): (1.0,)},
)
_NUMBERS = Case(
    "numbers alone",
    [
        replace(row, features={"age": row.features["age"], "half": place / 4, "gone": None})
        for place, row in enumerate(_rows()[:300])
        if isinstance(row.features, dict)
    ],
    windows=2,
)


def _written(features: str, meaning: object) -> Row:
    return Row(Raw(features, meaning))


CASES = (
    *in_shapes(
        _MIXED,
        {
            "json text": Shape(),
            "json": Shape(features=JSON),
            "text of Python": Shape(features="python"),
            "map of text": Shape(features=map_of(TEXT)),
            "map of json": Shape(features=map_of(JSON)),
            "struct": Shape(features="struct"),
            "struct of text": Shape(features="struct", each=TEXT),
            "columns": Shape(features="columns"),
            "text columns": Shape(features="columns", each=TEXT),
            "list of defaults": Shape(defaults=LIST),
            "json defaults": Shape(defaults=JSON),
            "defaults of Python": Shape(defaults="python"),
            "defaults between commas": Shape(defaults="commas"),
            "zoned times": Shape(sent_at=ZONED_TIME),
            "text times": Shape(sent_at=TEXT),
            "text results": Shape(result=TEXT),
        },
    ),
    *in_shapes(
        _NUMBERS,
        {
            "map of double": Shape(features=map_of(DOUBLE), defaults=LIST),
            "map of float": Shape(features=map_of(FLOAT), defaults=LIST),
            "map of decimal": Shape(features=map_of(DECIMAL), defaults=LIST),
            "columns of double": Shape(features="columns", each=DOUBLE),
            "columns of decimal": Shape(features="columns", each=DECIMAL),
        },
    ),
    Case("map of integer", [Row({"a": n, "b": -n}) for n in range(50)], Shape(features=map_of(INTEGER))),
    Case("map of bigint", [Row({"a": n, "b": 2**40 + n}) for n in range(50)], Shape(features=map_of(BIGINT))),
    Case("map of boolean", [Row({"a": n % 3 == 0, "b": None}) for n in range(50)], Shape(features=map_of(BOOLEAN))),
    Case("map that is NULL or empty", [Row({"a": 1}), Row({}), Row(None)], Shape(features=map_of(DOUBLE))),
    Case("no column of defaults", [Row({"a": n}) for n in range(10)], Shape(defaults=None)),
    Case(
        "columns of any type where there is no value",
        [Row(None, result=None, defaults=None)] * 3,
        Shape(features=BOOLEAN, defaults=INTEGER, result=LIST),
    ),
    Case(
        "columns by a pattern",
        [Row({"city_a": n, "city_b": str(n), "price": n / 4}) for n in range(10)],
        Shape(features="columns"),
        columns=Columns(features=("price", "city_*")),
    ),
    Case(
        "windows of a quarter of an hour",
        [Row({"a": n}, at=START + timedelta(minutes=n)) for n in range(90)],
        window=Window(900),
        windows=6,
    ),
    Case(
        "a window of a day",
        [Row({"a": n}, at=START + n * HOUR) for n in range(-30, 30)],
        start=START - 10 * HOUR,
        window=DAILY,
        windows=2,
    ),
    Case("an empty range", [Row()], start=START + 5 * HOUR, windows=2),
    Case("an empty table", [], windows=2),
    Case("a model of one row", [Row({"a": 5e-7, "b": "x", "c": True})]),
    Case(
        "text of objects that others than JSON write",
        [
            _written("{'a': 2, 'b': True}", {"a": 2, "b": True}),
            _written("{'a': np.float64(3.0), 'b': None}", {"a": 3}),
            _written("{a=4, b=false}", {"a": 4, "b": False}),
            _written("{a=NULL, b=true}", {"b": True}),
            *(_written(nothing, None) for nothing in ("", "null", "None", "nan", "{}", "[]")),
            _written("[1, 2]", UNREADABLE),
            _written('{"a": 4', UNREADABLE),
            _written("oops", UNREADABLE),
            Row({"a": 1, "b": True}),
        ],
    ),
    Case(
        "text of Python with escapes",
        [
            Row({"a": "two\nlines", "b\tb": 1}),
            Row({"a": "back\\slash", "b\tb": 2}),
            Row({"a": 'it\'s "it"', "b\tb": 3}),
        ],
        Shape(features="python"),
    ),
    Case(
        "json of every sort of value",
        [
            Row({"n": 1, "t": "x", "list": [1], "object": {"k": 1}, "b": True, "null": None, "mixed": 1}),
            Row({"n": 2.5, "t": "y", "list": [2], "object": {"k": 2}, "b": False, "null": None, "mixed": "x"}),
            Row({"n": "3", "t": "é", "list": [], "object": {}, "b": "true", "null": None, "mixed": [1]}),
            _written('{"n": 1e2, "t": "\\u00e9\\ud83d\\ude00", "b": "FALSE"}', {"n": 100, "t": "é😀", "b": "FALSE"}),
            _written(' { "n" : -0.5e-3 , "t" : "a\\"b\\\\c\\/d\\n" } ', {"n": -0.0005, "t": 'a"b\\c/d\n'}),
            _written('{"n": 12345678901234567890123456789}', {"n": 12345678901234567890123456789}),
        ],
    ),
    Case(
        "lists in a categorical feature",
        [Row({"a": [1]}), Row({"a": [1]}), Row({"a": "x"})],
        kinds={("p", "a"): Kind.CATEGORICAL},
    ),
    *(
        Case(
            f"a name twice, {how}",
            [
                Row({"a": 1, "b": "x"}),
                _written('{"a": 5, "a": 5}', {"a": 5}),
                _written('{"a": 6, "a": 7, "b": "y"}', {"a": [6, 7], "b": "y"}),
            ],
            shape,
            needs=needs,
        )
        for how, shape, needs in (
            ("json text", Shape(), frozenset()),
            ("json", Shape(features=JSON), frozenset({Ability.JSON_AS_WRITTEN})),
        )
    ),
)
