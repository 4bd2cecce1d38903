"""Models so large that grids come from a digest or a sample, and predictors with too many names."""

from __future__ import annotations

import random
from datetime import timedelta

from tests.conformance.case import START, Case, Row, Shape
from tests.conformance.table import DOUBLE, LIST, map_of


def _many(count: int, *, has_ids: bool = True) -> list[Row]:
    """Features that are even, skewed, mostly one value, rare, and replaced by a default."""
    rng = random.Random(7)
    return [
        Row(
            {
                "even": rng.random(),
                "skewed": rng.lognormvariate(0, 2),
                "mostly zero": 0 if rng.random() < 0.6 else rng.random(),
                **({"rare": rng.gauss(0, 1)} if place % 50 == 0 else {}),
            },
            result=float(rng.randrange(100)),
            defaults=["even"] if place % 10 == 0 else [],
            at=START + timedelta(microseconds=rng.randrange(3_600_000_000)),
            **({} if has_ids else {"id": None}),
        )
        for place in range(count)
    ]


_MAP = Shape(features=map_of(DOUBLE), defaults=LIST)

CASES = (
    Case("as many rows as are exact", _many(10_000)),
    Case("more rows than are exact", _many(12_000)),
    Case("more rows than are exact, in a map", _many(12_000), _MAP),
    Case("more rows than are sampled", _many(100_000), _MAP),
    Case("more rows than are sampled, without ids", _many(100_000, has_ids=False), _MAP),
    *(
        Case(
            f"too many names in one predictor, {how}",
            [Row({f"f{place * 1000 + n}": n for n in range(1000)}) for place in range(21)]
            + [Row({"a": 1}, predictor="q"), Row({"b": 2}, predictor="q")],
            shape,
        )
        for how, shape in (("json text", Shape()), ("map", _MAP))
    ),
)
