"""What windows are compared with, for drift: the weeks before them, merged from the history, or the primary model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from metrics_exporter.compute.schedule import Schedule
from metrics_exporter.definitions import TRAILING_WEEKS, Definitions
from metrics_exporter.drift.compare import compare, matched
from metrics_exporter.logs import event
from metrics_exporter.profiles.history import History, HistoryError
from metrics_exporter.profiles.table import Drift, Floats, Profiles, WindowProfiles
from metrics_exporter.profiles.text import Ints, Text
from metrics_exporter.windows import DAY, Window

_log = logging.getLogger(__name__)

_LEAST = timedelta(weeks=1)  # of windows that a series must have had, before anything is said of it
_DISPERSED_OVER = timedelta(weeks=4)
_LAG = timedelta(days=3)  # of these, so that what began yesterday does not raise its own limit
_LEAST_RATIOS = 17  # windows that were compared, before more than chance is told from their indices
_KINDS = ("primary", "trailing")
_PRIMARY, _TRAILING = range(2)
_HIGH = 0.95  # the quantile of these that counts: an incident or two are not what is usual


@dataclass(frozen=True, eq=False)
class _Reference:
    """Merged windows.

    Attributes:
        ends: the windows.
        profiles: of the series that had values long enough.
        shared: of each, the share of its variance that lies between windows.
    """

    ends: tuple[datetime, ...]
    profiles: Profiles
    shared: Floats

    def shared_by(self, series: Profiles) -> Floats:
        """Its share of some series; NaN of those that it hasn't."""
        place = matched(series, self.profiles)
        return np.where(place >= 0, self.shared[place], np.nan) if len(self.shared) else np.full(len(series), np.nan)


