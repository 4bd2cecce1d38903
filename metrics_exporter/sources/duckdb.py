"""DuckDB: a database file, or Parquet and CSV files, local or in a bucket.

Each scan opens the log anew, so that one that another process replaces or extends is read as it is now.
"""

from __future__ import annotations

import fnmatch
import logging
import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from metrics_exporter.definitions import Kind, Log
from metrics_exporter.sources import ScanTimeoutError, WarehouseError, spill_folder, sql
from metrics_exporter.sources.scan import RESULT, ScanRequest
from metrics_exporter.urls import scrubbed, shown

_FILES = {
    ".parquet": "read_parquet({}, union_by_name = true)",
    ".csv": "read_csv({}, union_by_name = true, all_varchar = true)",
}
_NUMBERS = {
    *(
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "hugeint",
        "utinyint",
        "usmallint",
        "uinteger",
        "ubigint",
        "uhugeint",
    ),
    *("float", "double", "decimal", "bignum"),
}
_TIMES = {
    "timestamp": "timestamp",
    "timestamp_s": "timestamp",
    "timestamp_ms": "timestamp",
    "timestamp_ns": "timestamp",
    "date": "timestamp",
    "timestamp with time zone": "timestamptz",
    "varchar": "text",
}
_STOP_SECONDS = 0.1
HOPELESS_SECONDS = 30.0  # an interrupt is a matter of moments
logger = logging.getLogger(__name__)

_NAME_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


class DuckDBWarehouse:
    """Prediction logs that DuckDB reads."""

    def __init__(self, place: str, *, threads: int | None = None, memory_limit: str | None = None):
        """A database file, or a pattern of `.parquet` or `.csv` files (offered under each log's table name).

        Args:
            place: path or URL.
            threads: how many cores a scan may use; None: all.
            memory_limit: what a scan may use before it spills to disk, such as "1GB"; None: DuckDB's 80 % of memory.
        """
        self._place = place
        self._reader = next((call for suffix, call in _FILES.items() if place.endswith(suffix)), None)
        self._config: dict[str, Any] = {"preserve_insertion_order": False}
        if threads is not None:
            self._config["threads"] = threads
        if memory_limit is not None:
            self._config["memory_limit"] = memory_limit
        self._running: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()

    def scan(self, request: ScanRequest, timeout_seconds: float) -> pa.Table:
        """See Warehouse.scan."""
        with self._connected() as connection, ThreadPoolExecutor(1) as pool:
            # In a thread of its own: what waits for it can be interrupted by Ctrl-C, DuckDB can't.
            running = pool.submit(self._table, connection, request)
            with self._lock:
                self._running = connection
            try:
                return running.result(timeout_seconds)
            except duckdb.Error as error:
                raise _explained(error, request.log) from None
            except TimeoutError:
                raise ScanTimeoutError(_timeout_message(request, timeout_seconds)) from None
            finally:
                with self._lock:
                    self._running = None
                self._stop(connection, running)

    def cancel(self) -> None:
        """See Warehouse.cancel."""
        with self._lock:
            if self._running is not None:
                self._running.interrupt()

    def close(self) -> None:
        """See Warehouse.close; nothing stays open between scans."""

    @contextmanager
    def _connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            connection = duckdb.connect(
                ":memory:" if self._reader else self._place, read_only=self._reader is None, config=self._config
            )
        except duckdb.Error as error:
            raise _unopened(error, self._place) from None
        # What doesn't fit into memory goes where only we can read it, not beside the log, which may be read-only.
        with spill_folder() as spill, connection:
            connection.execute("SET temp_directory = $spill", {"spill": str(spill)})
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_progress_bar = false")  # it would write to standard output
            # Each join of the statement names the small side last, the one to keep at hand. DuckDB guesses which that
            # is, and where it guesses wrong (as 2.0.1 does), one key has all rows of a model: three times as long.
            connection.execute("SET disabled_optimizers = 'build_side_probe_side'")
            yield connection

    def _table(self, connection: duckdb.DuckDBPyConnection, request: ScanRequest) -> pa.Table:
        if self._reader:  # of thousands of files, this alone takes its time
            _offer_files(connection, self._place, self._reader, request.log)
        source = describe(connection, request.log)
        statement = sql.scan("duckdb", source, is_kinded=_is_kinded(request))
        return connection.sql(statement, params=_parameters(request, source)).to_arrow_table().cast(RESULT)

    def _stop(self, connection: duckdb.DuckDBPyConnection, running: Future[pa.Table]) -> None:
        """Wait for the end of a scan that nobody wants any more; an interrupt between two statements reaches neither.

        Python can't leave a thread behind that hangs in a call: only the end of the process ends it.
        """
        hopeless = time.monotonic() + HOPELESS_SECONDS
        while not running.done():
            if time.monotonic() > hopeless:
                logger.critical(
                    "%s: a read from it hangs, and nothing stops it; see to the disk that it is on", shown(self._place)
                )
                os._exit(1)
            connection.interrupt()
            wait([running], _STOP_SECONDS)


