"""What windows are compared with, for drift: what the model was trained on, the weeks before, or the primary model."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from metrics_exporter.compute.dispersion import TRAILING, TRAINING, FirstWindows, Ratios, models_of, upper
from metrics_exporter.compute.exclusions import Exclusions
from metrics_exporter.compute.schedule import Schedule
from metrics_exporter.definitions import LEAST_DAYS, TRAILING_WEEKS, Definitions
from metrics_exporter.drift.compare import compare, matched
from metrics_exporter.drift.rounding import rounded
from metrics_exporter.logs import event
from metrics_exporter.profiles.history import History, HistoryError
from metrics_exporter.profiles.table import Drift, Floats, Profiles, WindowProfiles
from metrics_exporter.profiles.text import Ints, Text
from metrics_exporter.profiles.training import to_table
from metrics_exporter.windows import DAY, Window

_log = logging.getLogger(__name__)

_LEAST = timedelta(days=LEAST_DAYS)  # of windows that a series must have had, before anything is said of it
_DISPERSED_OVER = timedelta(weeks=4)
_LAG = timedelta(days=3)  # of these, so that what began yesterday does not raise its own limit
_KINDS = ("primary", TRAILING, TRAINING)
_PRIMARY, _TRAILING, _TRAINING = range(3)
_FIRST_WINDOWS = timedelta(weeks=4)  # of a model, that say how unlike its training set production is anyway


@dataclass(frozen=True, eq=False)
class _Reference:
    """Merged windows.

    Attributes:
        profiles: of the series that had values long enough.
        shared: of each, the share of its variance that lies between windows.
    """

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
        # What a training set lacks, and a model whose profile can't be read, is compared with the weeks before.
        self._weeks = {
            (each.predictor, model.id): 0 if reference.kind == "primary" else reference.weeks or TRAILING_WEEKS
            for each, model, reference in named
        }
        self._primaries = {
            (each.predictor, model.id): each.models[0].id
            for each, model, reference in named
            if reference.kind == "primary"
        }
        self._exclusions = Exclusions(registered)
        self._merged: dict[tuple[datetime, ...], _Reference] = {}  # by the ends of their windows
        trained = {(each.predictor, model.id) for each in registered for model in each.models}
        trained_on = to_table(
            profile.model_copy(update={"predictor": predictor, "model_id": model_id})  # as they are called by now
            for (predictor, model_id), profile in definitions.training.items()
            if (predictor, model_id) in trained
        )
        self._training = rounded(trained_on, trained_on)
        self._first: dict[Window, FirstWindows] = {}

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
        size = len(window.profiles)
        nothing = Drift.nothing(size)
        psi, bound, shared, kind = nothing.psi.copy(), nothing.bound.copy(), nothing.shared.copy(), np.full(size, -1)
        trained = matched(window.profiles, self._training) >= 0
        found = compare(rounded(window.profiles.take(trained), self._training), self._training)
        psi[trained], bound[trained], kind[trained] = found.psi, found.bound, _TRAINING
        for ends, rows in self._by_ends(window):
            reference = self._reference(ends)
            if reference is not None:  # what the rows of a day share, only days can tell
                shared[rows] = reference.shared_by(window.profiles.take(rows))
                others = rows[~trained[rows]]
                found = compare(window.profiles.take(others), reference.profiles)
                psi[others], bound[others], kind[others] = found.psi, found.bound, _TRAILING
        beside, primaries = self._beside_primaries(window.profiles)
        found = compare(primaries, window.profiles)
        psi[beside], bound[beside], kind[beside] = found.psi, found.bound, _PRIMARY
        is_judged = ~np.isnan(psi)
        if not is_judged.any():
            return None
        shared[~is_judged] = np.nan
        dispersion = np.ones(size)  # what the rows of a window share, a shadow and its primary both have
        for each, usual in ((_TRAILING, self._dispersion), (_TRAINING, self._first_dispersion)):
            if (kind == each).any():
                dispersion[kind == each] = usual(window)[kind == each]
        return Drift(psi, bound, dispersion, shared, Text(_KINDS, np.where(is_judged, kind, -1).astype(np.int32)))

    def _beside_primaries(self, profiles: Profiles) -> tuple[Ints, Profiles]:
        """The rows of the models that are compared with their primary, and these as if they were the primary's."""
        models, place = models_of(profiles)
        primaries = [self._primaries.get(model) for model in models]
        rows = np.flatnonzero(np.array([each is not None for each in primaries], bool)[place])
        return rows, replace(profiles.take(rows), model_id=Text.of(primaries[each] for each in place[rows].tolist()))

    def _by_ends(self, window: WindowProfiles) -> Iterator[tuple[tuple[datetime, ...], Ints]]:
        """The ends of the windows that make a reference, oldest first, and the rows that are compared with it."""
        models, place = models_of(window.profiles)
        wanted = [(self._weeks.get(model, TRAILING_WEEKS), model[0]) for model in models]
        ends = {each: self._ends(window, *each) for each in set(wanted) if each[0]}
        groups: dict[tuple[datetime, ...], list[int]] = defaultdict(list)
        for number, each in enumerate(wanted):
            if each in ends:
                groups[ends[each]].append(number)
        for together, chosen in groups.items():
            yield together, np.flatnonzero(np.isin(place, chosen))

    def _ends(self, window: WindowProfiles, weeks: int, predictor: str) -> tuple[datetime, ...]:
        """Those in the weeks before a window that a predictor is compared with."""
        begin, length = window.start - timedelta(weeks=weeks), self._base.length
        there = (end for end in self._schedule.all_ends(self._base) if begin < end <= window.start)
        return tuple(end for end in there if not self._exclusions.covers(predictor, end - length, end))

    @property
    def _base(self) -> Window:
        """The length of the windows that references are merged from."""
        return min(length for length in self._schedule.lengths if length.length >= DAY)

    def _reference(self, ends: tuple[datetime, ...]) -> _Reference | None:
        """Some windows, merged; None: they are too few."""
        if ends in self._merged:
            return self._merged[ends]
        if len(ends) * self._base.length < _LEAST:
            return None
        self._beat()
        merged, unreadable = self._history.merged(self._log, self._base, ends, self._base, ends[-1])
        self._schedule.forget(self._base, unreadable)
        if merged is None:  # those that can be read make a reference, too
            return self._reference(tuple(end for end in ends if end not in unreadable)) if unreadable else None
        self._merged = {kept: reference for kept, reference in self._merged.items() if kept[-1] >= ends[-1]}
        self._merged[ends] = self._known(merged.profiles, ends)
        return self._merged[ends]

    def _known(self, merged: Profiles, ends: tuple[datetime, ...]) -> _Reference:
        """The series that had values in enough of the windows, and how much of their variance lies between these."""
        windows, within = np.zeros(len(merged), np.int64), np.zeros(len(merged))
        for each in self._history.read_spread(self._log, self._base, ends[0] - self._base.length, ends[-1]):
            self._beat()
            if each.end not in ends:
                continue
            place = matched(merged, each.profiles)
            has_values = (place >= 0) & (each.profiles.values[place] > 0)
            windows += has_values
            within += np.where(has_values, _spread(each.profiles)[place], 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            between = 1 - (within / (merged.values - windows)) / (_spread(merged) / (merged.values - 1))
        is_known = windows * self._base.seconds >= _LEAST.total_seconds()
        return _Reference(merged.take(is_known), between[is_known])

    def _dispersion(self, window: WindowProfiles) -> Floats:
        """By how much more than chance the series' indices of the four weeks before were; NaN where nobody knows."""
        ratios = []
        begin, end = window.start - _DISPERSED_OVER, window.start - _LAG
        for before in self._history.read_drift(self._log, window.window, begin, end):
            self._beat()
            ratios.append(Ratios.of(self._kept(before), TRAILING).at(window.profiles))
        return upper(ratios, len(window.profiles))

    def _first_dispersion(self, window: WindowProfiles) -> Floats:
        """By how much more than chance the series' indices against training were in the model's first weeks."""
        first = self._first.setdefault(window.window, FirstWindows(_FIRST_WINDOWS // window.window.length))
        models, _ = models_of(window.profiles.take(matched(window.profiles, self._training) >= 0))
        if not first.has_all(models):
            ends = self._schedule.all_ends(window.window)
            begin = first.until or (ends[0] - window.window.length if ends else window.start)
            for before in self._history.read_drift(self._log, window.window, begin, window.start):
                self._beat()
                first.take(before.end, self._kept(before))
        return upper([each.at(window.profiles) for each in first.kept], len(window.profiles))

    def _kept(self, window: WindowProfiles) -> Profiles:
        """The series of a window that are not left out."""
        return window.profiles.take(~self._exclusions.rows(window))


def _spread(table: Profiles) -> Floats:
    """The squared deviations of numbers; of categories those of their indicators together (n times Gini's impurity)."""
    owner = np.repeat(np.arange(len(table)), table.categories.lengths)
    total = np.maximum(table.values, 1).astype(float)
    same = np.bincount(owner, (table.categories.counts / total[owner]) ** 2, len(table))
    is_named = np.isnan(table.squared_deviations) & (table.categories.lengths > 0)
    return np.where(is_named, table.values * (1 - same), table.squared_deviations)