class References:
    """Compares the windows of one log; remembers the reference of the newest."""

    def __init__(
        self, definitions: Definitions, log: str, history: History, schedule: Schedule, beat: Callable[[], None]
    ) -> None:
        """Read nothing yet.

        Args:
            definitions: with the models' references.
            log: whose windows are compared.
            history: where the windows before them are.
            schedule: which there are.
            beat: called for each that is read.
        """
        self._log, self._history, self._schedule, self._beat = log, history, schedule, beat
        registered = [each for each in definitions.predictors.values() if each.log == log]
        named = [(each, model, model.reference) for each in registered for model in each.models if model.reference]
        self._weeks = {(each.predictor, model.id): reference.weeks or 0 for each, model, reference in named}
        self._primaries = {
            (each.predictor, model.id): each.models[0].id
            for each, model, reference in named
            if reference.kind == "primary"
        }
        self._merged: dict[int, _Reference] = {}  # by the number of weeks

    def compared(self, window: WindowProfiles) -> WindowProfiles:
        """The window with its drift, if it is a day or longer.

        Shorter ones are not compared: an hour at night is unlike four weeks, and what its rows share is far more than
        chance.
        """
        if window.window.length < DAY:
            return window
        try:
            drift = self._drift(window)
        except HistoryError as error:  # its values are worth showing all the same
            event(_log, logging.ERROR, "drift is not computed", log=self._log, reason=error)
            return window
        return replace(window, profiles=replace(window.profiles, drift=drift))

    def _drift(self, window: WindowProfiles) -> Drift | None:
        nothing = Drift.nothing(len(window.profiles))
        psi, bound, shared = nothing.psi.copy(), nothing.bound.copy(), nothing.shared.copy()
        for weeks, rows in self._by_weeks(window.profiles):
            reference = self._reference(window, weeks)
            if reference is not None:
                series = window.profiles.take(rows)
                found = compare(series, reference.profiles)
                psi[rows], bound[rows] = found.psi, found.bound
                shared[rows] = np.where(np.isnan(found.psi), np.nan, reference.shared_by(series))
        beside, primaries = self._beside_primaries(window.profiles)
        found = compare(primaries, window.profiles)
        psi[beside], bound[beside] = found.psi, found.bound
        is_judged = ~np.isnan(psi)
        if not is_judged.any():
            return None
        kind = np.full(len(psi), _TRAILING, np.int32)
        kind[beside] = _PRIMARY
        dispersion = self._dispersion(window)
        dispersion[beside] = 1  # what the rows of a window share, both models have
        return Drift(psi, bound, dispersion, shared, Text(_KINDS, np.where(is_judged, kind, -1).astype(np.int32)))

    def _beside_primaries(self, profiles: Profiles) -> tuple[Ints, Profiles]:
        """The rows of the models that are compared with their primary, and these as if they were the primary's."""
        models, place = _models(profiles)
        primaries = [self._primaries.get(model) for model in models]
        rows = np.flatnonzero(np.array([each is not None for each in primaries], bool)[place])
        return rows, replace(profiles.take(rows), model_id=Text.of(primaries[each] for each in place[rows].tolist()))

    def _by_weeks(self, profiles: Profiles) -> Iterator[tuple[int, Ints]]:
        """The rows of the models that are compared with so many weeks; others have none."""
        models, place = _models(profiles)
        weeks = np.array([self._weeks.get(model, TRAILING_WEEKS) for model in models], np.int64)
        for each in np.unique(weeks[weeks > 0]).tolist():
            yield each, np.flatnonzero(weeks[place] == each)

    def _reference(self, window: WindowProfiles, weeks: int) -> _Reference | None:
        """The windows that end in the weeks before it, merged; None: there are too few of them."""
        base = min(length for length in self._schedule.lengths if length.length >= DAY)
        begin = window.start - timedelta(weeks=weeks)
        ends = tuple(end for end in self._schedule.all_ends(base) if begin < end <= window.start)
        kept = self._merged.get(weeks)
        if kept is None or kept.ends != ends:
            if len(ends) * base.length < _LEAST:
                return None
            self._beat()
            merged, unreadable = self._history.merged(self._log, base, ends, base, window.start)
            self._schedule.forget(base, unreadable)
            if merged is None:  # those that can be read make a reference, too
                return self._reference(window, weeks) if unreadable else None
            kept = self._merged[weeks] = self._known(merged.profiles, ends, base)
        return kept

    def _known(self, merged: Profiles, ends: tuple[datetime, ...], base: Window) -> _Reference:
        """The series that had values in enough of the windows, and how much of their variance lies between these."""
        windows, within = np.zeros(len(merged), np.int64), np.zeros(len(merged))
        for each in self._history.read_spread(self._log, base, ends[0] - base.length, ends[-1]):
            self._beat()
            place = matched(merged, each.profiles)
            has_values = (place >= 0) & (each.profiles.values[place] > 0)
            windows += has_values
            within += np.where(has_values, _spread(each.profiles)[place], 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            between = 1 - (within / (merged.values - windows)) / (_spread(merged) / (merged.values - 1))
        is_known = windows * base.seconds >= _LEAST.total_seconds()
        return _Reference(ends, merged.take(is_known), between[is_known])

    def _dispersion(self, window: WindowProfiles) -> Floats:
        """By how much more than chance the series' indices of the four weeks before were; NaN where nobody knows."""
        size = len(window.profiles)
        ratios = []
        begin, end = window.start - _DISPERSED_OVER, window.start - _LAG
        for before in self._history.read_drift(self._log, window.window, begin, end):
            self._beat()
            drift, place = before.profiles.drift, matched(window.profiles, before.profiles)
            if drift is not None:
                found = np.where(_is_trailing(drift.reference), drift.psi / drift.bound, np.nan)
                ratios.append(np.where(place >= 0, found[place], np.nan))
        if len(ratios) < _LEAST_RATIOS:
            return np.full(size, np.nan)
        return _upper(np.array(ratios))


def _models(profiles: Profiles) -> tuple[list[tuple[str, str]], Ints]:
    """The models by predictor and id, and which of them each row belongs to."""
    _, example, place = np.unique(profiles.model_keys, return_index=True, return_inverse=True)
    return [(str(profiles.predictor[row]), str(profiles.model_id[row])) for row in example.tolist()], place


def _is_trailing(reference: Text) -> NDArray[np.bool_]:
    return np.equal(reference.codes, reference.code(_KINDS[_TRAILING]))


def _upper(ratios: Floats) -> Floats:
    """The high quantile of each column, at least 1; NaN of a column with too few."""
    known = np.isfinite(ratios).sum(axis=0)
    with np.errstate(invalid="ignore"):
        ordered = np.sort(ratios, axis=0)  # NaN comes last
    rank = np.maximum((_HIGH * known).astype(np.int64) - 1, 0)
    high = np.take_along_axis(ordered, rank[None, :], axis=0)[0]
    return np.where(known >= _LEAST_RATIOS, np.fmax(high, 1.0), np.nan)


def _spread(table: Profiles) -> Floats:
    """The squared deviations of numbers; of categories those of their indicators together (n times Gini's impurity)."""
    owner = np.repeat(np.arange(len(table)), table.categories.lengths)
    total = np.maximum(table.values, 1).astype(float)
    same = np.bincount(owner, (table.categories.counts / total[owner]) ** 2, len(table))
    is_named = np.isnan(table.squared_deviations) & (table.categories.lengths > 0)
    return np.where(is_named, table.values * (1 - same), table.squared_deviations)
