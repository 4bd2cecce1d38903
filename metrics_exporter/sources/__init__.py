"""Warehouses: where prediction logs lie. Each tells a table's columns, runs a statement, and can be interrupted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from metrics_exporter import scratch
from metrics_exporter.errors import UserError

if TYPE_CHECKING:
    from metrics_exporter.sources.log_shape import ColumnType


class WarehouseError(UserError):
    """A scan that failed; the message says in plain words what to do, and holds no secret."""


class ScanTimeoutError(WarehouseError):
    """The scan was interrupted at its deadline."""


class Warehouse(Protocol):
    """A connection to where prediction logs lie; used by one thread, but `cancel` by any.

    It opens with the first question, and is to be closed after the last one of a scan: so a log that another process
    replaces or extends is read as it is at the next.
    """

    @property
    def dialect(self) -> str:
        """The file in `sql/dialects/` that says how its SQL differs."""

    def columns(self, table: str, timeout_seconds: float) -> Mapping[str, ColumnType]:
        """The columns of a table (a qualified name) and their types, in order.

        Raises:
            TimeoutError: it took longer than `timeout_seconds`.
            WarehouseError: there is no such table, or the warehouse can't be reached.
        """

    def run(self, statement: str, parameters: Mapping[str, Any], timeout_seconds: float) -> pa.Table:
        """The result of a statement.

        Raises:
            TimeoutError: it took longer than `timeout_seconds`; the warehouse has stopped working on it.
            WarehouseError: any other failure; the message names no table.
        """

    def cancel(self) -> None:
        """Interrupt what is running, if anything; it fails with a WarehouseError."""

    def close(self) -> None:
        """Let go of all connections, until the next question."""


def open_warehouse(url: str, *, threads: int | None = None, memory_limit: str | None = None) -> Warehouse:
    """The warehouse behind a URL, such as `duckdb:log.duckdb` or `duckdb:log/*.parquet`; connects at the first scan.

    Args:
        url: kind and place.
        threads: how many cores a warehouse that computes in this process may use; None: all.
        memory_limit: the memory that such a one may use, such as "500MB"; None: as much as it sees fit.

    Raises:
        WarehouseError: there is no warehouse of that kind, or its name is no text.
    """
    kind, _, place = url.partition(":")
    if kind != "duckdb" or not place:
        raise WarehouseError(
            "the warehouse URL begins with no known kind; write `duckdb:` and a database file, "
            "or a pattern for Parquet or CSV files, such as `duckdb:log/*.parquet`"
        )
    if url.encode("utf-8", "replace").decode() != url:  # DuckDB would not say what is wrong
        raise WarehouseError("the warehouse URL is not UTF-8; rename the file, or name it by a pattern")
    from metrics_exporter.sources.duckdb import DuckDBWarehouse  # noqa: PLC0415 - only who uses it needs it

    return DuckDBWarehouse(place, threads=threads, memory_limit=memory_limit)


@contextmanager
def spill_folder() -> Iterator[Path]:
    """A folder for what a query can't hold in memory, until the block ends.

    Raises:
        WarehouseError: there is no place for one.
    """
    try:
        folder = scratch.make()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise WarehouseError(
            f"there is no place for temporary files ({reason}); set TMPDIR to a folder that can be written"
        ) from None
    try:
        yield folder.path
    finally:
        folder.remove()
