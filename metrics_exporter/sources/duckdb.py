"""DuckDB: a database file, or Parquet and CSV files, local or in a bucket."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from metrics_exporter.sources import Access, WarehouseError, spill_folder
from metrics_exporter.sources.calls import call
from metrics_exporter.sources.log_shape import ColumnType, Form, no_table, table_parts
from metrics_exporter.urls import is_url, scrubbed, shown

_FILES = {
    ".parquet": "read_parquet({}, union_by_name = true)",
    ".csv": "read_csv({}, union_by_name = true, all_varchar = true, header = true, skip = 0, delim = {}, quote = '\"', "
    "escape = '\"')",
}
_DELIMITERS = ",;\t|"
_SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET enable_progress_bar = false",  # it would write to standard output
    "SET python_enable_replacements = false",  # a table is one of the database, never a variable of ours
    # Each join of the statement names the small side last, the one to keep at hand. DuckDB guesses which that
    # is, and where it guesses wrong (as 2.0.1 does), one key has all rows of a model: three times as long.
    "SET disabled_optimizers = 'build_side_probe_side'",
)
# What DuckDB can do with a column says what it is, whatever types a later version adds.
_ABILITIES = {
    Form.NUMBER: "can_cast_implicitly({}, NULL::DOUBLE)",
    Form.NAIVE_TIME: "can_cast_implicitly({}, NULL::TIMESTAMP)",
    Form.ZONED_TIME: "can_cast_implicitly({0}, NULL::TIMESTAMPTZ) OR can_cast_implicitly(NULL::TIMESTAMPTZ, {0})",
}
_FORMS = {
    "varchar": Form.TEXT,
    "enum": Form.TEXT,
    "boolean": Form.TRUTH,
    "list": Form.LIST,
    "array": Form.LIST,
    "map": Form.MAP,
    "struct": Form.STRUCT,
}
_CSV_LINE, _CSV_FILE = re.compile(r"CSV Error on Line: \d+"), re.compile(r"^ *file = (.+)$", re.MULTILINE)
_CSV_ADVICE = ("Possible ", "* ")
_LONG = {"bigint", "ubigint", "hugeint", "uhugeint", "bignum"}

T = TypeVar("T")


def connect(access: Access) -> DuckDBWarehouse:
    """The warehouse behind `duckdb:` and a path or a pattern.

    Raises:
        WarehouseError: the path is no text.
    """
    if access.url.encode("utf-8", "replace").decode() != access.url:  # DuckDB would not say what is wrong
        raise WarehouseError("the warehouse URL is not UTF-8; rename the file, or name it by a pattern")
    place = access.url.partition(":")[2]
    return DuckDBWarehouse(place, threads=access.threads, memory_limit=access.memory_limit)


class DuckDBWarehouse:
    """Prediction logs that DuckDB reads."""

    dialect = "duckdb"

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
        if not is_url(place):  # nothing in a log may have an extension fetched or loaded; a bucket needs one
            self._config |= {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        if threads is not None:
            self._config["threads"] = threads
        if memory_limit is not None:
            self._config["memory_limit"] = memory_limit
        self._open = ExitStack()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._running: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()

    def columns(self, table: str, timeout_seconds: float) -> dict[str, ColumnType]:
        """See Warehouse.columns."""
        return self._within(timeout_seconds, lambda connection: self._columns(connection, table))

    def run(self, statement: str, parameters: Mapping[str, Any], timeout_seconds: float) -> pa.Table:
        """See Warehouse.run."""
        return self._within(
            timeout_seconds, lambda connection: connection.sql(statement, params=dict(parameters)).to_arrow_table()
        )

    def cancel(self) -> None:
        """See Warehouse.cancel."""
        with self._lock:
            if self._running is not None:
                self._running.interrupt()

    def close(self) -> None:
        """See Warehouse.close."""
        self._connection = None
        self._open.close()

    def _within(self, timeout_seconds: float, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        connection = self._connected()
        with self._lock:
            self._running = connection
        try:
            return call(lambda: work(connection), timeout_seconds, connection.interrupt, shown(self._place))
        except duckdb.Error as error:
            raise self._explained(error) from None
        finally:
            with self._lock:
                self._running = None

    def _connected(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> duckdb.DuckDBPyConnection:
        try:
            connection = duckdb.connect(
                ":memory:" if self._reader else self._place, read_only=self._reader is None, config=self._config
            )
        except duckdb.Error as error:
            raise self._unopened(error) from None
        self._open.enter_context(connection)
        # What doesn't fit into memory goes where only we can read it, not beside the log, which may be read-only.
        spill = self._open.enter_context(spill_folder())
        connection.execute("SET temp_directory = $spill", {"spill": str(spill)})
        for setting in _SETTINGS:
            connection.execute(setting)
        connection.execute("SET lock_configuration = true")
        return connection

    def _columns(self, connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, ColumnType]:
        if self._reader:  # of thousands of files, this alone takes its time
            self._offer_files(connection, self._reader, table)
        _check_catalogue(connection, table)
        return _column_types(connection, table)

    def _offer_files(self, connection: duckdb.DuckDBPyConnection, reader: str, table: str) -> None:
        *schema, name = table_parts(table)
        if schema:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quote(schema[-1])}")
        view = ".".join(_quote(part) for part in (*schema[-1:], name))
        place = _literal(self._place)
        try:
            files = reader.format(
                place, _literal(_delimiter(connection, place)) if self._place.endswith(".csv") else ""
            )
            connection.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {files}")
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise WarehouseError(
                f"{shown(self._place)}: can't be read as the log {table} ({self._words(error)}); "
                "see to the files and the pattern"
            ) from None

    def _explained(self, error: duckdb.Error) -> WarehouseError:
        advice = "; raise the exporter's query_memory" if isinstance(error, duckdb.OutOfMemoryException) else ""
        return WarehouseError(f"{self._words(error)}{advice}")

    def _unopened(self, error: duckdb.Error) -> WarehouseError:
        if "lock" in str(error).lower():
            return WarehouseError(
                f"{shown(self._place)} is locked: another process has it open for writing; let the writer close it "
                "between its writes, or have it write Parquet files"
            )
        return WarehouseError(
            f"{shown(self._place)} can't be opened as a DuckDB database ({self._words(error)}); "
            "name a database, or a pattern of .parquet or .csv files"
        )

    def _words(self, error: duckdb.Error) -> str:
        """What DuckDB says first, without secrets; of a line of CSV it says only after it in which file, and what."""
        first, *more = str(error).partition("\n\n")[0].splitlines()
        reasons = [line for line in more if not line.startswith(_CSV_ADVICE)]
        if reasons and (line := _CSV_LINE.search(first)):
            file = _CSV_FILE.search(str(error))
            first = f"{first[: line.start()]}{line[0]} of {file[1] if file else self._place}: {reasons[-1]}"
        return scrubbed(first, self._place)


def _delimiter(connection: duckdb.DuckDBPyConnection, place: str) -> str:
    """What stands between the names in the first line: it holds for all files, or a broken one would be read anew."""
    (line,) = connection.execute(
        f"SELECT line FROM read_csv({place}, delim = '\x01', quote = '', escape = '', header = false, "
        "auto_detect = false, columns = {'line': 'VARCHAR'}) LIMIT 1"
    ).fetchall() or [("",)]
    return max(_DELIMITERS, key=(line[0] or "").count)


def _check_catalogue(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Refuse what DuckDB would take for a table though the database has none of that name, such as a file's path."""
    found = connection.execute(
        "SELECT database_name, schema_name, table_name FROM duckdb_tables() "
        "WHERE NOT internal AND database_name = current_database() UNION ALL "
        "SELECT database_name, schema_name, view_name FROM duckdb_views() "
        "WHERE NOT internal AND database_name = current_database()"
    ).fetchall()
    names = {name for parts in found for name in _names(*map(str.lower, parts))}
    if tuple(part.lower() for part in table_parts(table)) not in names:
        raise no_table(table, sorted(name for *_, name in found))


