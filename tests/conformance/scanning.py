"""A case, scanned as a refresh does."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from metrics_exporter.sources import Warehouse
from metrics_exporter.sources.assemble import Scanned, assemble
from metrics_exporter.sources.scan import scan
from tests.conformance.case import Case

SECONDS = 120


def scanned_of(warehouse: Warehouse, case: Case) -> Scanned:
    """Scan; again where the first answer says so."""
    request = case.request({})
    first = assemble("log", request, scan(warehouse, request, SECONDS))
    if not first.must_repeat and not first.repeated.num_rows:
        return first
    request = replace(case.request(first.new_kinds), atoms=pa.concat_tables([request.atoms, first.repeated]))
    again = assemble("log", request, scan(warehouse, request, SECONDS))
    return replace(again, new_kinds={**first.new_kinds, **again.new_kinds}, must_repeat=False)
