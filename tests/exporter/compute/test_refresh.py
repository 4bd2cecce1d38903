"""Refreshes over a real log: what is due, what is kept, and what a failure leaves."""

from __future__ import annotations

import io
import logging
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from metrics_exporter.compute.refresh import LogReport, Refresher
from metrics_exporter.definitions import Definitions, Kind, Log
from metrics_exporter.profiles.history import History, HistoryError
from metrics_exporter.profiles.profile import Profile, Series
from metrics_exporter.profiles.retention import Retention
from metrics_exporter.profiles.table import Profiles, WindowProfiles
from metrics_exporter.sources import Warehouse, open_warehouse
from metrics_exporter.sources.log_shape import ColumnType
from metrics_exporter.windows import DAILY, HOURLY, Window
from tests.exporter.compute.logs import HOUR, START, LogFile, Row, definitions, shown
from tests.exporter.serving import builders

DAY = timedelta(days=1)
SETTLED = timedelta(minutes=10)
FIRST = START + HOUR + SETTLED  # the window that begins at START is due


def _foreign() -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table({"x": [1]}), content)
    return content.getvalue()


FOREIGN = _foreign()


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
        if "WITH log AS" not in statement:  # what is asked before the scan itself
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
    *_, (report,) = refresher.refresh(now)
    return report


def _shown(report: LogReport) -> dict[Window, object]:
    return {length: shown(window) for length, window in report.latest.items()}


def _at(hours: float, **features: object) -> Row:
    return Row(features or {"x": 2, "city": "a"}, at=START + timedelta(hours=hours))


def _profile(report: LogReport, feature: str, window: Window = HOURLY, model: str = "m1") -> Profile:
    return next(p for p in report.latest[window].profiles if p.series == Series("p", model, feature))


def test_the_latest_window_is_reported(warehouse: Recording, history: History) -> None:
    report = _refresh(_refresher(warehouse, history), FIRST)
    assert report.latest[HOURLY].end == START + HOUR
    assert report.latest[HOURLY].rows == 2
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
        *[(midnight, START + HOUR)] * 2,  # the second counts the values that the first has shown to repeat
    ]
    assert len(history.ends("default", HOURLY)) == 2 * 24 + 11
    assert len(history.ends("default", DAILY)) == 2


def test_nothing_is_computed_twice_nor_after_a_restart(warehouse: Recording, history: History) -> None:
    refresher = _refresher(warehouse, history)
    first = _refresh(refresher, FIRST)
    warehouse.asked.clear()
    again = _refresh(refresher, FIRST + timedelta(minutes=5))
    restarted = _refresh(_refresher(warehouse, history), FIRST + timedelta(minutes=6))
    assert warehouse.asked == []
    assert again.query_seconds is None
    assert _shown(restarted) == _shown(again) == _shown(first)
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
    assert report.latest[HOURLY].rows == 1
    (late,) = history.read("default", HOURLY, START, START + HOUR)
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
    assert _shown(_refresh(_refresher(warehouse, history), FIRST)) == _shown(first)
    assert warehouse.asked == []
    assert "its window counts as missing" in caplog.text
    assert yesterday.stat().st_size > 0


def test_late_rows_of_yesterday_change_its_day(warehouse: Recording, history: History, log: LogFile) -> None:
    midnight = START.replace(hour=0) + DAY
    refresher = _refresher(warehouse, history)
    assert _refresh(refresher, midnight + SETTLED).latest[DAILY].rows == 2
    log.write([Row({"x": 9}, at=midnight - timedelta(minutes=1))])
    report = _refresh(refresher, midnight + HOUR + SETTLED)
    assert report.latest[DAILY].end == midnight
    assert report.latest[DAILY].rows == 3
    assert _profile(report, "x", DAILY).values == 2


def test_windows_missed_while_down_are_caught_up_in_one_scan(warehouse: Recording, history: History) -> None:
    _refresh(_refresher(warehouse, history), FIRST)
    warehouse.asked.clear()
    report = _refresh(_refresher(warehouse, history), FIRST + 6 * HOUR)
    assert warehouse.asked == [(START + HOUR, START + 7 * HOUR)]
    assert report.missed_windows == 5
    assert report.latest[HOURLY].end == START + 7 * HOUR


def test_the_day_is_merged_from_its_hours(warehouse: Recording, history: History, log: LogFile) -> None:
    log.write([_at(hour / 4, x=hour) for hour in range(40)])
    report = _refresh(_refresher(warehouse, history), START.replace(hour=0) + DAY + SETTLED)
    day = _profile(report, "x", DAILY)
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
    assert _shown(failed) == _shown(good)
    assert failed.last_success == FIRST
    assert failed.errors == 1
    log.execute("ALTER TABLE elsewhere RENAME TO predictions")
    recovered = _refresh(refresher, FIRST + 2 * HOUR)
    assert (recovered.error, recovered.missed_windows) == (None, 1)
    assert recovered.latest[HOURLY].end == START + 3 * HOUR


