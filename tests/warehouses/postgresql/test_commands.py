"""Both commands that read a log, told where a PostgreSQL database is and how its password is given."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.exporter.serving.builders import NOW, definitions, predictor, write_definitions
from tests.real_parts import DRIFTGAUGE
from tests.warehouses.postgresql.conftest import Database
from tests.warehouses.postgresql.server import READER, READER_PASSWORD

pytestmark = pytest.mark.slow

COMMANDS = (("export", "--once", "--lookback-days", "1", "--now", NOW.isoformat()), ("discover", "--days", "1"))


def _run(folder: Path, *arguments: str, **environment: str) -> str:
    """What a command that fails says."""
    done = subprocess.run(
        [DRIFTGAUGE, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Path:
    """One with definitions; the database has a table, and not the one that they name."""
    write_definitions(tmp_path / "output" / "metrics", definitions(predictor()))
    database.ask("CREATE TABLE prediction (x int)")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_the_password_comes_from_the_environment_a_file_or_the_driver(
    database: Database, folder: Path, command: tuple[str, ...]
) -> None:
    (folder / "password").write_text(f"{READER_PASSWORD}\n")
    told = "table predictions is not in the log's database; name the table in the registry (logs: table), or create it."
    arguments = (*command, "--warehouse", database.url())
    for more, environment in (
        ((), {"DRIFTGAUGE_WAREHOUSE_PASSWORD": READER_PASSWORD}),
        ((), {"PGPASSWORD": READER_PASSWORD}),
        ((), {"DRIFTGAUGE_WAREHOUSE_PASSWORD_FILE": "password"}),
        (("--warehouse-password-file", "password"), {}),
    ):
        said = _run(folder, *arguments, *more, **environment)
        assert f"{told} Did you mean 'prediction'?" in said
        assert READER_PASSWORD not in said


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_password_that_is_wrong_does_not_show(database: Database, folder: Path, command: tuple[str, ...]) -> None:
    for arguments, environment in (
        (("--warehouse", database.url(password="hunter2")), {}),
        (("--warehouse", database.url(query="?password=hunter2")), {}),
        (("--warehouse", database.url()), {"DRIFTGAUGE_WAREHOUSE_PASSWORD": "hunter2"}),
    ):
        said = _run(folder, *command, *arguments, **environment)
        assert (
            f"postgresql://127.0.0.1:{database.server.port}/{database.name}: can't connect (connection failed: " in said
        )
        assert f'password authentication failed for user "{READER}"' in said
        assert "set warehouse_password_file or DRIFTGAUGE_WAREHOUSE_PASSWORD" in said
        assert "hunter2" not in said
    missing = _run(folder, *command, "--warehouse", database.url(), "--warehouse-password-file", "hunter2")
    assert "warehouse_password_file: the password can't be read (No such file or directory)" in missing
    assert "hunter2" not in missing


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_driver_that_is_not_there_is_told_with_its_extra(folder: Path, command: tuple[str, ...]) -> None:
    (folder / "psycopg.py").write_text("raise ModuleNotFoundError(\"No module named 'psycopg'\", name='psycopg')\n")
    arguments = (*command, "--warehouse", "postgresql://user:hunter2@host/db")
    said = _run(folder, *arguments, PYTHONPATH=str(folder))
    assert said == "Error: the warehouse needs psycopg; install it with: pip install 'driftgauge[postgres]'\n"
