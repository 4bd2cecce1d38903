"""One server for all, and a database of its own for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from psycopg import sql

from metrics_exporter.sources import Access
from metrics_exporter.sources.postgresql import PostgreSQLWarehouse, connect
from tests.warehouses.postgresql import server as servers
from tests.warehouses.postgresql.server import READER, READER_PASSWORD, Server

_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Database:
    """A database with a role that may read the schema `public`."""

    server: Server
    name: str

    def url(self, *, password: str | None = None, port: int | None = None, query: str = "") -> str:
        """Where the exporter finds it; with a password only if one is given."""
        login = READER if password is None else f"{READER}:{quote(password, safe='')}"
        return f"postgresql://{login}@127.0.0.1:{port or self.server.port}/{self.name}{query}"

    def ask(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What the administrator's statement yields here."""
        return self.server.ask(statement, *parameters, database=self.name)

    def open(self, *, port: int | None = None, query: str = "") -> PostgreSQLWarehouse:
        """The warehouse, with the reader's password."""
        return connect(Access(self.url(port=port, query=query), lambda: READER_PASSWORD))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with servers.running() as running:
        statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(READER), READER_PASSWORD)
        running.ask(statement.as_string())
        yield running


@pytest.fixture
def database(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    for name in ("PGPASSWORD", "PGHOST", "PGUSER", "PGDATABASE", "PGSERVICE", "PGAPPNAME", "PGPASSFILE"):
        monkeypatch.delenv(name, raising=False)
    name = f"log{next(_NUMBERS)}"
    server.ask(f"CREATE DATABASE {name}")
    made = Database(server, name)
    made.ask(f"GRANT USAGE ON SCHEMA public TO {READER}")
    made.ask(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {READER}")
    yield made
    server.ask(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def warehouse(database: Database) -> Iterator[PostgreSQLWarehouse]:
    opened = database.open()
    yield opened
    opened.close()
