"""Trino: tables and views of any catalogue."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import requests
import trino

from metrics_exporter.sources import Access, WarehouseError
from metrics_exporter.sources.calls import call
from metrics_exporter.sources.log_shape import ColumnType, Form, no_table, table_parts, type_arguments
from metrics_exporter.urls import scrubbed, shown, without

_GRACE_SECONDS = 1.0  # the server looks at its deadlines once a second
_LEAST_SECONDS = 0.5  # for a request that ends a query
_DOUBLE_DIGITS = 15
# A parameter, or text in quotes and comments, in which none stands.
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|:([A-Za-z_]\w*)")
_TYPE = re.compile(r"(?P<name>\w+)(?:\((?P<arguments>.*)\))?(?P<rest>.*)", re.S)
_FIELD = re.compile(r"(?P<name>[^(]+) (?P<type>(?:timestamp|time)(?:\(\d+\))? with time zone|\S+\(.*\)|\S+)", re.S)
_FORMS = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint", "real", "double", "decimal"), Form.NUMBER),
    **dict.fromkeys(("varchar", "char"), Form.TEXT),
    "boolean": Form.TRUTH,
    "json": Form.JSON,
    "date": Form.NAIVE_TIME,
    "timestamp": Form.NAIVE_TIME,
    "array": Form.LIST,
    "map": Form.MAP,
    "row": Form.STRUCT,
}
_ARROW = {
    "boolean": pa.bool_(),
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), pa.int64()),
    **dict.fromkeys(("real", "double", "decimal"), pa.float64()),
    "date": pa.date32(),
}

T = TypeVar("T")


def connect(access: Access) -> TrinoWarehouse:
    """The warehouse behind `trino://user@host:8080/catalog/schema`; with a password, or on port 443, over TLS.

    Raises:
        WarehouseError: the URL can't be read.
    """
    try:
        parts = urlsplit(access.url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    place = [unquote(part) for part in parts.path.strip("/").split("/") if part] if host else []
    if not host or len(place) > 2 or parts.query:
        raise WarehouseError("the warehouse URL can't be read; write it as trino://user@host:8080/catalog/schema")
    catalog, schema = (*place, "", "")[:2]
    password = unquote(parts.password) if parts.password else None
    user = unquote(parts.username or "driftgauge")
    return TrinoWarehouse(access, host=host, port=port, user=user, password=password, catalog=catalog, schema=schema)


class _Session(requests.Session):
    """Requests that end at a deadline."""

    deadline = 0.0

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        """As the base does."""
        options["timeout"] = max(_LEAST_SECONDS, self.deadline - time.monotonic())
        return super().request(*arguments, **options)


class TrinoWarehouse:
    """Prediction logs that Trino reads; a statement names its parameters `:name`."""

    dialect = "trino"

    def __init__(
        self, access: Access, *, host: str, port: int | None, user: str, password: str | None, catalog: str, schema: str
    ):
        """Connect at the first question; each has a connection of its own."""
        self._access, self._host, self._port, self._user = access, host, port, user
        self._password, self._catalog, self._schema = password, catalog, schema
        self._cursor: Any = None
        self._cancelled = threading.Event()

    def columns(self, table: str, timeout_seconds: float) -> dict[str, ColumnType]:
        """See Warehouse.columns."""
        return self._within(timeout_seconds, lambda cursor: self._columns(cursor, table))

    def run(self, statement: str, parameters: Mapping[str, Any], timeout_seconds: float) -> pa.Table:
        """See Warehouse.run."""
        return self._within(timeout_seconds, lambda cursor: _table(cursor, statement, parameters))

    def cancel(self) -> None:
        """See Warehouse.cancel."""
        cursor = self._cursor
        if cursor is not None:
            self._cancelled.set()
            with suppress(trino.exceptions.Error, requests.RequestException):  # it has ended, or can't be reached
                cursor.cancel()

    def close(self) -> None:
        """See Warehouse.close."""
        self._cursor = None

    def _within(self, timeout_seconds: float, work: Callable[[Any], T]) -> T:
        deadline = time.monotonic() + timeout_seconds
        self._cancelled.clear()
        try:
            with _Session() as session:
                session.deadline = deadline + _GRACE_SECONDS
                self._cursor = self._connection(session, timeout_seconds).cursor()
                cursor = self._cursor
                result = call(
                    lambda: work(cursor), timeout_seconds + _GRACE_SECONDS, self.cancel, shown(self._access.url)
                )
        except (trino.exceptions.Error, requests.RequestException) as error:
            if time.monotonic() >= deadline:
                raise TimeoutError from None
            raise WarehouseError(self._words(error)) from None
        finally:
            self._cursor = None
        if self._cancelled.is_set():  # the driver ends as if there were no more rows
            raise WarehouseError("the query was cancelled")
        return result

    def _connection(self, session: requests.Session, timeout_seconds: float) -> Any:
        password = self._access.login() or self._password
        return trino.dbapi.connect(
            host=self._host,
            port=self._port,
            user=self._user,
            catalog=self._catalog or None,
            schema=self._schema or None,
            source="driftgauge",
            client_tags=["driftgauge"],
            timezone="UTC",
            session_properties={"query_max_run_time": f"{max(1, round(timeout_seconds * 1000))}ms"},
            http_scheme="https" if password or self._port == 443 else "http",
            auth=trino.auth.BasicAuthentication(self._user, password) if password else None,
            http_session=session,
            max_attempts=1,
            legacy_prepared_statements=False,
        )

    def _columns(self, cursor: Any, table: str) -> dict[str, ColumnType]:
        parts = tuple(part.lower() for part in table_parts(table))
        catalog, schema, name = (*(self._catalog, self._schema)[: max(0, 3 - len(parts))], *parts)[-3:]
        information = '"' + catalog.replace('"', '""') + '".information_schema'
        rows = cursor.execute(
            f"SELECT column_name, data_type FROM {information}.columns "
            "WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position",
            [schema, name],
        ).fetchall()
        if not rows:
            found = cursor.execute(
                f"SELECT table_name FROM {information}.tables WHERE table_schema = ? ORDER BY 1", [schema]
            ).fetchall()
            raise no_table(table, [name for (name,) in found])
        return {name: _column_type(shown) for name, shown in rows}

    def _words(self, error: Exception) -> str:
        said = error.message if isinstance(error, trino.exceptions.TrinoQueryError) else str(error)
        hidden = filter(None, (self._password, self._access.login()))
        return " ".join(without(scrubbed(said, self._access.url), hidden).split())


def _column_type(shown: str) -> ColumnType:
    parsed = _TYPE.fullmatch(shown)
    if parsed is None:
        return ColumnType(shown, Form.OTHER)
    name, arguments = parsed["name"], [*type_arguments(parsed["arguments"] or "")]
    form = _FORMS.get(name, Form.OTHER)
    if name == "timestamp" and "with time zone" in parsed["rest"]:
        form = Form.ZONED_TIME
    fields = {}
    if form is Form.MAP:
        fields = {"value": _column_type(arguments[1])}
    elif form is Form.STRUCT:
        named = filter(None, map(_FIELD.fullmatch, arguments))
        fields = {found["name"]: _column_type(found["type"]) for found in named}
    is_long = name == "bigint" or (name == "decimal" and int(arguments[0] or 38) > _DOUBLE_DIGITS)
    return ColumnType(shown, form, is_long, fields)


def _table(cursor: Any, statement: str, parameters: Mapping[str, Any]) -> pa.Table:
    names: list[str] = []

    def place(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        names.append(found[1])
        return "?"

    positional = _TOKEN.sub(place, statement)
    rows = cursor.execute(positional, [parameters[name] for name in names]).fetchall()
    described = cursor.description or []
    columns = zip(*rows, strict=True) if rows else [()] * len(described)
    arrays = [_array(kind[1], values) for kind, values in zip(described, columns, strict=True)]
    return pa.Table.from_arrays(arrays, [column[0] for column in described])


def _array(shown: str, values: tuple[Any, ...]) -> pa.Array:
    kind = _arrow(shown)
    if pa.types.is_float64(kind):  # of decimals, Arrow makes no doubles
        return pa.array([None if value is None else float(value) for value in values], kind)
    return pa.array(values, kind)


def _arrow(shown: str) -> pa.DataType:
    parsed = _TYPE.fullmatch(shown)
    name = parsed["name"] if parsed else ""
    if parsed and name == "array":
        return pa.list_(_arrow(parsed["arguments"]))
    if parsed and name == "timestamp":
        return pa.timestamp("us", "UTC" if "with time zone" in parsed["rest"] else None)
    return _ARROW.get(name, pa.string())
