"""A bucket as the history: what it keeps, and what the exporter does when it refuses or is gone."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from s3fs import S3FileSystem

from generator.cli import main
from metrics_exporter.compute.refresh import LogReport, Refresher
from metrics_exporter.profiles.history import History, HistoryError
from metrics_exporter.sources import open_warehouse
from metrics_exporter.windows import DAILY, HOURLY
from tests import bucket as buckets
from tests.bucket import SECRET, Bucket
from tests.exporter.compute.logs import HOUR, START, LogFile, Row, definitions, shown
from tests.exporter.compute.test_history import WINDOW
from tests.exporter.compute.test_refresh import Recording
from tests.exporter.serving import builders
from tests.real_parts import DRIFTGAUGE

FIRST = START + HOUR + timedelta(minutes=10)


@pytest.fixture
def warehouse(log: LogFile) -> Recording:
    log.write(Row({"x": 2.5, "city": "a"}, at=START + timedelta(minutes=20 * place)) for place in range(-90, 15))
    return Recording(open_warehouse(log.url))


def _refresher(warehouse: Recording, url: str) -> Refresher:
    return Refresher(definitions(), warehouse, History(url), lookback_days=1)


def _refresh(refresher: Refresher, hours: int = 0) -> LogReport:
    *_, (report,) = refresher.refresh(FIRST + hours * HOUR)
    return report


def test_it_has_a_file_a_window_and_nothing_else(warehouse: Recording, bucket: Bucket) -> None:
    report = _refresh(_refresher(warehouse, bucket.url))
    assert report.error is None
    windows = [path for path in bucket.files() if path.endswith(".parquet") and "vocabulary" not in path]
    assert len(windows) == 24 + 11 + 1
    others = {path for path in bucket.files() if path not in windows}
    assert others == {f"default/{name}" for name in ("kinds.json", "missed.json", "vocabulary.parquet")} & others
    assert {"default/kinds.json", "default/vocabulary.parquet"} <= others


def test_a_restart_reads_it_and_asks_the_warehouse_nothing(warehouse: Recording, bucket: Bucket) -> None:
    before = _refresh(_refresher(warehouse, bucket.url))
    warehouse.asked.clear()
    after = _refresh(_refresher(warehouse, bucket.url))
    assert warehouse.asked == []
    assert [shown(after.latest[window]) for window in (HOURLY, DAILY)] == [
        shown(before.latest[window]) for window in (HOURLY, DAILY)
    ]


def test_a_reader_sees_a_window_whole_or_not_at_all_while_it_is_replaced(bucket: Bucket) -> None:
    history = History(bucket.url)
    history.write(WINDOW)
    sizes = history.sizes(WINDOW.log, HOURLY)
    for _ in range(20):
        history.write(WINDOW)
        assert history.sizes(WINDOW.log, HOURLY) == sizes
        assert [shown(window) for window in history.read(WINDOW.log, HOURLY, START, START + HOUR)] == [shown(WINDOW)]


def test_a_window_is_shown_that_it_refuses_and_kept_later_without_another_scan(
    warehouse: Recording, bucket: Bucket
) -> None:
    refresher = _refresher(warehouse, bucket.url)
    _refresh(refresher)
    bucket.refuse()
    report = _refresh(refresher, 1)
    assert report.latest[HOURLY].end == START + 2 * HOUR
    assert report.error is not None
    assert "can't be written (The AWS Access Key Id you provided does not exist" in report.error
    assert f"{bucket.name}/driftgauge/default/" in report.error
    assert SECRET not in report.error
    scans = len(warehouse.asked)
    assert _refresh(refresher, 1).error == report.error
    assert len(warehouse.asked) == scans  # tried again, and not scanned again
    bucket.let_in()
    assert _refresh(refresher, 1).error is None
    assert len(warehouse.asked) == scans
    assert History(bucket.url).ends("default", HOURLY)[-1] == START + 2 * HOUR


def test_one_that_can_not_be_read_is_not_taken_for_an_empty_one(warehouse: Recording, bucket: Bucket) -> None:
    _refresh(_refresher(warehouse, bucket.url))
    scans = len(warehouse.asked)
    bucket.refuse()
    report = _refresh(_refresher(warehouse, bucket.url))
    assert report.error is not None and "can't be listed" in report.error
    assert len(warehouse.asked) == scans
    bucket.let_in()
    assert _refresh(_refresher(warehouse, bucket.url)).error is None
    assert len(warehouse.asked) == scans


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A bucket of a server that a test may end."""
    with buckets.server(tmp_path) as service:
        yield buckets.made(service, monkeypatch)


