"""Which windows are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_exporter import windows
from metrics_exporter.windows import DAILY, DAY, HOUR, HOURLY, Window

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_a_window_is_due_when_it_has_settled() -> None:
    settle = timedelta(minutes=10)
    assert windows.last_end(NOON + settle, settle, HOUR) == NOON
    assert windows.last_end(NOON + settle - timedelta(seconds=1), settle, HOUR) == NOON - HOUR
    assert windows.last_end(NOON, settle, DAY) == datetime(2026, 3, 4, tzinfo=UTC)


def test_the_first_start_looks_back_to_a_midnight() -> None:
    due = windows.due(set(), NOON, HOURLY, timedelta(days=2), recompute=3)
    assert due[0] == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert due[-1] == NOON
    assert len(due) == 2 * 24 + 12


def test_the_last_windows_are_computed_again_with_a_new_one() -> None:
    done = set(windows.ends(NOON - 3 * DAY, NOON - HOUR, HOUR))
    assert windows.due(done, NOON, HOURLY, DAY, recompute=3) == [NOON - 3 * HOUR, NOON - 2 * HOUR, NOON - HOUR, NOON]
    assert windows.due(done, NOON, HOURLY, DAY, recompute=0) == [NOON]
    assert windows.due(done | {NOON}, NOON, HOURLY, DAY, recompute=3) == []


@given(st.sets(st.integers(0, 200), min_size=1), st.sampled_from([1, 3, 6, 12, 24]))
def test_spans_cover_just_the_windows_in_blocks(hours: set[int], limit: int) -> None:
    due = sorted(NOON + hour * HOUR for hour in hours)
    left, covered = due, []
    while left:
        start, end = windows.span(left, HOURLY, limit * HOUR)
        assert windows.floor(start, limit * HOUR) == windows.floor(end - HOUR, limit * HOUR)
        covered += windows.ends(start, end, HOUR)
        left = [at for at in left if at > end]
    assert covered == due


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [("1m", 60, "1m"), ("90m", 5400, "90m"), ("60m", 3600, "1h"), ("24h", 86400, "1d"), ("7d", 604800, "7d")],
)
def test_a_window_is_written_in_its_largest_unit(text: str, seconds: int, shown: str) -> None:
    window = Window.parse(text)
    assert (window.seconds, str(window)) == (seconds, shown)
    assert Window.parse(shown) == window


@pytest.mark.parametrize("text", ["7m", "5h", "2d", "14d", "0m", "1s", "h", "1H", "-1h", "1h ", "1.5h", ""])
def test_what_divides_no_day_is_no_window(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no window|does not divide a day"):
        Window.parse(text)


def test_the_base_window_divides_all_others() -> None:
    assert windows.base([HOURLY, DAILY]) == HOURLY
    assert windows.base([Window.parse("15m"), Window.parse("10m")]) == Window.parse("5m")
    assert windows.base([Window.parse("7d")]) == Window.parse("7d")


def test_weeks_begin_on_a_monday() -> None:
    assert windows.floor(NOON, Window.parse("7d").length) == datetime(2026, 3, 2, tzinfo=UTC)
    assert windows.floor(NOON, Window.parse("6h").length) == NOON
