"""A password, wherever it is kept, opens the database, and shows nowhere."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from metrics_exporter.config import SettingsError
from metrics_exporter.sources import Access, WarehouseError, open_warehouse
from tests.real_parts import free_port, wait_until
from tests.warehouses.postgresql.conftest import Database
from tests.warehouses.postgresql.server import READER, READER_PASSWORD
from tests.warehouses.postgresql.test_statements import SECONDS

WRONG = "wr@ng/8:%41 word"
Place = Callable[[str, str, pytest.MonkeyPatch, Path], Access]


def _in_the_url(url: str, password: str, patch: pytest.MonkeyPatch, folder: Path) -> Access:
    return Access(url.replace(f"{READER}@", f"{READER}:{quote(password, safe='')}@"))


def _in_the_query(url: str, password: str, patch: pytest.MonkeyPatch, folder: Path) -> Access:
    return Access(f"{url}?password={quote(password, safe='')}&application_name=driftgauge")


def _in_the_settings(url: str, password: str, patch: pytest.MonkeyPatch, folder: Path) -> Access:
    return Access(url, lambda: password)


def _in_the_settings_before_the_url(url: str, password: str, patch: pytest.MonkeyPatch, folder: Path) -> Access:
    return Access(url.replace(f"{READER}@", f"{READER}:stale@"), lambda: password)


def _in_the_environment(url: str, password: str, patch: pytest.MonkeyPatch, folder: Path) -> Access:
    patch.setenv("PGPASSWORD", password)
    return Access(url)


def _in_a_file_of_libpq_s(url: str, password: str, patch: pytest.MonkeyPatch, folder: Path) -> Access:
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    (folder / "pgpass").write_text(f"127.0.0.1:*:*:{READER}:{escaped}\n")
    (folder / "pgpass").chmod(0o600)
    patch.setenv("PGPASSFILE", str(folder / "pgpass"))
    return Access(url)


def _in_a_service(url: str, password: str, patch: pytest.MonkeyPatch, folder: Path) -> Access:
    (folder / "services").write_text(f"[log]\npassword={password}\n")
    patch.setenv("PGSERVICEFILE", str(folder / "services"))
    return Access(f"{url}?service=log")


PLACES = (
    _in_the_url,
    _in_the_query,
    _in_the_settings,
    _in_the_settings_before_the_url,
    _in_the_environment,
    _in_a_file_of_libpq_s,
    _in_a_service,
)


@contextmanager
def _unseen(password: str, caplog: pytest.LogCaptureFixture) -> Iterator[list[BaseException]]:
    """That no part of a password is in what was caught, what came before it, or any logger's lines."""
    caught: list[BaseException] = []
    with caplog.at_level(logging.DEBUG):
        yield caught
    assert caught
    texts = [caplog.text]
    for error in caught:
        texts.extend(traceback.format_exception(error))
        cause = error.__context__
        while cause is not None:  # a driver's own words, which nobody is shown
            texts.append(f"{cause} {cause!r}")
            cause = cause.__context__
    for part in (password, quote(password, safe=""), password[-6:], password[:6]):
        assert not [text for text in texts if part in text]


@pytest.mark.parametrize("place", PLACES)
def test_it_opens_the_database(
    database: Database, place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    access = place(database.url(), READER_PASSWORD, monkeypatch, tmp_path)
    warehouse = open_warehouse(access.url, password=access.password)
    assert warehouse.run("SELECT current_user::text AS x", {}, SECONDS)["x"].to_pylist() == [READER]
    warehouse.close()


@pytest.mark.parametrize("place", PLACES)
def test_it_shows_in_no_failure(
    database: Database, place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    urls = [
        database.url(),
        database.url(port=free_port()),
        f"postgresql://{READER}@127.0.0.1:{database.server.port}/nowhere",
        f"postgresql://{READER}@nowhere.invalid/nowhere",
        f"postgresql://{READER}@127.0.0.1:{database.server.port}/{database.name}",
    ]
    with _unseen(WRONG, caplog) as caught:
        for url in urls:
            access = place(url, WRONG, monkeypatch, tmp_path)
            assert WRONG not in repr(access)
            warehouse = open_warehouse(access.url, password=access.password)
            with pytest.raises(WarehouseError) as error:
                warehouse.columns("log", SECONDS)
            caught.append(error.value)


@pytest.mark.parametrize("place", PLACES)
def test_it_shows_in_no_statement_s_failure(
    database: Database, place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    access = place(database.url(), READER_PASSWORD, monkeypatch, tmp_path)
    warehouse = open_warehouse(access.url, password=access.password)
    with _unseen(READER_PASSWORD, caplog) as caught:
        for statement in ("SELECT 1 / 0", "SELEC", "SELECT x FROM nowhere", "CREATE TABLE x (y int)"):
            with pytest.raises(WarehouseError) as error:
                warehouse.run(statement, {}, SECONDS)
            caught.append(error.value)
        with pytest.raises(TimeoutError) as late:
            warehouse.run("SELECT pg_sleep(9)", {}, 0.2)
        caught.append(late.value)
        with pytest.raises(WarehouseError) as missing:
            warehouse.columns("nowhere", SECONDS)
        caught.append(missing.value)
    warehouse.close()


def test_what_a_server_repeats_of_it_is_hidden(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "word of old")
    with pytest.raises(WarehouseError) as caught:
        database.open().run("SELECT (%(x)s::text)::int", {"x": f"{READER_PASSWORD} and word of old"}, SECONDS)
    assert str(caught.value) == 'invalid input syntax for type integer: "… and …"; see to the values in the log'


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hun@ter2@host/db",
        "postgresql://user:hun/ter2@host/db",
        "postgresql://user:5432/ter2@host/db",
        "postgresql://user:hun%ter2@host/db",
        "postgresql://user:hun ter2@host/db",
        "postgresql://user@host/db?hunter2",
        "postgresql://user@host/db?hunter2=x",
        "postgresql://user@host/db?password=hun%ter2",
        "postgresql://[hunter2/db",
        "postgresql:hunter2",
        "postgresql:host=h password=hunter2",
    ],
)
def test_a_url_that_libpq_reads_in_another_way_is_refused(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(WarehouseError) as caught, caplog.at_level(logging.DEBUG):
        open_warehouse(url)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "the warehouse URL can't be read; write it as postgresql://user@host:5432/database, with %40" in told
    assert "ter2" not in told
    assert "hun" not in told


def test_a_password_that_changed_opens_the_next_connection(database: Database) -> None:
    passwords = ["hunter2", READER_PASSWORD]
    warehouse = open_warehouse(database.url(), password=lambda: passwords[0])
    with pytest.raises(WarehouseError, match="authentication failed"):
        warehouse.run("SELECT 1 AS x", {}, SECONDS)
    del passwords[0]
    assert warehouse.run("SELECT 1 AS x", {}, SECONDS).num_rows == 1
    warehouse.close()
    wait_until("end of the connection", lambda: not database.server.queries())


def test_a_password_that_can_t_be_read_is_told(database: Database) -> None:
    def unreadable() -> str:
        raise SettingsError("warehouse_password_file: the password can't be read (No such file or directory)")

    with pytest.raises(WarehouseError, match=r"warehouse_password_file: the password can't be read"):
        open_warehouse(database.url(), password=unreadable).columns("log", SECONDS)