def describe(connection: duckdb.DuckDBPyConnection, log: Log) -> sql.Source:
    """What the log looks like: the types of its columns.

    Raises:
        WarehouseError: a column is missing or of a type that can't be read.
        duckdb.Error: there is no such table.
    """
    table = table_parts(log.table)
    columns = log.columns
    quoted = ".".join(_quote(part) for part in table)
    relation = connection.execute(f"SELECT * FROM {quoted} LIMIT 0").description or []
    types = {name: kind for name, kind, *_ in relation}
    for role in ("sent_at", "prediction_id", "predictor_name", "model_id", "prediction_result"):
        _require(types, getattr(columns, role), role, log)
    _check_result(types[columns.prediction_result], log)
    features = _features(types, log)
    return sql.Source(
        table=table,
        columns=columns,
        sent_at=_time_type(types[columns.sent_at], log),
        defaults=_defaults_type(types.get(columns.default_values_used), log),
        **features,
    )


def table_parts(table: str) -> tuple[str, ...]:
    """The parts of a qualified name, `schema.table` or `"my.schema"."table"`."""
    return tuple(quoted.replace('""', '"') if quoted else plain for quoted, plain in _NAME_PART.findall(table))


def _features(types: dict[str, Any], log: Log) -> dict[str, Any]:
    columns = log.columns
    if not isinstance(columns.features, str):
        return _column_features([(name, (name,), types[name]) for name in _matching(types, log)])
    _require(types, columns.features, "features", log)
    kind = types[columns.features]
    name = kind.id
    if name == "struct":
        return _column_features([(field, (columns.features, field), type_) for field, type_ in kind.children])
    if name == "map":
        values = dict(kind.children)["value"]
        if str(values) == "JSON":
            return _layout("json_map", has_labels=True)
        is_number = values.id in _NUMBERS
        return _layout("map", has_numbers=is_number, has_labels=not is_number)
    if name == "varchar":
        return _layout("json", has_labels=True)
    raise WarehouseError(
        f"table {log.table}: column {columns.features} is {kind}; features must be a MAP, JSON, a STRUCT, "
        "or a list of columns (logs: columns: features)"
    )


def _column_features(fields: Sequence[tuple[str, tuple[str, ...], Any]]) -> dict[str, Any]:
    columns = tuple(sql.FeatureColumn(name, path, kind.id in _NUMBERS) for name, path, kind in fields)
    return _layout(
        "columns",
        columns,
        has_numbers=any(column.is_number for column in columns),
        has_labels=not all(column.is_number for column in columns),
    )


def _layout(
    layout: str, columns: tuple[sql.FeatureColumn, ...] = (), *, has_numbers: bool = False, has_labels: bool = False
) -> dict[str, Any]:
    return {"layout": layout, "feature_columns": columns, "has_numbers": has_numbers, "has_labels": has_labels}


def _matching(types: dict[str, Any], log: Log) -> list[str]:
    others = {value for role, value in log.columns if role != "features"}
    globs = log.columns.features
    names = [name for name in types if name not in others and any(fnmatch.fnmatchcase(name, glob) for glob in globs)]
    if not names:
        raise WarehouseError(
            f"table {log.table}: no column matches {', '.join(globs)} (logs: columns: features). "
            f"There are: {', '.join(types)}"
        )
    return names


def _require(types: dict[str, Any], column: str, role: str, log: Log) -> None:
    if column not in types:
        raise WarehouseError(
            f"table {log.table} has no column {column!r}; name the one that holds {role} in the registry "
            f"(logs: columns: {role}). There are: {', '.join(types)}"
        )


