"""Every warehouse comes to what the documentation says, of every case that it can store.

`-m 'not server'` leaves out the engines that are servers; `-k NAME` runs one engine, or one case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from threading import Event

import pytest

from metrics_exporter.sources import ScanTimeoutError, WarehouseError
from metrics_exporter.sources.scan import explain, scan
from tests.conformance.case import Case
from tests.conformance.cases import CASES, STORED
from tests.conformance.compare import differences
from tests.conformance.engine import Engine, Load, found_engines
from tests.conformance.reference import Expected, alternatives
from tests.conformance.scanning import SECONDS, scanned_of

Start = Callable[[Engine], Load]


def _pairs() -> Iterator[object]:
    for engine in found_engines():
        for case in _of(engine):
            marks = _marks(engine)
            if missing := sorted(case.all_needs - engine.can):
                marks.append(pytest.mark.skip(reason=f"{engine.name} can't store: {', '.join(missing)}"))
            elif reason := engine.deviations.get(case.name) or engine.deviations.get(case.family):
                marks.append(pytest.mark.xfail(strict=True, reason=f"{engine.name}: {reason}"))
            yield pytest.param(engine, case, id=f"{engine.name}-{case.name}", marks=marks)


def _engines(*, with_variants: bool = True) -> list[object]:
    return [
        pytest.param(engine, id=engine.name, marks=_marks(engine))
        for engine in found_engines()
        if with_variants or not engine.is_variant
    ]


def _marks(engine: Engine) -> list[pytest.MarkDecorator]:
    return [pytest.mark.server] if engine.is_server else []


def _of(engine: Engine) -> Iterable[Case]:
    """The cases of an engine: of a variant, the first shape of each that it can store."""
    if not engine.is_variant:
        return CASES
    first: dict[str, Case] = {}
    for case in sorted(STORED, key=lambda case: bool(case.all_needs - engine.can)):
        first.setdefault(case.family, case)
    return first.values()


@pytest.mark.parametrize(("engine", "case"), list(_pairs()))
def test_a_warehouse_comes_to_what_the_documentation_says(started: Start, engine: Engine, case: Case) -> None:
    scanned = scanned_of(started(engine)(case.table), case)
    if not engine.counts_undated:
        scanned = replace(scanned, undated_rows=_expected(case)[0].undated)
    wrong = [differences(case, scanned, expected, engine) for expected in _expected(case)]
    _, least = min((len(words), words) for words in wrong)
    assert not least, "\n".join(least)


@pytest.mark.parametrize("engine", _engines())
def test_of_rows_that_share_a_key_the_same_one_counts_in_any_order(started: Start, engine: Engine) -> None:
    case = _named("of rows with one key that differ, one counts, json text")
    first, second = (
        scanned_of(started(engine)(each.table), each) for each in (case, replace(case, rows=case.rows[::-1]))
    )
    assert list(first.windows[0].profiles) == list(second.windows[0].profiles)


@pytest.mark.parametrize("engine", _engines())
def test_a_scan_ends_at_its_deadline_and_the_next_one_succeeds(started: Start, engine: Engine) -> None:
    case = _named("more rows than are exact")
    warehouse = started(engine)(case.table)
    with pytest.raises(ScanTimeoutError, match="was stopped after"):
        scan(warehouse, case.request({}), 0.01)
    assert scan(warehouse, case.request({}), SECONDS).num_rows


@pytest.mark.parametrize("engine", _engines(with_variants=False))
def test_what_a_scan_asks_is_told_with_how_the_rows_are_read(started: Start, engine: Engine) -> None:
    case = _named("a model of one row")
    explained = explain(started(engine)(case.table), case.request({}), SECONDS)
    assert "sent_at" in explained.plan  # which tables are called is up to the warehouse
    assert explained.statement.lstrip().startswith("WITH log AS")
    assert {"start", "end"} <= set(explained.parameters)


@pytest.mark.parametrize("engine", _engines())
def test_another_thread_cancels_a_scan(started: Start, engine: Engine) -> None:
    case = _named("more rows than are exact")
    warehouse = started(engine)(case.table)
    is_over = Event()

    def cancel() -> None:
        while not is_over.wait(0.01):
            warehouse.cancel()

    with ThreadPoolExecutor(1) as pool:
        cancelling = pool.submit(cancel)
        try:
            with pytest.raises(WarehouseError):
                scan(warehouse, case.request({}), SECONDS)
        finally:
            is_over.set()
            cancelling.result()
    warehouse.cancel()  # where nothing runs, nothing happens
    assert scan(warehouse, case.request({}), SECONDS).num_rows


@pytest.mark.parametrize("engine", _engines(with_variants=False))
def test_a_table_that_is_not_there_is_named(started: Start, engine: Engine) -> None:
    case = replace(_named("a model of one row"), table_name="elsewhere")
    warehouse = started(engine)(_named("a model of one row").table)
    with pytest.raises(WarehouseError, match="elsewhere"):
        scan(warehouse, case.request({}), SECONDS)


def _named(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


@cache
def _expected(case: Case) -> list[Expected]:
    return list(alternatives(case))
