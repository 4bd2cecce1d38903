"""ClickHouse: tables and views, over its HTTP interface."""

from __future__ import annotations

import math
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from metrics_exporter.sources import Access, WarehouseError
from metrics_exporter.sources.calls import call
from metrics_exporter.sources.log_shape import ColumnType, Form, no_table, table_parts, type_arguments
from metrics_exporter.urls import scrubbed, shown, without

_GRACE_SECONDS = 1  # after the deadline, for the server's own to end the query
_INTERRUPT_SECONDS = 5  # for the request that ends a query
_LONGEST_FIELD = 100_000  # bytes of a parameter; a server takes 128 KiB of one
_DOUBLE_DIGITS = 15
_SETTINGS = {
    "readonly": 2,  # no statement writes; settings may change
    "session_timezone": "UTC",
    "join_use_nulls": 1,
    "prefer_column_name_to_alias": 1,
    "enable_unaligned_array_join": 1,
    "optimize_arithmetic_operations_in_aggregate_functions": 0,  # the mean of great values overflows otherwise
}
_SAID = re.compile(r"DB::Exception: (?P<words>.*?)\.? \([A-Z_]+\)(?: \(version .*)?$", re.S | re.M)
_TYPE = re.compile(r"(?P<name>\w+)(?:\((?P<arguments>.*)\))?", re.S)
_FIELD = re.compile(r"(?P<name>`(?:[^`\\]|\\.)*`|\w+) (?P<type>.+)", re.S)
_LISTED = re.compile(r"\{(\w+):(Array\([^{}]*\))\}")
_FORMS = {
    **dict.fromkeys(("Int8", "Int16", "Int32", "UInt8", "UInt16", "UInt32", "Float32", "Float64"), Form.NUMBER),
    **dict.fromkeys(("Int64", "Int128", "Int256", "UInt64", "UInt128", "UInt256"), Form.NUMBER),
    **dict.fromkeys(("Decimal", "Decimal32", "Decimal64", "Decimal128", "Decimal256", "BFloat16"), Form.NUMBER),
    **dict.fromkeys(("String", "FixedString", "Enum8", "Enum16"), Form.TEXT),
    "Bool": Form.TRUTH,
    "JSON": Form.JSON,
    **dict.fromkeys(("Date", "Date32"), Form.NAIVE_TIME),
    **dict.fromkeys(("DateTime", "DateTime64"), Form.ZONED_TIME),  # a moment, wherever it is shown
    "Array": Form.LIST,
    "Map": Form.MAP,
    "Tuple": Form.STRUCT,
}
_LONG = re.compile(r"U?Int(?:64|128|256)")

T = TypeVar("T")


def connect(access: Access) -> ClickHouseWarehouse:
    """The warehouse behind `clickhouse://user@host:8123/database`; TLS with `?secure=true`, or on port 8443 or 443.

    Raises:
        WarehouseError: the URL can't be read.
    """
    try:
        parts = urlsplit(access.url)
        host, port = parts.hostname, parts.port
        options = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    except ValueError:
        host, port, options = None, None, {}
    database = unquote(parts.path.strip("/")) if host else ""
    secure = options.pop("secure", ["false"])[-1].lower()
    if not host or "/" in database or options or secure not in {"true", "false"}:
        raise WarehouseError(
            "the warehouse URL can't be read; write it as clickhouse://user@host:8123/database, "
            "with ?secure=true for TLS"
        )
    is_secure = secure == "true" or port in {8443, 443}
    return ClickHouseWarehouse(
        access,
        host=host,
        port=port or (8443 if is_secure else 8123),
        is_secure=is_secure,
        user=unquote(parts.username or "default"),
        password=unquote(parts.password) if parts.password else None,
        database=database or "default",
    )


