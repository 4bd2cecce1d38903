"""Which windows are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from metrics_exporter import windows
from metrics_exporter.windows import DAY, HOUR

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_a_window_is_due_when_it_has_settled() -> None:
    settle = timedelta(minutes=10)
    assert windows.last_end(NOON + settle, settle, HOUR) == NOON
    assert windows.last_end(NOON + settle - timedelta(seconds=1), settle, HOUR) == NOON - HOUR
    assert windows.last_end(NOON, settle, DAY) == datetime(2026, 3, 4, tzinfo=UTC)


def test_the_first_start_looks_back_to_a_midnight() -> None:
    due = windows.due(set(), NOON, timedelta(days=2), recompute=3)
    assert due[0] == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert due[-1] == NOON
    assert len(due) == 2 * 24 + 12


def test_the_last_windows_are_computed_again_with_a_new_one() -> None:
    done = set(windows.ends(NOON - 3 * DAY, NOON - HOUR, HOUR))
    assert windows.due(done, NOON, DAY, recompute=3) == [NOON - 3 * HOUR, NOON - 2 * HOUR, NOON - HOUR, NOON]
    assert windows.due(done, NOON, DAY, recompute=0) == [NOON]
    assert windows.due(done | {NOON}, NOON, DAY, recompute=3) == []


@given(st.sets(st.integers(0, 200)), st.sampled_from([1, 3, 6, 12, 24]))
def test_spans_cover_just_the_windows_in_blocks(hours: set[int], limit: int) -> None:
    ends = sorted(NOON + hour * HOUR for hour in hours)
    spans = list(windows.spans(ends, limit))
    assert [end for start, stop in spans for end in windows.ends(start, stop, HOUR)] == ends
    for start, stop in spans:
        assert windows.floor(start, limit * HOUR) == windows.floor(stop - HOUR, limit * HOUR)