def test_when_it_is_gone_each_hour_is_shown_and_judged_and_told(
    warehouse: Recording, own: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    alert = builders.alert(predictor="p").model_copy(update={"consecutive": 2, "models": ("m1",)})
    registered = builders.predictor("p", alerts=(alert,))
    refresher = Refresher(builders.definitions(registered), warehouse, History(own.url), lookback_days=1)
    _refresh(refresher)
    own.end()
    for hour in range(1, 4):
        report = _refresh(refresher, hour)
        assert report.latest[HOURLY].end == START + (hour + 1) * HOUR
        assert report.latest[HOURLY].rows == 3
        assert len(report.readings.value) and np.isfinite(report.readings.value).all()  # of two windows in a row
        assert report.error is not None and "can't be written (Could not connect to the endpoint URL" in report.error
        assert SECRET not in report.error + caplog.text
    scans = len(warehouse.asked)
    with caplog.at_level(logging.WARNING):
        _refresh(refresher, 3)
    assert len(warehouse.asked) == scans
    assert "counts as missing" not in caplog.text
    assert "not judged" not in caplog.text


def test_a_bucket_that_is_removed_is_told(warehouse: Recording, bucket: Bucket) -> None:
    refresher = _refresher(warehouse, bucket.url)
    _refresh(refresher)
    S3FileSystem().rm(bucket.name, recursive=True)
    report = _refresh(refresher, 1)
    assert report.latest[HOURLY].end == START + 2 * HOUR
    assert report.error is not None and "can't be written (The specified bucket does not exist)" in report.error


@pytest.mark.parametrize("work", ["kinds", "vocabulary", "missed", "list", "remove", "read"])
def test_whatever_is_refused_is_an_error_of_the_history(bucket: Bucket, work: str) -> None:
    history = History(bucket.url)
    history.write(WINDOW)
    bucket.refuse()
    works = {
        "kinds": lambda: history.kinds(WINDOW.log),
        "vocabulary": lambda: history.vocabulary(WINDOW.log, None),
        "missed": lambda: history.missed(WINDOW.log),
        "list": lambda: history.ends(WINDOW.log, HOURLY),
        "remove": lambda: history.remove(WINDOW.log, HOURLY, WINDOW.end),
        "read": lambda: history.read_some(WINDOW.log, HOURLY, WINDOW.end, None),
    }
    with pytest.raises(HistoryError, match="see to its place") as refused:
        works[work]()
    assert SECRET not in str(refused.value)


def test_commands_look_at_it(warehouse: Recording, bucket: Bucket) -> None:
    _refresh(_refresher(warehouse, bucket.url))
    listed = CliRunner().invoke(main, ["history", "list", "--history", bucket.url])
    assert listed.exit_code == 0
    assert "default  1h      2026-03-03T00:00Z  2026-03-04T11:00Z" in listed.stdout
    missing = CliRunner().invoke(main, ["history", "list", "--history", f"s3://{bucket.name}/elsewhere"])
    assert f"there is no history s3://{bucket.name}/elsewhere" in missing.stderr
    bucket.refuse()
    refused = CliRunner().invoke(main, ["history", "list", "--history", bucket.url])
    assert refused.exit_code == 1
    assert "can't be listed (The AWS Access Key Id you provided does not exist" in refused.stderr


@pytest.mark.slow
def test_an_exporter_process_keeps_its_windows_there(tmp_path: Path, own: Bucket) -> None:
    builders.write_definitions(tmp_path / "metrics", builders.definitions(builders.predictor()))
    builders.write_log(tmp_path / "log.duckdb")
    command = [DRIFTGAUGE, "export", "--once", "--now", builders.NOW.isoformat(), "--lookback-days", "1"]
    command += ["--definitions", "metrics", "--warehouse", "duckdb:log.duckdb", "--history", own.url]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    first = run()
    assert (first.returncode, first.stderr) == (0, "")
    (tmp_path / "log.duckdb").unlink()
    again = run()
    assert (again.returncode, again.stderr) == (0, "")
    assert "ml_predictions{" in again.stdout
    own.end()
    gone = run()
    assert gone.returncode == 1
    assert "Could not connect to the endpoint URL" in gone.stderr
    assert "Traceback" not in gone.stderr
    assert SECRET not in gone.stderr
