"""Refreshes over a real log: what is due, what is kept, and what a failure leaves."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from metrics_exporter.compute.refresh import LogReport, Refresher
from metrics_exporter.definitions import Definitions, Kind, Log
from metrics_exporter.profiles.history import History
from metrics_exporter.profiles.profile import Profile, Series
from metrics_exporter.sources import Warehouse, open_warehouse
from metrics_exporter.sources.log_shape import ColumnType
from tests.exporter.compute.logs import HOUR, START, LogFile, Row, definitions

DAY = timedelta(days=1)
SETTLED = timedelta(minutes=10)
FIRST = START + HOUR + SETTLED  # the window that begins at START is due


@dataclass
class Recording:
    """A warehouse, and what it was asked; hours in `slow` run into their deadline."""

    warehouse: Warehouse
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)
    slow: set[datetime] = field(default_factory=set)

    @property
    def dialect(self) -> str:
        return self.warehouse.dialect

    def columns(self, table: str, timeout_seconds: float) -> Mapping[str, ColumnType]:
        return self.warehouse.columns(table, timeout_seconds)

    def run(self, statement: str, parameters: Mapping[str, Any], timeout_seconds: float) -> pa.Table:
        start, end = (datetime.fromisoformat(parameters[name]).replace(tzinfo=UTC) for name in ("start", "end"))
        if "WITH log AS" in statement:  # the scan itself, not what is asked before it
            self.asked.append((start, end))
        if any(start < hour <= end for hour in self.slow):
            raise TimeoutError
        return self.warehouse.run(statement, parameters, timeout_seconds)

    def cancel(self) -> None:
        self.warehouse.cancel()

    def close(self) -> None:
        self.warehouse.close()


@pytest.fixture
def history() -> Iterator[History]:
    yield History(f"memory://{uuid.uuid4()}")


@pytest.fixture
def warehouse(log: LogFile) -> Recording:
    log.write([Row({"x": 1, "city": "a"}), Row({"x": 3, "city": "b"}, model="m2")])
    return Recording(open_warehouse(log.url))


def _refresher(
    warehouse: Warehouse, history: History, defined: Definitions | None = None, *, recompute: int = 3
) -> Refresher:
    return Refresher(defined or definitions(), warehouse, history, lookback_days=2, recompute=recompute)


def _refresh(refresher: Refresher, now: datetime) -> LogReport:
    (report,) = refresher.refresh(now)
    return report


def _at(hours: float, **features: object) -> Row:
    return Row(features or {"x": 2, "city": "a"}, at=START + timedelta(hours=hours))


def _profile(report: LogReport, feature: str, window: str = "1h", model: str = "m1") -> Profile:
    return next(p for p in report.latest[window].profiles if p.series == Series("p", model, feature))


def test_the_latest_window_is_reported(warehouse: Recording, history: History) -> None:
    report = _refresh(_refresher(warehouse, history), FIRST)
    assert report.latest["1h"].end == START + HOUR
    assert report.latest["1h"].rows == 2
    assert report.known == {("p", "m1"): START + HOUR, ("p", "m2"): START + HOUR}
    assert (report.error, report.errors, report.missed_windows) == (None, 0, 0)
    assert report.last_success == FIRST
    assert report.query_seconds is not None


def test_the_first_start_scans_a_day_at_a_time_oldest_first(warehouse: Recording, history: History) -> None:
    _refresh(_refresher(warehouse, history), FIRST)
    midnight = START.replace(hour=0)
    assert warehouse.asked == [
        (midnight - 2 * DAY, midnight - DAY),
        (midnight - DAY, midnight),
        (midnight, START + HOUR),
    ]
    assert len(history.ends("default", "1h")) == 2 * 24 + 11
    assert len(history.ends("default", "1d")) == 2


def test_nothing_is_computed_twice_nor_after_a_restart(warehouse: Recording, history: History) -> None:
    refresher = _refresher(warehouse, history)
    first = _refresh(refresher, FIRST)
    warehouse.asked.clear()
    again = _refresh(refresher, FIRST + timedelta(minutes=5))
    restarted = _refresh(_refresher(warehouse, history), FIRST + timedelta(minutes=6))
    assert warehouse.asked == []
    assert again.query_seconds is None
    assert restarted.latest == again.latest == first.latest
    assert restarted.known == first.known


def test_rows_that_come_late_are_counted_with_the_next_window(
    warehouse: Recording, history: History, log: LogFile
) -> None:
    refresher = _refresher(warehouse, history)
    _refresh(refresher, FIRST)
    log.write([_at(0.5), _at(1.5)])
    warehouse.asked.clear()
    report = _refresh(refresher, FIRST + HOUR)
    assert warehouse.asked == [(START - 2 * HOUR, START + 2 * HOUR)]
    assert report.latest["1h"].rows == 1
    (late,) = history.read("default", "1h", START, START + HOUR)
    assert late.rows == 3
    assert report.missed_windows == 0


def test_a_damaged_day_is_merged_again_at_the_next_start(
    warehouse: Recording, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    history = History(str(tmp_path))
    first = _refresh(_refresher(warehouse, history), FIRST)
    (yesterday,) = tmp_path.rglob(f"1d/**/{START:%Y%m%d}*.parquet")
    yesterday.write_bytes(b"")
    warehouse.asked.clear()
    assert _refresh(_refresher(warehouse, history), FIRST).latest == first.latest
    assert warehouse.asked == []
    assert "its window counts as missing" in caplog.text
    assert yesterday.stat().st_size > 0


def test_late_rows_of_yesterday_change_its_day(warehouse: Recording, history: History, log: LogFile) -> None:
    midnight = START.replace(hour=0) + DAY
    refresher = _refresher(warehouse, history)
    assert _refresh(refresher, midnight + SETTLED).latest["1d"].rows == 2
    log.write([Row({"x": 9}, at=midnight - timedelta(minutes=1))])
    report = _refresh(refresher, midnight + HOUR + SETTLED)
    assert report.latest["1d"].end == midnight
    assert report.latest["1d"].rows == 3
    assert _profile(report, "x", "1d").values == 2


def test_windows_missed_while_down_are_caught_up_in_one_scan(warehouse: Recording, history: History) -> None:
    _refresh(_refresher(warehouse, history), FIRST)
    warehouse.asked.clear()
    report = _refresh(_refresher(warehouse, history), FIRST + 6 * HOUR)
    assert warehouse.asked == [(START + HOUR, START + 7 * HOUR)]
    assert report.missed_windows == 5
    assert report.latest["1h"].end == START + 7 * HOUR


def test_the_day_is_merged_from_its_hours(warehouse: Recording, history: History, log: LogFile) -> None:
    log.write([_at(hour / 4, x=hour) for hour in range(40)])
    report = _refresh(_refresher(warehouse, history), START.replace(hour=0) + DAY + SETTLED)
    day = _profile(report, "x", "1d")
    assert day.values == 41
    assert day.distribution is not None
    assert day.distribution.mean == pytest.approx((1 + sum(range(40))) / 41, rel=1e-12)


def test_an_outage_keeps_the_last_good_values_and_says_why(
    warehouse: Recording, history: History, log: LogFile
) -> None:
    refresher = _refresher(warehouse, history)
    good = _refresh(refresher, FIRST)
    log.execute("ALTER TABLE predictions RENAME TO elsewhere")
    failed = _refresh(refresher, FIRST + HOUR)
    assert failed.error is not None
    assert "table predictions is not in the log's database" in failed.error
    assert failed.latest == good.latest
    assert failed.last_success == FIRST
    assert failed.errors == 1
    log.execute("ALTER TABLE elsewhere RENAME TO predictions")
    recovered = _refresh(refresher, FIRST + 2 * HOUR)
    assert (recovered.error, recovered.missed_windows) == (None, 1)
    assert recovered.latest["1h"].end == START + 3 * HOUR


def test_a_bad_log_takes_no_other_down(warehouse: Recording, history: History) -> None:
    logs = {"bad": Log(table="nowhere"), "good": Log(table="predictions")}
    bad, good = _refresher(warehouse, history, definitions(logs)).refresh(FIRST)
    assert bad.error is not None
    assert bad.latest == {}
    assert good.error is None
    assert good.latest["1h"].rows == 2


def test_a_history_that_cannot_be_written_is_an_error(warehouse: Recording, tmp_path: Path) -> None:
    (tmp_path / "history").write_text("", encoding="utf-8")
    report = _refresh(_refresher(warehouse, History(str(tmp_path / "history"))), FIRST)
    assert report.error is not None
    assert "history" in report.error


def test_a_defect_is_reported_without_taking_the_refresh_down(
    warehouse: Recording, history: History, caplog: pytest.LogCaptureFixture
) -> None:
    warehouse.warehouse = None  # type: ignore[assignment]
    with caplog.at_level(logging.ERROR):
        report = _refresh(_refresher(warehouse, history), FIRST)
    assert report.error == "unexpected AttributeError; the exporter's log has the details"
    assert "Traceback" in caplog.text


def test_too_slow_days_are_scanned_in_parts_and_a_hopeless_hour_is_given_up(
    warehouse: Recording, history: History
) -> None:
    warehouse.slow = {START}
    refresher = _refresher(warehouse, history)
    for attempt in range(3):
        report = _refresh(refresher, FIRST)
        assert report.error
        assert "was stopped after 300 s" in report.error
        assert report.errors == attempt + 1
    assert warehouse.asked.count((START - HOUR, START)) == 3
    report = _refresh(refresher, FIRST)
    assert report.error is None
    assert report.latest["1h"].end == START + HOUR
    assert START not in history.ends("default", "1h")
    day = _refresh(refresher, START.replace(hour=0) + DAY + SETTLED).latest["1d"]
    assert day.end == START.replace(hour=0) + DAY


def test_a_clock_set_back_reports_what_was_then(warehouse: Recording, history: History, log: LogFile) -> None:
    refresher = _refresher(warehouse, history)
    _refresh(refresher, FIRST + 50 * DAY)
    back = _refresh(refresher, FIRST)
    assert back.latest["1h"].end == START + HOUR
    assert back.latest["1h"].rows == 2
    log.write([_at(1.5)])
    assert _refresh(refresher, FIRST + HOUR).latest["1h"].rows == 1
    assert back.error is None


def test_windows_from_a_clock_that_was_ahead_are_computed_when_due(
    warehouse: Recording, history: History, log: LogFile
) -> None:
    _refresh(_refresher(warehouse, history), FIRST + 5 * HOUR)  # its later hours are still empty
    log.write([_at(3.5)])
    restarted = _refresher(warehouse, history, recompute=0)
    _refresh(restarted, FIRST)
    assert _refresh(restarted, FIRST + 3 * HOUR).latest["1h"].rows == 1


def test_a_damaged_window_is_computed_again(warehouse: Recording, tmp_path: Path) -> None:
    history = History(str(tmp_path))
    first = _refresh(_refresher(warehouse, history), FIRST)
    file = next(tmp_path.rglob(f"{START + HOUR:%Y%m%dT%H%M}Z.parquet"))
    file.write_bytes(b"PAR1")
    assert _refresh(_refresher(warehouse, history), FIRST + timedelta(minutes=1)).latest == first.latest


def test_an_hour_damaged_before_its_day_is_merged_is_computed_again(warehouse: Recording, tmp_path: Path) -> None:
    history, refresher = History(str(tmp_path)), _refresher(warehouse, History(str(tmp_path)), recompute=0)
    _refresh(refresher, FIRST)
    next(tmp_path.rglob(f"{START + HOUR:%Y%m%dT%H%M}Z.parquet")).write_bytes(b"")
    midnight = START.replace(hour=0) + DAY
    assert _refresh(refresher, midnight + SETTLED).latest["1d"].end == midnight - DAY
    assert _refresh(refresher, midnight + SETTLED).latest["1d"].rows == 2
    assert midnight in history.ends("default", "1d")


def test_kinds_stick(warehouse: Recording, history: History, log: LogFile) -> None:
    refresher = _refresher(warehouse, history)
    _refresh(refresher, FIRST)
    log.write([_at(1.5, x="a", city="1"), _at(1.6, x="b", city="2")])
    report = _refresh(_refresher(warehouse, history), FIRST + HOUR)
    assert _profile(report, "x").unparsable == 2
    categories = _profile(report, "city").categories
    assert categories is not None
    assert dict(categories.top) == {"1": 1, "2": 1}
    assert history.kinds("default") == {("p", "x"): Kind.NUMERIC, ("p", "city"): Kind.CATEGORICAL}


def test_a_declared_kind_wins_and_is_not_kept(warehouse: Recording, history: History) -> None:
    defined = definitions(features={"x": Kind.CATEGORICAL})
    report = _refresh(_refresher(warehouse, history, defined), FIRST)
    categories = _profile(report, "x").categories
    assert categories is not None
    assert categories.top == (("1", 1),)
    assert ("p", "x") not in history.kinds("default")


def test_a_feature_that_vanishes_is_all_nulls_for_a_week(warehouse: Recording, history: History, log: LogFile) -> None:
    log.write([_at(1.5, x=1), _at(24 * 8, x=1)])
    refresher = _refresher(warehouse, history)
    _refresh(refresher, FIRST)
    gone = _profile(_refresh(refresher, FIRST + HOUR), "city")
    assert (gone.rows, gone.nulls, gone.values) == (1, 1, 0)
    later = _refresh(refresher, FIRST + 8 * DAY)
    assert Series("p", "m1", "city") not in {profile.series for profile in later.latest["1h"].profiles}


def test_a_model_is_known_for_a_week(warehouse: Recording, history: History, log: LogFile) -> None:
    refresher = _refresher(warehouse, history)
    _refresh(refresher, FIRST)
    within = _refresh(refresher, FIRST + 7 * DAY - HOUR)
    assert within.known == {("p", "m1"): START + HOUR, ("p", "m2"): START + HOUR}
    assert _refresh(refresher, FIRST + 7 * DAY).known == {}


def test_unseen_categories_against_full_days_of_history(warehouse: Recording, history: History, log: LogFile) -> None:
    refresher = _refresher(warehouse, history)
    assert _refresh(refresher, FIRST).unseen == {"1d": {}, "1h": {}}
    log.write([_at(24, city="a"), _at(24, city="new", x=1), _at(24, city="newer"), _at(24, city="a", x=2)])
    report = _refresh(refresher, FIRST + DAY)
    assert report.unseen["1h"] == {Series("p", "m1", "city"): 0.5}
    restarted = _refresh(_refresher(warehouse, history), FIRST + DAY + timedelta(minutes=1))
    assert restarted.unseen == report.unseen


def test_unseen_is_absent_where_days_had_more_categories_than_are_kept(
    warehouse: Recording, history: History, log: LogFile
) -> None:
    log.write([_at(0.1, city=f"c{i}") for i in range(80)] + [_at(24, city="new")])
    refresher = _refresher(warehouse, history)
    _refresh(refresher, FIRST)
    assert _refresh(refresher, FIRST + DAY).unseen["1h"] == {}
