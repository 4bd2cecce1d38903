"""The demo's log: the cached one where a demo ran before, else built once for all tests."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from demo.flights import load_flights, load_weather
from demo.log import CACHE, FILE, Log, ensure_log
from tests.real_parts import DRIFTGAUGE, ROOT


@pytest.fixture(scope="session")
def log() -> Log:
    """The full log."""
    return ensure_log(ROOT / CACHE)


@pytest.fixture
def database(log: Log) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(log.file), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def flights() -> pd.DataFrame:
    return load_flights()


@pytest.fixture(scope="session")
def weather() -> pd.DataFrame:
    return load_weather()


@pytest.fixture(scope="session")
def few_flights(flights: pd.DataFrame) -> pd.DataFrame:
    """Two weeks around the end of the training months: enough to train on, and a log of one week."""
    days = flights["hour_at"].between("2013-02-22", "2013-03-08")
    return flights[days].reset_index(drop=True)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone, its output fresh."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "registry", folder / "registry")
    subprocess.run([DRIFTGAUGE, "generate"], cwd=folder, check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture(scope="module")
def clone(generated: Path, log: Log) -> Path:
    """A clone in which a demo has built its log before."""
    (generated / CACHE).mkdir(parents=True)
    (generated / CACHE / FILE).symlink_to(log.file.resolve())
    return generated
