"""Building, keeping, moving and replacing the log's file, on a log of one week."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from demo import log as log_module
from demo.log import FILE, Log, ensure_log, read

NOW = datetime(2026, 6, 17, 12)


def _refuse() -> pd.DataFrame:
    raise AssertionError("the log is built again")


@pytest.fixture(scope="module")
def built(few_flights: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Log:
    return ensure_log(tmp_path_factory.mktemp("cache"), NOW, source=lambda: few_flights)


@pytest.fixture
def cache(built: Log, tmp_path: Path) -> Path:
    shutil.copy(built.file, tmp_path / FILE)
    return tmp_path


def _first_and_last(file: Path) -> tuple[datetime, datetime]:
    with duckdb.connect(str(file), read_only=True) as database:
        first, last = database.sql("SELECT min(sent_at), max(sent_at) FROM all_predictions").fetchall()[0]
    return first, last


def test_the_shift_is_whole_weeks(built: Log, few_flights: pd.DataFrame) -> None:
    first, last = _first_and_last(built.file)
    assert last == built.end
    assert first - timedelta(weeks=built.weeks) == few_flights.query("month > 2")[["hour_at", "departed_at"]].min(
        axis=None
    )
    assert last - timedelta(weeks=1) < NOW <= last


def test_a_built_log_is_used_again(cache: Path) -> None:
    before = _written(cache / FILE)
    ensure_log(cache, NOW + timedelta(hours=1), source=_refuse)
    assert _written(cache / FILE) == before
    assert [path.name for path in cache.iterdir()] == [FILE]


def _written(file: Path) -> tuple[int, int, int]:
    status = file.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@pytest.mark.parametrize("later", [timedelta(weeks=1), timedelta(weeks=30), timedelta(weeks=-3)])
def test_a_log_whose_last_week_has_passed_is_only_moved(cache: Path, built: Log, later: timedelta) -> None:
    said: list[str] = []
    moved = ensure_log(cache, NOW + later, said.append, source=_refuse)
    assert moved.weeks - built.weeks == later // timedelta(weeks=1)
    assert len(said) == 1
    assert _first_and_last(moved.file) == tuple(time + later for time in _first_and_last(built.file))
    assert read(moved.file) == moved
    assert [path.name for path in cache.iterdir()] == [FILE]


def test_the_last_moment_of_the_last_week_does_not_move(cache: Path, built: Log) -> None:
    assert ensure_log(cache, built.end, source=_refuse).weeks == built.weeks
    assert ensure_log(cache, built.end + timedelta(microseconds=1), source=_refuse).weeks == built.weeks + 1


def _garbage(file: Path) -> None:
    file.write_bytes(b"half a file")


def _foreign(file: Path) -> None:
    file.unlink()
    duckdb.connect(str(file)).close()


def _outdated(file: Path) -> None:
    with duckdb.connect(str(file)) as database:
        database.execute("UPDATE build SET fingerprint = 'of yesterday'")


@pytest.mark.parametrize("spoil", [_garbage, _foreign, _outdated])
def test_what_is_no_log_of_this_version_is_built_again(
    cache: Path, built: Log, few_flights: pd.DataFrame, spoil: Callable[[Path], None]
) -> None:
    spoil(cache / FILE)
    again = ensure_log(cache, NOW, source=lambda: few_flights)
    assert (again.fingerprint, again.weeks, again.end) == (built.fingerprint, built.weeks, built.end)


def test_building_twice_yields_the_same_rows(built: Log, few_flights: pd.DataFrame, tmp_path: Path) -> None:
    again = ensure_log(tmp_path, NOW, source=lambda: few_flights)
    with duckdb.connect(str(again.file), read_only=True) as database:
        database.execute(f"ATTACH '{built.file}' AS built (READ_ONLY)")
        for table in ("all_predictions", "all_actuals"):
            difference = database.sql(f"SELECT * FROM {table} EXCEPT ALL SELECT * FROM built.{table}").fetchall()
            assert difference == []


def test_a_failed_build_leaves_what_there_was(cache: Path) -> None:
    _outdated(cache / FILE)
    before = (cache / FILE).read_bytes()
    with pytest.raises(AssertionError, match="built again"):
        ensure_log(cache, NOW, source=_refuse)
    assert (cache / FILE).read_bytes() == before
    assert [path.name for path in cache.iterdir()] == [FILE]


def test_main_prints_the_path(cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(cache)
    (cache / log_module.CACHE).mkdir(parents=True)
    shutil.move(cache / FILE, cache / log_module.CACHE / FILE)
    log_module.main()
    assert capsys.readouterr().out == f"{log_module.CACHE / FILE}\n"