def test_a_bad_log_takes_no_other_down(warehouse: Recording, history: History) -> None:
    logs = {"bad": Log(table="nowhere"), "good": Log(table="predictions")}
    *_, (bad, good) = _refresher(warehouse, history, definitions(logs)).refresh(FIRST)
    assert bad.error is not None
    assert bad.latest == {}
    assert good.error is None
    assert good.latest[HOURLY].rows == 2


def test_a_history_that_cannot_be_written_is_an_error(warehouse: Recording, tmp_path: Path) -> None:
    (tmp_path / "history").write_text("", encoding="utf-8")
    report = _refresh(_refresher(warehouse, History(str(tmp_path / "history"))), FIRST)
    assert report.error is not None
    assert "history" in report.error


def test_a_window_that_can_not_be_kept_is_shown(warehouse: Recording, tmp_path: Path, log: LogFile) -> None:
    refresher = _refresher(warehouse, History(str(tmp_path / "history")))
    _refresh(refresher, FIRST)
    month = tmp_path / "history" / "default" / "1h" / f"{START:%Y-%m}"
    shutil.rmtree(month)
    month.write_text("", encoding="utf-8")
    log.write([_at(1.5)])
    report = _refresh(refresher, FIRST + HOUR)
    assert report.error is not None
    assert "can't be written" in report.error
    assert (report.latest[HOURLY].end, report.latest[HOURLY].rows) == (START + 2 * HOUR, 1)


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
    behind = []
    while (report := _refresh(refresher, FIRST)).error:
        behind.append(report.is_behind)
        assert "was stopped after 300 s" in report.error
        assert report.errors == len(behind)
    assert behind == [True] * 4 + [False] * 3  # a day, 12, 6 and 3 hours; then the hour, three times
    assert not report.is_behind
    assert warehouse.asked.count((START - HOUR, START)) == 3
    assert report.latest[HOURLY].end == START + HOUR
    assert START not in history.ends("default", HOURLY)
    day = _refresh(refresher, START.replace(hour=0) + DAY + SETTLED).latest[DAILY]
    assert day.end == START.replace(hour=0) + DAY


def test_a_clock_set_back_reports_what_was_then(warehouse: Recording, history: History, log: LogFile) -> None:
    refresher = _refresher(warehouse, history)
    _refresh(refresher, FIRST + 50 * DAY)
    back = _refresh(refresher, FIRST)
    assert back.latest[HOURLY].end == START + HOUR
    assert back.latest[HOURLY].rows == 2
    log.write([_at(1.5)])
    assert _refresh(refresher, FIRST + HOUR).latest[HOURLY].rows == 1
    assert back.error is None


def test_windows_from_a_clock_that_was_ahead_are_computed_when_due(
    warehouse: Recording, history: History, log: LogFile
) -> None:
    _refresh(_refresher(warehouse, history), FIRST + 5 * HOUR)  # its later hours are still empty
    log.write([_at(3.5)])
    restarted = _refresher(warehouse, history, recompute=0)
    _refresh(restarted, FIRST)
    assert _refresh(restarted, FIRST + 3 * HOUR).latest[HOURLY].rows == 1


def test_a_damaged_window_is_computed_again(warehouse: Recording, tmp_path: Path) -> None:
    history = History(str(tmp_path))
    first = _refresh(_refresher(warehouse, history), FIRST)
    file = next(tmp_path.rglob(f"{START + HOUR:%Y%m%dT%H%M}Z.parquet"))
    file.write_bytes(b"PAR1")
    assert _shown(_refresh(_refresher(warehouse, history), FIRST + timedelta(minutes=1))) == _shown(first)


def test_an_hour_damaged_before_its_day_is_merged_is_computed_again(warehouse: Recording, tmp_path: Path) -> None:
    history, refresher = History(str(tmp_path)), _refresher(warehouse, History(str(tmp_path)), recompute=0)
    _refresh(refresher, FIRST)
    next(tmp_path.rglob(f"{START + HOUR:%Y%m%dT%H%M}Z.parquet")).write_bytes(b"")
    midnight = START.replace(hour=0) + DAY
    assert _refresh(refresher, midnight + SETTLED).latest[DAILY].end == midnight - DAY
    assert _refresh(refresher, midnight + SETTLED).latest[DAILY].rows == 2
    assert midnight in history.ends("default", DAILY)


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


