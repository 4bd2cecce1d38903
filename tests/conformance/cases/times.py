"""When a row was sent, and which window it is in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from metrics_exporter.windows import DAILY, Window
from tests.conformance.case import HOUR, START, Case, Raw, Row, Shape, in_shapes
from tests.conformance.table import NAIVE_TIME, TEXT, ZONED_TIME

_STORED = {
    "naive": Shape(sent_at=NAIVE_TIME),
    "zoned": Shape(sent_at=ZONED_TIME),
    "text": Shape(sent_at=TEXT),
}
_US = timedelta(microseconds=1)
_SEOUL = timezone(timedelta(hours=9))
_NOON = START.replace(minute=30)
_TEXTS = {
    "2026-03-04 10:30:00": _NOON,
    "2026-03-04T10:30:00": _NOON,
    "2026-03-04T10:30:00Z": _NOON,
    "2026-03-04T10:30:00+00:00": _NOON,
    "2026-03-04 19:30:00+09:00": _NOON,
    "2026-03-04T19:30:00+09": _NOON,
    "2026-03-04T05:30:00.000000-05:00": _NOON,
    "2026-03-04T10:30:00.5Z": _NOON.replace(microsecond=500_000),
    "2026-03-04 10:30:00.123456": _NOON.replace(microsecond=123_456),
    "2026-03-04 10:30": _NOON,
    "2026-03-04T16:15:00+05:45": _NOON,
    "03-04-26 10:30:00": None,
    "26/03/04 10:30:00": None,
    "soon": None,
    "infinity": None,
    "2026-03-04 10:30 x": None,
    "2026-02-30 10:30:00": None,
    "2026-03-04 25:00:00": None,
    "": None,
}


def _at(*times: datetime | None) -> list[Row]:
    return [Row({"a": place}, at=at) for place, at in enumerate(times)]


CASES = (
    *in_shapes(
        Case(
            "the edges of windows",
            _at(
                START - _US,
                START,
                START + _US,
                START + HOUR - _US,
                START + HOUR,
                START + 2 * HOUR - _US,
                START + 2 * HOUR,
            ),
            windows=2,
        ),
        _STORED,
    ),
    *in_shapes(
        Case(
            "a leap day",
            _at(*(datetime(2028, 2, 28, tzinfo=UTC) + n * 6 * HOUR for n in range(16))),
            start=datetime(2028, 2, 28, tzinfo=UTC),
            window=DAILY,
            windows=3,
        ),
        _STORED,
    ),
    *in_shapes(
        Case(
            "the night when summer time begins",
            _at(*(datetime(2026, 3, 28, 22, tzinfo=UTC) + n * HOUR / 2 for n in range(16))),
            start=datetime(2026, 3, 28, 22, tzinfo=UTC),
            windows=8,
        ),
        _STORED,
    ),
    *in_shapes(
        Case(
            "the night when summer time ends",
            _at(*(datetime(2026, 10, 24, 22, tzinfo=UTC) + n * HOUR / 2 for n in range(16))),
            start=datetime(2026, 10, 24, 22, tzinfo=UTC),
            windows=8,
        ),
        _STORED,
    ),
    *in_shapes(
        Case("times of another zone", _at(*(START.astimezone(_SEOUL) + n * HOUR / 4 for n in range(8))), windows=2),
        _STORED,
    ),
    *in_shapes(
        Case(
            "times outside of the years that count",
            _at(
                START,
                None,
                datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
                datetime(1970, 1, 1, tzinfo=UTC),
                datetime(2099, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
                datetime(2100, 1, 1, tzinfo=UTC),
                datetime(1600, 1, 1, tzinfo=UTC),
                datetime(9999, 12, 31, tzinfo=UTC),
            ),
        ),
        _STORED,
    ),
    *in_shapes(
        Case(
            "the first hour of all",
            _at(datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, 0, 59, 59, 999_999, tzinfo=UTC)),
            start=datetime(1970, 1, 1, tzinfo=UTC),
        ),
        _STORED,
    ),
    *in_shapes(
        Case(
            "windows of a minute",
            _at(*(START + timedelta(seconds=n * 7) for n in range(60))),
            window=Window(60),
            windows=5,
        ),
        _STORED,
    ),
    *in_shapes(Case("rows outside of the range", _at(*(START + n * HOUR for n in range(-3, 5))), windows=2), _STORED),
    Case("times as text", [Row({"a": 1}, at=Raw(text, at)) for text, at in _TEXTS.items()], Shape(sent_at=TEXT)),
)
