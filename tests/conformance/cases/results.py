"""The predictions themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from tests.conformance.case import HOUR, START, Case, Row, Shape
from tests.conformance.table import BIGINT, BOOLEAN, DECIMAL, FLOAT, INTEGER, TEXT


def _of(results: Iterable[Any], **more: Any) -> list[Row]:
    return [Row({"a": 1}, result=result, **more) for result in results]


_AS_TEXT = Shape(result=TEXT)

CASES = (
    Case("results that are NULL, NaN or infinite", _of([1.5, None, math.nan, math.inf, -math.inf, -2.0])),
    Case("results that are all NULL", _of([None, None])),
    Case("results that are truths", _of([True, False, True, None]), Shape(result=BOOLEAN)),
    Case("results that are whole", _of([3, -4, None, 2**31 - 1]), Shape(result=INTEGER)),
    Case("results that are long", _of([3, 2**53, None]), Shape(result=BIGINT)),
    Case("results that are decimal", _of([0.25, -1.5, None]), Shape(result=DECIMAL)),
    Case("results that are short", _of([0.25, -1.5, None, math.inf, math.nan]), Shape(result=FLOAT)),
    Case(
        "results as text",
        _of(["1.5", " 2 ", "1e3", None, "", "nan", "NaN", "inf", "-Infinity", "true", "FALSE"]),
        _AS_TEXT,
    ),
    Case("names of classes", _of(["cat", "dog", "cat", None, "", "Nan"]), _AS_TEXT),
    Case("names of classes beside numbers", _of(["cat", "1.5", "dog"]), _AS_TEXT),
    Case(
        "names of classes in one window, numbers in the other",
        [*_of(["cat", "dog"]), *_of(["1", "2"], at=START + HOUR)],
        _AS_TEXT,
        windows=2,
    ),
    Case("names of classes of one model", [*_of(["cat", "dog"], model="m1"), *_of(["1", "2"], model="m2")], _AS_TEXT),
    Case("more names of classes than the top", _of(f"c{n}" for n in range(70) for _ in range(1 + n % 2)), _AS_TEXT),
)