def test_a_feature_that_vanishes_is_all_nulls_as_long_as_it_was_there(
    warehouse: Recording, history: History, log: LogFile
) -> None:
    log.write([*(_at(hour, x=1, old=1) for hour in range(30)), _at(3.5, junk=1)])
    log.write([_at(hour, x=1) for hour in (30.5, 55.5, 65.5)])
    refresher = _refresher(warehouse, history)
    gone = _profile(_refresh(refresher, FIRST + 30 * HOUR), "old")
    assert (gone.rows, gone.nulls, gone.values) == (1, 1, 0)
    assert _series(_refresh(refresher, FIRST + 55 * HOUR)) == {None, "x", "old"}
    assert _series(_refresh(refresher, FIRST + 65 * HOUR)) == {None, "x"}


def _series(report: LogReport, model: str = "m1") -> set[str | None]:
    profiles = report.latest[HOURLY].profiles
    return {profile.series.feature for profile in profiles if profile.series.model_id == model}


def test_a_declared_feature_that_a_model_never_carries_is_all_nulls(warehouse: Recording, history: History) -> None:
    defined = definitions(features={"never": Kind.NUMERIC}, models=("m1", "m2"))
    report = _refresh(_refresher(warehouse, history, defined), FIRST)
    assert _series(report, "m1") == _series(report, "m2") == {None, "x", "city", "never"}
    assert _profile(report, "never").nulls == 1


def test_a_registered_model_is_expected_to_have_what_its_siblings_have(
    warehouse: Recording, history: History, log: LogFile
) -> None:
    log.write([_at(1.5, x=1), Row({"city": "a"}, model="m2", at=START + 1.5 * HOUR)])
    refresher = _refresher(warehouse, history, definitions(models=("m1", "m2")))
    _refresh(refresher, FIRST)
    report = _refresh(refresher, FIRST + HOUR)
    assert _series(report, "m1") == _series(report, "m2") == {None, "x", "city"}


def test_a_model_is_known_for_four_weeks(warehouse: Recording, history: History, log: LogFile) -> None:
    refresher = _refresher(warehouse, history)
    _refresh(refresher, FIRST)
    within = _refresh(refresher, FIRST + 28 * DAY - HOUR)
    assert within.known == {("p", "m1"): START + HOUR, ("p", "m2"): START + HOUR}
    assert _refresh(refresher, FIRST + 28 * DAY).known == {}


def test_silence_counts_from_the_last_predictions(warehouse: Recording, history: History) -> None:
    refresher = _refresher(warehouse, history, definitions(models=("m1", "m3")))
    assert _refresh(refresher, FIRST).silence[("p", "m1")] == 0
    later = _refresh(refresher, FIRST + 5 * HOUR).silence
    assert later[("p", "m1")] == 5 * 3600
    assert later[("p", "m3")] == (2 * DAY + 15 * HOUR).total_seconds()  # since the history began


def test_what_the_history_has_is_reported_before_the_warehouse_is_asked(warehouse: Recording, history: History) -> None:
    first = _refresh(_refresher(warehouse, history), FIRST)
    warehouse.asked.clear()
    (loaded,) = _refresher(warehouse, history).load(FIRST + 3 * HOUR)
    assert warehouse.asked == []
    assert _shown(loaded) == _shown(first)


def test_the_count_of_missed_windows_lasts(warehouse: Recording, history: History) -> None:
    _refresh(_refresher(warehouse, history), FIRST)
    assert _refresh(_refresher(warehouse, history), FIRST + 3 * HOUR).missed_windows == 2
    assert _refresh(_refresher(warehouse, history), FIRST + 6 * HOUR).missed_windows == 4


def test_windows_of_any_cadence_are_scanned_and_merged(warehouse: Recording, history: History, log: LogFile) -> None:
    quarter, hour = Window.parse("15m"), HOURLY
    log.write([_at(0.3), _at(0.6), _at(0.9)])
    defined = definitions(models=("m1",), windows=(quarter, hour))
    report = _refresh(_refresher(warehouse, history, defined), FIRST)
    assert report.windows == (quarter, hour)
    assert (report.latest[quarter].rows, report.latest[quarter].end) == (1, START + HOUR)
    assert report.latest[hour].rows == 5
    assert [w.rows for w in history.read("default", quarter, START, START + HOUR)] == [2, 1, 1, 1]