def _names(database: str, schema: str, name: str) -> Iterator[tuple[str, ...]]:
    """What a table may be called."""
    yield from ((database, schema, name), (schema, name))
    if schema == "main":
        yield from ((database, name), (name,))


def _column_types(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, ColumnType]:
    quoted = ".".join(map(_quote, table_parts(table)))
    relation = connection.sql(f"SELECT * FROM {quoted}")
    form = cache(lambda shown: _ability(connection, shown))
    return {name: _column_type(kind, form) for name, kind in zip(relation.columns, relation.types, strict=True)}


def _column_type(kind: Any, form: Callable[[str], Form]) -> ColumnType:
    fields = kind.children if kind.id in {"struct", "map"} else ()
    return ColumnType(
        shown=str(kind),
        is_long=kind.id in _LONG,
        form=Form.JSON if str(kind) == "JSON" else _FORMS.get(kind.id) or form(str(kind)),
        fields={name: _column_type(inner, form) for name, inner in fields if name != "key" or kind.id == "struct"},
    )


def _ability(connection: duckdb.DuckDBPyConnection, shown: str) -> Form:
    """What DuckDB can do with a type."""
    tests = ", ".join(test.format(f"NULL::{shown}") for test in _ABILITIES.values())
    (answers,) = connection.execute(f"SELECT {tests}").fetchall()
    return next((form for form, able in zip(_ABILITIES, answers, strict=True) if able), Form.OTHER)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
