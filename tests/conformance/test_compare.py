"""The comparison sees what it is there to see: one log is scanned, and held to rows that differ in one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from metrics_exporter.definitions import Kind
from metrics_exporter.sources.assemble import Scanned
from tests.conformance.case import START, UNREADABLE, Case, Raw, Row
from tests.conformance.compare import differences
from tests.conformance.engines.duckdb import ENGINES
from tests.conformance.reference import alternatives
from tests.conformance.scanning import scanned_of

_ROWS = tuple(
    Row({"a": n, "b": f"c{n % 3}"}, id=f"d{n}", result=float(n), defaults=["a"] if n == 5 else []) for n in range(20)
)
_CASE = Case("rows", _ROWS, kinds={("p", "a"): Kind.NUMERIC, ("p", "b"): Kind.CATEGORICAL}, names={("p", "b"): ["c1"]})


def _but(row: Row) -> Case:
    return replace(_CASE, rows=(*_ROWS[:-1], row))


_LAST = _ROWS[-1]
_OTHERWISE = {
    "mean": _but(replace(_LAST, result=19.0001)),
    "maximum": _but(replace(_LAST, features={"a": 19.5, "b": "c1"})),
    "grid": _but(replace(_LAST, features={"a": 3, "b": "c1"})),
    "atoms": _but(replace(_LAST, features={"a": 18, "b": "c1"})),
    "nulls": _but(replace(_LAST, features={"b": "c1"})),
    "infinities": _but(replace(_LAST, features={"a": float("inf"), "b": "c1"})),
    "unparsable": _but(replace(_LAST, features={"a": "x", "b": "c1"})),
    "defaults": _but(replace(_LAST, defaults=["a"])),
    "top categories": _but(replace(_LAST, features={"a": 19, "b": "c2"})),
    "unseen": replace(_CASE, names={("p", "b"): ["c2"]}),
    "kinds": replace(_CASE, kinds={("p", "a"): Kind.NUMERIC}),
    "rows": replace(_CASE, rows=_ROWS[:-1]),
    "duplicates": replace(_CASE, rows=(*_ROWS, _LAST)),
    "unreadable": _but(replace(_LAST, features=Raw("?", UNREADABLE))),
    "undated": _but(replace(_LAST, at=None)),
    "series": _but(replace(_LAST, model="m2")),
    "window 0": _but(replace(_LAST, at=START + timedelta(hours=1))),
}


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    with ENGINES[0].start(tmp_path_factory.mktemp("log")) as load:
        return scanned_of(load(_CASE.table), _CASE)


@pytest.mark.parametrize(("what", "otherwise"), _OTHERWISE.items(), ids=_OTHERWISE)
def test_a_difference_is_seen(scanned: Scanned, what: str, otherwise: Case) -> None:
    (same,) = alternatives(_CASE)
    assert differences(_CASE, scanned, same, ENGINES[0]) == []
    (expected,) = alternatives(otherwise)
    assert any(what in words for words in differences(_CASE, scanned, expected, ENGINES[0]))