def test_a_wrong_first_guess_of_a_kind_is_mended(warehouse: Recording, history: History, log: LogFile) -> None:
    log.write([_at(hour + 0.5, x="n/a", city=str(hour)) for hour in range(1, 5)])
    refresher = _refresher(warehouse, history, recompute=0)
    for hour in range(5):
        report = _refresh(refresher, FIRST + hour * HOUR)
    assert history.kinds("default") == {("p", "x"): Kind.CATEGORICAL, ("p", "city"): Kind.NUMERIC}
    log.write([_at(5.5, x="n/a", city="7")])
    report = _refresh(refresher, FIRST + 5 * HOUR)
    assert _profile(report, "x").values == _profile(report, "city").values == 1


def test_a_wrong_kind_is_mended_though_windows_without_rows_lie_between(
    warehouse: Recording, history: History, log: LogFile
) -> None:
    log.write([_at(1.5, x="n/a", old="a")])
    log.write([_at(hour + 0.5, x=hour, old="a") for hour in (3, 6, 9, 12)])
    refresher = _refresher(warehouse, history, definitions(), recompute=3)
    report = _refresh(refresher, FIRST - HOUR)
    for hour in range(1, 13):
        report = _refresh(refresher, FIRST + hour * HOUR)
    assert history.kinds("default")["p", "x"] is Kind.NUMERIC
    assert _profile(report, "x").values == 1


def test_a_window_that_is_computed_again_contradicts_a_kind_once(
    warehouse: Recording, history: History, log: LogFile
) -> None:
    refresher = _refresher(warehouse, history, recompute=3)
    _refresh(refresher, FIRST)
    log.write([_at(1.5, x="n/a")])
    for hour in range(1, 5):
        _refresh(refresher, FIRST + hour * HOUR)
    assert history.kinds("default")["p", "x"] is Kind.NUMERIC


@pytest.mark.parametrize("name", ["vocabulary.parquet", "missed.json", "kinds.json"])
@pytest.mark.parametrize("content", [b"", b"1e999", b"-5", b"[[", FOREIGN])
def test_what_else_the_history_holds_may_be_damaged(
    warehouse: Recording, tmp_path: Path, name: str, content: bytes
) -> None:
    history = History(str(tmp_path))
    first = _refresh(_refresher(warehouse, history), FIRST)
    (tmp_path / "default" / name).write_bytes(content)
    report = _refresh(_refresher(warehouse, history), FIRST + HOUR)
    assert report.error is None
    assert report.missed_windows == 0
    assert report.known == first.known


def test_unseen_categories_against_full_days_of_history(warehouse: Recording, history: History, log: LogFile) -> None:
    refresher = _refresher(warehouse, history)
    assert _unseen(_refresh(refresher, FIRST)) is None
    log.write([_at(24, city="a"), _at(24, city="new", x=1), _at(24, city="newer"), _at(24, city="a", x=2)])
    assert _unseen(_refresh(refresher, FIRST + DAY)) == 2
    log.write([_at(25, city="b"), _at(25, city="new")])
    restarted = _refresher(warehouse, history)
    assert _unseen(_refresh(restarted, FIRST + DAY + HOUR)) == 1  # b is known from the other model


def test_unseen_categories_are_counted_beyond_the_top_of_a_profile(
    warehouse: Recording, history: History, log: LogFile
) -> None:
    log.write([_at(0.1, city=f"c{i}") for i in range(80)])
    log.write([_at(24.1, city=f"c{i}") for i in range(80)] + [_at(24.1, city=f"n{i}") for i in range(90)])
    refresher = _refresher(warehouse, history)
    _refresh(refresher, FIRST)
    report = _refresh(refresher, FIRST + DAY)
    assert (_unseen(report), _profile(report, "city").values) == (90, 170)


def test_unseen_is_absent_where_a_feature_has_more_categories_than_are_kept(
    warehouse: Recording, history: History, log: LogFile
) -> None:
    log.write([_at(0.1, city=f"c{i}") for i in range(1100)] + [_at(24, city="new")])
    refresher = _refresher(warehouse, history)
    _refresh(refresher, FIRST)
    assert _unseen(_refresh(refresher, FIRST + DAY)) is None


def _unseen(report: LogReport) -> int | None:
    categories = _profile(report, "city").categories
    return categories.unseen if categories else None


FEW = Retention(short=6 * HOUR, long=DAY)


def _keeping(warehouse: Warehouse, history: History, defined: Definitions | None = None) -> Refresher:
    return Refresher(defined or definitions(), warehouse, history, lookback_days=2, recompute=0, retention=FEW)


def _add_old(history: History, count: int) -> None:
    """Hours and days long before the look-back."""
    for place in range(count):
        for window in (HOURLY, DAILY):
            end = START.replace(hour=0) - 40 * DAY - place * window.length
            history.write(WindowProfiles("default", window, end, 0, 0, Profiles.of(())))