class ClickHouseWarehouse:
    """Prediction logs that ClickHouse reads; a statement names its parameters `{name:Type}`."""

    dialect = "clickhouse"

    def __init__(
        self, access: Access, *, host: str, port: int, is_secure: bool, user: str, password: str | None, database: str
    ):
        """Connect at the first question; each has a connection of its own."""
        self._access, self._host, self._port, self._is_secure = access, host, port, is_secure
        self._user, self._password, self._database = user, password, database
        self._query_id: str | None = None
        self._cancelled = threading.Event()

    def columns(self, table: str, timeout_seconds: float) -> dict[str, ColumnType]:
        """See Warehouse.columns."""
        return self._within(timeout_seconds, lambda ask: self._columns(ask, table))

    def run(self, statement: str, parameters: Mapping[str, Any], timeout_seconds: float) -> pa.Table:
        """See Warehouse.run."""
        return self._within(timeout_seconds, lambda ask: ask(statement, parameters))

    def cancel(self) -> None:
        """See Warehouse.cancel."""
        query_id = self._query_id
        if query_id is not None:
            self._cancelled.set()
            with suppress(ClickHouseError, HTTPError, WarehouseError):  # it has ended, or can't be reached
                client = self._client(_INTERRUPT_SECONDS)
                try:  # a query of the same id ends the one before it, and takes no right, which KILL QUERY would
                    client.command("SELECT 1", settings={"query_id": query_id, "replace_running_query": 1})
                finally:
                    client.close()

    def close(self) -> None:
        """See Warehouse.close; no connection outlives its question."""

    def _within(self, timeout_seconds: float, work: Callable[[_Ask], T]) -> T:
        deadline = time.monotonic() + timeout_seconds
        self._cancelled.clear()
        try:
            result = call(
                lambda: self._connected(timeout_seconds, work), timeout_seconds, self.cancel, shown(self._access.url)
            )
        except (ClickHouseError, HTTPError) as error:
            if time.monotonic() >= deadline:
                raise TimeoutError from None
            raise WarehouseError(self._words(error)) from None
        if self._cancelled.is_set():
            raise WarehouseError("the query was cancelled")
        return result

    def _connected(self, timeout_seconds: float, work: Callable[[_Ask], T]) -> T:
        client = self._client(timeout_seconds)
        self._query_id = query_id = f"driftgauge-{uuid.uuid4()}"

        def ask(statement: str, parameters: Mapping[str, Any]) -> pa.Table:
            text, bound = _in_pieces(statement, parameters)
            settings = {"query_id": query_id, "output_format_arrow_low_cardinality_as_dictionary": 0}
            return client.query_arrow(text, bound or None, settings=settings, use_strings=True)

        try:
            return work(ask)
        finally:
            self._query_id = None
            client.close()

    def _client(self, timeout_seconds: float) -> Client:
        return clickhouse_connect.get_client(
            host=self._host,
            port=self._port,
            secure=self._is_secure,
            username=self._user,
            password=self._access.login() or self._password or "",
            database=self._database,
            settings={**_SETTINGS, "max_execution_time": math.ceil(timeout_seconds) + _GRACE_SECONDS},
            connect_timeout=max(1, math.ceil(timeout_seconds)),
            send_receive_timeout=math.ceil(timeout_seconds) + 2 * _GRACE_SECONDS,
            query_retries=0,
            client_name="driftgauge",
            autogenerate_session_id=False,
            form_encode_query_params=True,
        )

    def _columns(self, ask: _Ask, table: str) -> dict[str, ColumnType]:
        database, name = (self._database, *table_parts(table))[-2:]
        place = {"database": database, "table": name}
        rows = ask(
            "SELECT name, type FROM system.columns "
            "WHERE database = {database:String} AND table = {table:String} ORDER BY position",
            place,
        ).to_pylist()
        if not rows:
            found = ask("SELECT name FROM system.tables WHERE database = {database:String} ORDER BY name", place)
            raise no_table(table, found["name"].to_pylist())
        return {row["name"]: _column_type(row["type"]) for row in rows}

    def _words(self, error: Exception) -> str:
        found = _SAID.search(str(error))
        hidden = filter(None, (self._password, self._access.login()))
        return " ".join(without(scrubbed(found["words"] if found else str(error), self._access.url), hidden).split())


_Ask = Callable[[str, Mapping[str, Any]], pa.Table]


def _in_pieces(statement: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The statement with each list that is too long for one parameter in several."""
    bound: dict[str, Any] = {}
    parts: dict[str, list[str]] = {}  # by the name of a list, those of the parameters that hold it
    for name, value in parameters.items():
        pieces = [*_pieces(value)] if isinstance(value, list) else [value]
        parts[name] = [name] if len(pieces) == 1 else [f"{name}_{place}" for place in range(len(pieces))]
        bound.update(zip(parts[name], pieces, strict=True))

    def joined(found: re.Match[str]) -> str:
        lists = [f"{{{part}:{found[2]}}}" for part in parts[found[1]]]
        return f"arrayConcat({', '.join(lists)})" if len(lists) > 1 else lists[0]

    return _LISTED.sub(joined, statement), bound


def _pieces(items: list[Any]) -> Iterator[list[Any]]:
    """Lists that a parameter can hold, of at least one item each; one if there are none."""
    piece: list[Any] = []
    size = 0
    for item in items:
        written = 2 * len(str(item).encode()) + 4  # each character may be escaped, beside quotes and a comma
        if piece and size + written > _LONGEST_FIELD:
            yield piece
            piece, size = [], 0
        piece.append(item)
        size += written
    yield piece


def _column_type(told: str) -> ColumnType:
    parsed = _TYPE.fullmatch(told)
    if parsed is None:
        return ColumnType(told, Form.OTHER)
    name, arguments = parsed["name"], [*type_arguments(parsed["arguments"] or "", quotes="`'")]
    if name in {"Nullable", "LowCardinality"}:
        return _column_type(arguments[0])
    form = _FORMS.get(name, Form.OTHER)
    fields = {}
    if form is Form.MAP:
        fields = {"value": _column_type(arguments[1])}
    elif form is Form.STRUCT:
        named = [*map(_FIELD.fullmatch, arguments)]
        fields = {_field_name(found["name"]): _column_type(found["type"]) for found in named if found}
        form = form if all(named) else Form.OTHER
    is_wide = name.startswith("Decimal") and int(arguments[0] or _DOUBLE_DIGITS) > _DOUBLE_DIGITS
    return ColumnType(told, form, is_wide or _LONG.fullmatch(name) is not None, fields)


def _field_name(written: str) -> str:
    return re.sub(r"\\(.)", r"\1", written[1:-1]) if written.startswith("`") else written