def _check_result(kind: Any, log: Log) -> None:
    if kind.id not in {*_NUMBERS, "varchar", "boolean"}:
        raise WarehouseError(
            f"table {log.table}: column {log.columns.prediction_result} is {kind}; prediction_result must be a number"
        )


def _time_type(kind: Any, log: Log) -> Any:
    if kind.id not in _TIMES:
        raise WarehouseError(
            f"table {log.table}: column {log.columns.sent_at} is {kind}; sent_at must be a timestamp or ISO text"
        )
    return _TIMES[kind.id]


def _defaults_type(kind: Any, log: Log) -> Any:
    if kind is None:
        return None
    if kind.id == "list":
        return "list"
    if kind.id == "varchar":
        return "json"
    raise WarehouseError(
        f"table {log.table}: column {log.columns.default_values_used} is {kind}; default_values_used must be a list "
        "of text or a JSON array"
    )


def _is_kinded(request: ScanRequest) -> bool:
    return any(kind is not Kind.NUMERIC for kind in request.kinds.values())


def _parameters(request: ScanRequest, source: sql.Source) -> dict[str, Any]:
    parameters: dict[str, Any] = {"start": _naive(request.start, source), "end": _naive(request.end, source)}
    if source.has_labels or _is_kinded(request):
        parameters["kind_predictors"] = [predictor for predictor, _ in request.kinds]
        parameters["kind_features"] = [feature for _, feature in request.kinds]
        parameters["kinds"] = [str(kind) for kind in request.kinds.values()]
    if source.layout == "columns":
        parameters["names"] = [column.name for column in source.feature_columns]
    return parameters


def _naive(time: datetime, source: sql.Source) -> str:
    text = time.strftime("%Y-%m-%d %H:%M:%S")
    return text if source.sent_at == "timestamp" else f"{text}+00"


def _offer_files(connection: duckdb.DuckDBPyConnection, place: str, reader: str, log: Log) -> None:
    *schema, name = table_parts(log.table)
    if schema:
        connection.execute(f"CREATE SCHEMA {_quote(schema[-1])}")
    view = ".".join(_quote(part) for part in (*schema[-1:], name))
    literal = "'" + place.replace("'", "''") + "'"
    try:
        connection.execute(f"CREATE VIEW {view} AS SELECT * FROM {reader.format(literal)}")
    except duckdb.Error as error:
        reason = scrubbed(_first_line(error), place)
        raise WarehouseError(
            f"{shown(place)}: can't be read as the log {log.table} ({reason}); see to the files and the pattern"
        ) from None


def _timeout_message(request: ScanRequest, seconds: float) -> str:
    return (
        f"table {request.log.table}: the scan of {request.start:%Y-%m-%d %H:%M} to {request.end:%Y-%m-%d %H:%M} UTC "
        f"was stopped after {seconds:g} s; raise the exporter's timeout, or give the warehouse more power"
    )


def _explained(error: duckdb.Error, log: Log) -> WarehouseError:
    if isinstance(error, duckdb.CatalogException):
        return WarehouseError(
            f"table {log.table} is not in the log's database ({_first_line(error)}); "
            "name the table in the registry (logs: table), or create it"
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return WarehouseError(f"table {log.table}: {_first_line(error)}; raise the exporter's query_memory")
    return WarehouseError(f"table {log.table}: {_first_line(error)}")


def _unopened(error: duckdb.Error, place: str) -> WarehouseError:
    text = _first_line(error)
    if "lock" in text.lower():
        return WarehouseError(
            f"{shown(place)} is locked: another process has it open for writing; let the writer close it "
            "between its writes, or have it write Parquet files"
        )
    return WarehouseError(
        f"{shown(place)} can't be opened as a DuckDB database ({scrubbed(text, place)}); "
        "name a database, or a pattern of .parquet or .csv files"
    )


def _first_line(error: Exception) -> str:
    """What DuckDB says first; of a line of CSV it says only after it what is wrong with it."""
    first, *more = str(error).partition("\n\n")[0].splitlines()
    return f"{first}: {more[-1]}" if more and "CSV Error on Line" in first else first


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