def test_the_newest_windows_are_kept_and_files_of_others_too(warehouse: Recording, tmp_path: Path) -> None:
    history = History(str(tmp_path))
    _add_old(history, 5)
    month = tmp_path / "default" / "1h" / "2026-01"
    others = [month / "notes.txt", month / "20251201T0000Z.parquet", tmp_path / "default" / "6h" / "2026-01" / "x"]
    for file in others:
        file.parent.mkdir(exist_ok=True, parents=True)
        file.touch()
    refresher = _keeping(warehouse, history)
    report = _refresh(refresher, FIRST)
    assert report.error is None
    assert history.ends("default", HOURLY) == [START + hour * HOUR for hour in range(-4, 2)]
    assert history.ends("default", DAILY) == [START.replace(hour=0)]
    assert all(file.exists() for file in others)
    warehouse.asked.clear()
    _refresh(refresher, FIRST + HOUR)
    assert history.ends("default", HOURLY) == [START + hour * HOUR for hour in range(-3, 3)]


def test_what_is_kept_is_not_looked_up_each_round(
    warehouse: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(str(tmp_path))
    refresher = _keeping(warehouse, history)
    _refresh(refresher, FIRST)
    monkeypatch.setattr(History, "_entries", lambda *_, **__: pytest.fail("listed"))
    assert _refresh(refresher, FIRST + HOUR).error is None
    monkeypatch.undo()
    assert len(history.ends("default", HOURLY)) == 6


def test_a_removal_that_was_interrupted_is_finished_by_the_next_start(
    warehouse: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(str(tmp_path))
    _add_old(history, 5)
    remove = History.remove
    removed: list[datetime] = []

    def until_killed(self: History, log: str, window: Window, end: datetime) -> None:
        if len(removed) == 3:
            raise KeyboardInterrupt
        removed.append(end)
        remove(self, log, window, end)

    monkeypatch.setattr(History, "remove", until_killed)
    with pytest.raises(KeyboardInterrupt):
        _refresh(_keeping(warehouse, history), FIRST)
    monkeypatch.undo()
    assert removed == [START.replace(hour=0) - 40 * DAY - hour * HOUR for hour in (4, 3, 2)]
    assert len(history.ends("default", HOURLY)) > 6
    _refresh(_keeping(warehouse, history), FIRST)
    assert len(history.ends("default", HOURLY)) == 6


def test_a_window_that_can_not_be_removed_is_told_and_the_new_one_is_there(
    warehouse: Recording, tmp_path: Path
) -> None:
    history = History(str(tmp_path))
    _add_old(history, 5)
    file = min((tmp_path / "default" / "1h" / "2026-01").iterdir())
    file.unlink()
    file.mkdir()
    (file / "x").touch()
    report = _refresh(_keeping(warehouse, history), FIRST)
    assert report.error is not None
    assert f"{file} can't be removed (Is a directory); see to its place" in report.error
    assert report.latest[HOURLY].end == START + HOUR


def test_what_alerts_look_at_stays(warehouse: Recording, history: History) -> None:
    on_hours = builders.alert().model_copy(update={"consecutive": 3})
    registered = builders.predictor(alerts=(on_hours,))
    refresher = _keeping(warehouse, history, builders.definitions(registered))
    _refresh(refresher, FIRST)
    assert len(history.ends("default", HOURLY)) == 2 * 24 + 11  # four weeks of hours are wanted
    assert len(history.ends("default", DAILY)) == 1


def test_a_history_that_takes_nothing_costs_one_scan_and_the_latest_window_is_shown(
    warehouse: Recording, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise HistoryError("no room")

    monkeypatch.setattr(History, "write", refuse)
    refresher = _refresher(warehouse, history)
    for _ in range(2):
        report = _refresh(refresher, FIRST)
        assert (report.error, report.latest[HOURLY].end) == ("no room", START + HOUR)
    midnight = START.replace(hour=0)
    days = [(midnight - 2 * DAY, midnight - DAY), (midnight - DAY, midnight)]
    assert warehouse.asked == [*days, *[(midnight, START + HOUR)] * 2]
    warehouse.asked.clear()
    monkeypatch.undo()
    _refresh(refresher, FIRST)
    assert len(history.ends("default", HOURLY)) == 2 * 24 + 11
    assert warehouse.asked[0] == (
        midnight - 2 * DAY,
        midnight - 2 * DAY + 11 * HOUR,
    )  # the oldest were too many to hold
    assert len(history.ends("default", DAILY)) == 2
