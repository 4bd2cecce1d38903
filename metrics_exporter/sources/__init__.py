"""Warehouses: where prediction logs lie. Each tells a table's columns, runs a statement, and can be interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from metrics_exporter import scratch
from metrics_exporter.errors import UserError

if TYPE_CHECKING:  # what a warehouse's extra installs is not there to say which extra it is
    import pyarrow as pa

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


@dataclass(frozen=True)
class Access:
    """What a warehouse is reached with, and what it may use.

    Attributes:
        url: kind and place, as the user wrote them.
        password: asked at each connection, so that a new one needs no restart; None: what the URL has, or the driver
            finds by itself.
        threads: how many cores a warehouse that computes in this process may use; None: all.
        memory_limit: the memory that such a one may use, such as "500MB"; None: as much as it sees fit.
    """

    url: str = field(repr=False)
    password: Callable[[], str | None] = lambda: None
    threads: int | None = None
    memory_limit: str | None = None

    def login(self) -> str | None:
        """The password as it is now.

        Raises:
            WarehouseError: the file that holds it can't be read.
        """
        try:
            return self.password()
        except UserError as error:
            raise WarehouseError(str(error)) from None


@dataclass(frozen=True)
class _Kind:
    """A kind of warehouse.

    Attributes:
        module: the one in this package whose `connect` takes an Access.
        extra: what installs its driver.
        example: a URL.
    """

    module: str
    extra: str
    example: str


_POSTGRESQL = _Kind("postgresql", "postgres", "postgresql://user@host/database")
_KINDS = {
    "duckdb": _Kind("duckdb", "duckdb", "duckdb:predictions.duckdb or duckdb:log/*.parquet"),
    "postgresql": _POSTGRESQL,
    "postgres": _POSTGRESQL,
    "trino": _Kind("trino", "trino", "trino://user@host:8080/catalog/schema"),
    "clickhouse": _Kind("clickhouse", "clickhouse", "clickhouse://user@host/database"),
}


def open_warehouse(
    url: str,
    *,
    password: Callable[[], str | None] = lambda: None,
    threads: int | None = None,
    memory_limit: str | None = None,
) -> Warehouse:
    """The warehouse behind a URL, such as `duckdb:log/*.parquet`; connects at the first question.

    Args:
        url: kind and place.
        password: see Access, as for all others.
        threads: how many cores may be used here.
        memory_limit: how much memory may be used here.

    Raises:
        WarehouseError: there is no warehouse of that kind, its driver is not installed, or the URL can't be used.
    """
    kind = _kind(url)
    try:
        module = import_module(f"{__name__}.{kind.module}")
    except ImportError as error:
        raise driver_missing(url, error) from None
    warehouse: Warehouse = module.connect(Access(url, password, threads, memory_limit))
    return warehouse


def driver_missing(url: str, error: ImportError) -> WarehouseError:
    """What to install for a warehouse, where an import that it needs failed."""
    kind = _kind(url)
    return WarehouseError(
        f"the warehouse needs {error.name or error}; install it with: pip install 'driftgauge[{kind.extra}]'"
    )


def _kind(url: str) -> _Kind:
    """The kind of a URL's scheme, after which SQLAlchemy's users may name a driver: `postgresql+psycopg://`."""
    scheme, _, place = url.partition(":")
    kind = _KINDS.get(scheme.partition("+")[0].lower())
    if kind is not None and place:
        return kind
    if kind is not None:
        raise WarehouseError(f"the warehouse URL names no place; write one such as {kind.example}")
    near = get_close_matches(scheme.lower(), _KINDS, 1)
    advice = f"did you mean {near[0]}, as in {_KINDS[near[0]].example}?" if near else f"known are {', '.join(_KINDS)}"
    raise WarehouseError(f"the warehouse URL begins with no known kind; {advice}")


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
