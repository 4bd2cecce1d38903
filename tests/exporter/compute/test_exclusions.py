"""Days that no other day is judged by."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta

import pytest

from metrics_exporter.compute.exclusions import Exclusions
from metrics_exporter.definitions import Exclusion
from tests.exporter.serving.builders import predictor

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def _exclusions(holidays: str | None = None, *days: tuple[str, str]) -> Exclusions:
    exclude = tuple(
        Exclusion(first=date.fromisoformat(first), last=date.fromisoformat(last), reason="why") for first, last in days
    )
    return Exclusions([predictor("eta").model_copy(update={"exclude": exclude, "holidays": holidays}), predictor("q")])


def _covered(exclusions: Exclusions, start: str, length: timedelta = DAY) -> bool:
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert not exclusions.covers("q", begin, begin + length)
    assert not exclusions.covers("nobody", begin, begin + length)
    return exclusions.covers("eta", begin, begin + length)


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        ("2026-02-28", DAY, False),
        ("2026-03-01", DAY, True),
        ("2026-03-02", DAY, True),
        ("2026-03-03", DAY, False),
        ("2026-03-02T23:00", HOUR, True),
        ("2026-02-28T23:00", HOUR, False),
        ("2026-02-23", 7 * DAY, True),
        ("2026-02-22", 7 * DAY, False),
        ("2026-03-03", 7 * DAY, False),
        ("2028-02-29", DAY, True),
    ],
)
def test_both_ends_are_left_out_and_a_window_with_one_such_day(start: str, length: timedelta, expected: bool) -> None:
    exclusions = _exclusions(None, ("2026-03-01", "2026-03-02"), ("2028-02-29", "2028-02-29"))
    assert _covered(exclusions, start, length) is expected


def test_public_holidays_of_a_country_or_its_region() -> None:
    assert _covered(_exclusions("US"), "2026-11-26")  # Thanksgiving
    assert _covered(_exclusions("US"), "2013-11-28")
    assert not _covered(_exclusions("US"), "2026-11-27")
    assert not _covered(_exclusions("US"), "2026-02-12")
    assert _covered(_exclusions("US-NY"), "2026-02-12")  # Lincoln's Birthday
    assert _covered(_exclusions("DE", ("2026-11-26", "2026-11-26")), "2026-11-26")


def test_a_country_that_is_not_known_here_is_told_and_leaves_nothing_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        exclusions = _exclusions("XX", ("2026-03-01", "2026-03-01"))
    assert "holidays are not left out" in caplog.text
    assert _covered(exclusions, "2026-03-01")
    assert not _covered(exclusions, "2026-12-25")
