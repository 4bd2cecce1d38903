"""What a table's columns are, by the catalogue."""

from __future__ import annotations

import pytest

from metrics_exporter.sources import WarehouseError
from metrics_exporter.sources.log_shape import ColumnType, Form
from metrics_exporter.sources.postgresql import PostgreSQLWarehouse
from tests.warehouses.postgresql.conftest import Database
from tests.warehouses.postgresql.server import READER

SECONDS = 20.0


def _refusal(warehouse: PostgreSQLWarehouse, table: str) -> str:
    with pytest.raises(WarehouseError) as caught:
        warehouse.columns(table, SECONDS)
    return str(caught.value)


@pytest.mark.parametrize(
    ("declared", "form", "is_long"),
    [
        ("smallint", Form.NUMBER, False),
        ("integer", Form.NUMBER, False),
        ("bigint", Form.NUMBER, True),
        ("real", Form.NUMBER, False),
        ("double precision", Form.NUMBER, False),
        ("numeric", Form.NUMBER, True),
        ("numeric(15,2)", Form.NUMBER, False),
        ("numeric(16,0)", Form.NUMBER, True),
        ("boolean", Form.TRUTH, False),
        ("text", Form.TEXT, False),
        ("character varying(20)", Form.TEXT, False),
        ("character(3)", Form.TEXT, False),
        ("citext", Form.TEXT, False),
        ("mood", Form.TEXT, False),
        ("json", Form.JSON, False),
        ("jsonb", Form.JSON, False),
        ("date", Form.NAIVE_TIME, False),
        ("timestamp without time zone", Form.NAIVE_TIME, False),
        ("timestamp(3) with time zone", Form.ZONED_TIME, False),
        ("double precision[]", Form.LIST, False),
        ("text[]", Form.LIST, False),
        ("point[]", Form.LIST, False),
        ("time without time zone", Form.OTHER, False),
        ("interval", Form.OTHER, False),
        ("money", Form.OTHER, False),
        ("uuid", Form.OTHER, False),
        ("bytea", Form.OTHER, False),
        ("int4range", Form.OTHER, False),
        ("point", Form.OTHER, False),
        ("amount", Form.NUMBER, False),
        ("tags", Form.LIST, False),
    ],
)
def test_a_type_is_what_the_scan_takes_it_for(
    database: Database, warehouse: PostgreSQLWarehouse, declared: str, form: Form, is_long: bool
) -> None:
    database.ask("CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('fine')")
    database.ask("CREATE DOMAIN base AS numeric(10,2); CREATE DOMAIN amount AS base; CREATE DOMAIN tags AS text[]")
    database.ask(f"CREATE TABLE log (x {declared})")
    assert warehouse.columns("log", SECONDS) == {"x": ColumnType(declared, form, is_long)}


def test_types_that_have_parts(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    database.ask("CREATE EXTENSION hstore; CREATE DOMAIN share AS float8")
    database.ask('CREATE TYPE inner_part AS (a bigint); CREATE TYPE outer_part AS (x share, y text, "Z" inner_part)')
    database.ask("CREATE TABLE log (h hstore, features outer_part)")
    columns = warehouse.columns("log", SECONDS)
    assert columns["h"] == ColumnType("hstore", Form.MAP, fields={"value": ColumnType("text", Form.TEXT)})
    inner = ColumnType("inner_part", Form.STRUCT, fields={"a": ColumnType("bigint", Form.NUMBER, True)})
    assert columns["features"] == ColumnType(
        "outer_part",
        Form.STRUCT,
        fields={"x": ColumnType("share", Form.NUMBER), "y": ColumnType("text", Form.TEXT), "Z": inner},
    )


def test_columns_come_in_order_and_without_those_that_were_dropped(
    database: Database, warehouse: PostgreSQLWarehouse
) -> None:
    database.ask('CREATE TABLE log (z int, gone int, "Größe in m" int, a int)')
    database.ask("ALTER TABLE log DROP COLUMN gone")
    assert [*warehouse.columns("log", SECONDS)] == ["z", "Größe in m", "a"]


@pytest.mark.parametrize(
    ("made", "table"),
    [
        ("CREATE TABLE log (x int)", "log"),
        ("CREATE VIEW log AS SELECT 1 AS x", "log"),
        ("CREATE MATERIALIZED VIEW log AS SELECT 1 AS x", "log"),
        ("CREATE TABLE log (x int) PARTITION BY RANGE (x)", "log"),
        (
            "CREATE TABLE log (x int) PARTITION BY RANGE (x);"
            "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (9)",
            "log_1",
        ),
        (
            "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;"
            "CREATE FOREIGN TABLE log (x int) SERVER files OPTIONS (filename '/dev/null')",
            "log",
        ),
        ("CREATE TABLE log (x int)", "public.log"),
        ("CREATE TABLE log (x int)", '"public"."log"'),
        ("CREATE UNLOGGED TABLE log (x int)", "{database}.public.log"),
        ('CREATE TABLE "My ""log""" (x int)', '"My ""log"""'),
    ],
)
def test_whatever_can_be_read_like_a_table_is_one(
    database: Database, warehouse: PostgreSQLWarehouse, made: str, table: str
) -> None:
    for statement in made.split(";"):
        database.ask(statement)
    columns = warehouse.columns(table.format(database=database.name), SECONDS)
    assert columns == {"x": ColumnType("integer", Form.NUMBER)}


def test_a_name_without_a_schema_is_looked_up_in_the_search_path(database: Database) -> None:
    database.ask(f"CREATE SCHEMA ml; GRANT USAGE ON SCHEMA ml TO {READER}; CREATE TABLE ml.log (x text)")
    database.ask(f"ALTER ROLE {READER} IN DATABASE {database.name} SET search_path = ml")
    assert database.open().columns("log", SECONDS) == {"x": ColumnType("text", Form.TEXT)}


def test_a_name_that_is_none_gets_the_nearest(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    database.ask("CREATE SCHEMA ml; CREATE TABLE ml.predictions (x int); CREATE TABLE orders (x int PRIMARY KEY)")
    database.ask("CREATE SEQUENCE numbers")
    assert _refusal(warehouse, "predictions").endswith("Did you mean 'ml.predictions'?")
    assert _refusal(warehouse, "Orders").endswith("Did you mean 'orders'?")
    assert _refusal(warehouse, "zzz").endswith("There are: ml.predictions, orders")
    for table in ("elsewhere.public.orders", "a.b.c.orders", "numbers", "orders_pkey", "pg_temp.x"):
        assert f"table {table} is not in the log's database" in _refusal(warehouse, table)


def test_a_schema_that_is_closed_is_told_with_the_grant(database: Database, warehouse: PostgreSQLWarehouse) -> None:
    database.ask("CREATE SCHEMA ml; CREATE TABLE ml.log (x int)")
    message = _refusal(warehouse, "ml.log")
    assert message.startswith(
        "permission denied for schema ml; have its owner run GRANT SELECT ON the table, and GRANT"
    )
    database.ask(f"GRANT USAGE ON SCHEMA ml TO {READER}")
    assert [*warehouse.columns("ml.log", SECONDS)] == ["x"]


def test_a_table_of_the_system_is_read_like_any(warehouse: PostgreSQLWarehouse) -> None:
    assert "relname" in warehouse.columns("pg_catalog.pg_class", SECONDS)
