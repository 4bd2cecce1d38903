"""Days that no other day is judged by: those that the registry leaves out, and public holidays."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Iterator
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from metrics_exporter.definitions import Predictor
from metrics_exporter.logs import event
from metrics_exporter.profiles.table import WindowProfiles

_log = logging.getLogger(__name__)


class Exclusions:
    """The days that are left out, in UTC, by predictor."""

    def __init__(self, predictors: Iterable[Predictor]) -> None:
        """Take them from the definitions of some predictors."""
        self._days: dict[str, list[Container[date]]] = {}
        for each in predictors:
            days: list[Container[date]] = [_Span(one.first, one.last) for one in each.exclude]
            if each.holidays is not None:
                days += _holidays(each.predictor, each.holidays)
            if days:
                self._days[each.predictor] = days

    def covers(self, predictor: str, start: datetime, end: datetime) -> bool:
        """Whether a window of a predictor has a day that is left out."""
        left_out = self._days.get(predictor, ())
        return any(day in days for days in left_out for day in _dates(start, end))

    def rows(self, window: WindowProfiles) -> NDArray[np.bool_]:
        """Which series of a window are left out."""
        names = window.profiles.predictor
        covered = [self.covers(name, window.start, window.end) for name in names.words]
        return np.array([*covered, False], bool)[names.codes]


class _Span:
    """The days from one to another, both inclusive."""

    def __init__(self, first: date, last: date) -> None:
        self._first, self._last = first, last

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self._first <= day <= self._last


def _dates(start: datetime, end: datetime) -> Iterator[date]:
    day = start.date()
    while datetime.combine(day, datetime.min.time(), end.tzinfo) < end:
        yield day
        day += timedelta(days=1)


def _holidays(predictor: str, place: str) -> list[Container[date]]:
    """The public holidays of a country or its region; none, and a word in the log, where this machine knows none."""
    import holidays  # noqa: PLC0415 - few predictors name a country, and it takes its time to load

    country, _, region = place.partition("-")
    try:
        return [holidays.country_holidays(country, subdiv=region or None)]
    except NotImplementedError:
        reason = "another version of the package `holidays` knows this country, upgrade it here"
        event(_log, logging.ERROR, "holidays are not left out", predictor=predictor, holidays=place, reason=reason)
        return []
