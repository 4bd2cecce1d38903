"""Small prediction logs in every layout, and what pandas says of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from metrics_exporter.definitions import (
    DEFAULT_CADENCE,
    Catalogue,
    Columns,
    Definitions,
    Feature,
    Kind,
    Log,
    Model,
    Predictor,
    Role,
)
from metrics_exporter.profiles.profile import Profile
from metrics_exporter.profiles.table import WindowProfiles
from metrics_exporter.sources import open_warehouse
from metrics_exporter.sources.assemble import assemble
from metrics_exporter.sources.scan import RESULT, ScanRequest
from metrics_exporter.sources.scan import scan as run_scan
from metrics_exporter.windows import Window

START = datetime(2026, 3, 4, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


_SCHEMA = pa.schema(
    [
        ("sent_at", pa.timestamp("us")),
        *[(name, pa.string()) for name in ("prediction_id", "predictor_name", "model_id", "features")],
        ("prediction_result", pa.string()),
        ("default_values_used", pa.list_(pa.string())),
    ]
)


class ScanRow(NamedTuple):
    """A row of the scan's result: see `RESULT` for what its columns mean."""

    part: str
    window_number: int
    predictor: str
    model_id: str
    feature: str | None
    category: str | None
    present: int
    usable: int
    numbers: int
    infinities: int
    mean: float | None
    squared_deviations: float | None
    minimum: float | None
    maximum: float | None
    grid: list[float] | None
    grid_rows: int
    atoms: list[float] | None
    atom_counts: list[int] | None
    unseen: int
    names: list[str] | None


@dataclass(frozen=True)
class Row:
    """A prediction."""

    features: Mapping[str, Any]
    model: str = "m1"
    predictor: str = "p"
    result: float | str | None = 1.0
    defaults: Sequence[str] = ()
    at: datetime = START + timedelta(minutes=5)
    id: str | None = None


@dataclass
class LogFile:
    """A DuckDB file with a table `predictions` to write rows to."""

    path: Path
    count: int = field(default=0)

    @property
    def url(self) -> str:
        return f"duckdb:{self.path}"

    def execute(self, *statements: str) -> None:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for statement in statements:
                connection.execute(statement)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path)) as connection:
            return connection.execute(query).fetchall()

    def write(self, rows: Iterable[Row]) -> None:
        """Append rows, with the features as a JSON text."""
        records = pa.Table.from_pylist([self._record(row) for row in rows], schema=_SCHEMA)
        with duckdb.connect(str(self.path)) as connection:
            connection.register("records", records)
            connection.execute("CREATE TABLE IF NOT EXISTS predictions AS SELECT * FROM records LIMIT 0")
            connection.execute("INSERT INTO predictions SELECT * FROM records")

    def _record(self, row: Row) -> dict[str, Any]:
        self.count += 1
        return {
            "sent_at": row.at.replace(tzinfo=None),
            "prediction_id": row.id or f"d{self.count}",
            "predictor_name": row.predictor,
            "model_id": row.model,
            "features": json.dumps(row.features, ensure_ascii=False),
            "prediction_result": row.result if row.result is None else str(row.result),
            "default_values_used": list(row.defaults),
        }

    def reshape(self, select: str) -> None:
        """Replace the table by a selection from it."""
        self.execute(f"CREATE OR REPLACE TABLE predictions AS SELECT {select} FROM predictions")


def scan(
    url: str,
    *,
    columns: Columns | None = None,
    table: str = "predictions",
    kinds: Mapping[tuple[str, str], Kind] | None = None,
    start: datetime = START,
    hours: int = 1,
) -> tuple[WindowProfiles, ...]:
    """Scan as a refresh does: again where the first answer says so."""
    log = Log(table=table, columns=columns or Columns())
    request = ScanRequest(log, start, start + hours * HOUR, kinds or {})
    warehouse = open_warehouse(url)
    scanned = assemble("default", request, run_scan(warehouse, request, 60))
    if scanned.must_repeat:
        request = ScanRequest(log, start, start + hours * HOUR, {**request.kinds, **scanned.new_kinds})
        scanned = assemble("default", request, run_scan(warehouse, request, 60))
    return scanned.windows


def scan_rows(table: pa.Table) -> Iterator[ScanRow]:
    """The rows of a scan's result."""
    return map(ScanRow._make, zip(*(table[name].to_pylist() for name in RESULT.names), strict=True))


def shown(window: WindowProfiles) -> tuple[object, ...]:
    """What a window holds, as something that can be compared."""
    return window.log, window.window, window.end, window.rows, window.duplicates, tuple(window.profiles)


def by_feature(window: WindowProfiles, model: str = "m1") -> dict[str | None, Profile]:
    return {p.series.feature: p for p in window.profiles if p.series.model_id == model}


def definitions(
    logs: Mapping[str, Log] | None = None,
    features: Mapping[str, Kind] | None = None,
    settle: int = 600,
    models: Sequence[str] = (),
    windows: tuple[Window, ...] = DEFAULT_CADENCE,
) -> Definitions:
    """The definitions of the log `default`, and of the predictor `p` where features or models are declared."""
    return Definitions(
        catalogue=Catalogue(
            schema_version=1,
            logs=dict(logs or {"default": Log(table="predictions", settle_seconds=settle)}),
            metrics=(),
        ),
        predictors={"p": _predictor(features or {}, models, windows)} if features or models else {},
    )


def _predictor(features: Mapping[str, Kind], models: Sequence[str], windows: tuple[Window, ...]) -> Predictor:
    return Predictor(
        schema_version=1,
        predictor="p",
        title="P",
        team="t",
        windows=windows,
        models=tuple(
            Model(id=model, role=Role.SHADOW if place else Role.PRIMARY) for place, model in enumerate(models)
        ),
        features={name: Feature(kind=kind) for name, kind in features.items()},
    )
