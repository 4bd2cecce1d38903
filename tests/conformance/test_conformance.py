"""Every warehouse comes to what the documentation says, of every case that it can store.

`-m 'not server'` leaves out the engines that are servers; `-k NAME` runs one engine, or one case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache

import pytest

from metrics_exporter.sources import Warehouse
from metrics_exporter.sources.assemble import Scanned, assemble
from metrics_exporter.sources.scan import scan
from tests.conformance.case import Case
from tests.conformance.cases import CASES
from tests.conformance.compare import differences
from tests.conformance.engine import Engine, Load, found_engines
from tests.conformance.reference import Expected, alternatives

SECONDS = 120
Start = Callable[[Engine], Load]


def _pairs() -> Iterator[object]:
    for engine in found_engines():
        for case in _of(engine):
            marks: list[pytest.MarkDecorator] = [pytest.mark.server] if engine.is_server else []
            if missing := sorted(case.all_needs - engine.can):
                marks.append(pytest.mark.skip(reason=f"{engine.name} can't store: {', '.join(missing)}"))
            elif reason := engine.deviations.get(case.family):
                marks.append(pytest.mark.xfail(strict=True, reason=f"{engine.name}: {reason}"))
            yield pytest.param(engine, case, id=f"{engine.name}-{case.name}", marks=marks)


def _of(engine: Engine) -> Iterable[Case]:
    """The cases of an engine: of a variant, the first shape of each that it can store."""
    if not engine.is_variant:
        return CASES
    first: dict[str, Case] = {}
    for case in sorted(CASES, key=lambda case: bool(case.all_needs - engine.can)):
        first.setdefault(case.family, case)
    return first.values()


@pytest.mark.parametrize(("engine", "case"), list(_pairs()))
def test_a_warehouse_comes_to_what_the_documentation_says(started: Start, engine: Engine, case: Case) -> None:
    scanned = _scanned(started(engine)(case.table), case)
    wrong = [differences(case, scanned, expected, engine.around_atoms) for expected in _expected(case)]
    assert [] in wrong, "\n".join(min(wrong, key=lambda words: len(words)))


@cache
def _expected(case: Case) -> list[Expected]:
    return list(alternatives(case))


def _scanned(warehouse: Warehouse, case: Case) -> Scanned:
    """Scan as a refresh does: again where the first answer says so."""
    request = case.request({})
    first = assemble("log", request, scan(warehouse, request, SECONDS))
    if not first.must_repeat:
        return first
    request = case.request(first.new_kinds)
    again = assemble("log", request, scan(warehouse, request, SECONDS))
    return Scanned(again.windows, {**first.new_kinds, **again.new_kinds}, False, again.undated_rows, again.names)
