"""A real PostgreSQL server of the tests' own: on loopback, with TLS and passwords, run as a user without privileges."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import real_parts

ADMIN, ADMIN_PASSWORD = "admin", "master of all"
READER, READER_PASSWORD = "driftgauge", "hun@ter/2:%41#?"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "log_connections": "on",
    "max_connections": "30",
    "ssl": "on",
    "ssl_cert_file": "../server.crt",
    "ssl_key_file": "../server.key",
}


@dataclass
class Server:
    """A cluster that can be stopped and started."""

    postgres: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it, and wait until it answers."""
        settings = [f"--{name}={value}" for name, value in {**_SETTINGS, "port": str(self.port)}.items()]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.postgres, "-D", self.folder / "data", *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **_unprivileged(),
            )
        real_parts.wait_until("answer of PostgreSQL", self._answers, timeout=60)

    def stop(self) -> None:
        """End it at once for all clients, as an administrator does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, statement: str, *parameters: Any, database: str = "postgres") -> list[tuple[Any, ...]]:
        """The rows of a statement that the administrator runs, if it has any."""
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            dbname=database,
            user=ADMIN,
            password=ADMIN_PASSWORD,
            application_name="test",
            autocommit=True,
        ) as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def queries(self) -> list[tuple[Any, ...]]:
        """What the exporter's connections do: their state and, if it runs, the statement."""
        return self.ask("SELECT state, query FROM pg_stat_activity WHERE application_name = 'driftgauge'")

    def active(self) -> bool:
        """Whether a statement of the exporter's runs."""
        return any(state == "active" for state, _ in self.queries())

    def logged(self) -> str:
        """What the server has written down."""
        return (self.folder / "log").read_text(errors="replace")

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            pytest.fail(f"PostgreSQL ended with {self.process.returncode}:\n{self.logged()[-4000:]}", pytrace=False)
        try:
            return self.ask("SELECT 1") == [(1,)]
        except psycopg.OperationalError:
            return False


@contextmanager
def running() -> Iterator[Server]:
    """A new cluster, until the block ends; skips where there is no PostgreSQL, or fails where it is required."""
    postgres = real_parts.require("postgres")
    folder = Path(tempfile.mkdtemp(prefix="driftgauge-postgresql-"))  # pytest's own are closed to other users
    try:
        account = _unprivileged().get("user")
        if account is not None:
            shutil.chown(folder, account)
        _make_cluster(postgres, folder)
        server = Server(postgres, folder, real_parts.free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_cluster(postgres: Path, folder: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=postgresql"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "server.key", "-out", "server.crt"),
        ],
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=60,
        **_unprivileged(),
    )
    password = folder / "password"
    password.write_text(ADMIN_PASSWORD)
    password.chmod(0o644)
    done = subprocess.run(
        [
            *(postgres.with_name("initdb"), "-D", folder / "data", "-U", ADMIN, "--pwfile", password),
            *("-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **_unprivileged(),
    )
    assert done.returncode == 0, done.stderr


def _unprivileged() -> dict[str, Any]:
    """As whom a program runs: PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    account = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
