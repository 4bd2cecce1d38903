"""Groups → the predictors that the page speaks of, and the series that it looks at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import Role, Subject
from metrics_exporter.profiles.profile import Series
from metrics_exporter.profiles.table import Floats, Profiles
from metrics_exporter.profiles.text import Ints
from metrics_exporter.serving.page.trails import Points, Slots, Trails
from metrics_exporter.serving.page.words import MOST_MISSING
from metrics_exporter.serving.view import Group
from metrics_exporter.statistics.ratios import default_ratio, null_ratio
from metrics_exporter.windows import Window, floor

MOST_SECTIONS = 60
MOST_SERIES = 600
MOST_FEATURES = 60

_NOTHING = Profiles.of(())

Shares = Mapping[tuple[str, Window | None], Floats]  # what is missing, by log and window


@dataclass(frozen=True, slots=True)
class Model:
    """A model of a predictor; `rows` are its predictions in the latest window, None where nobody knows."""

    id: str
    role: str
    rows: int | None


@dataclass(frozen=True, eq=False, slots=True)
class Followed:
    """A predictor as its groups show it; the first model is its primary, or the busiest where nobody said which.

    Attributes:
        window: its shortest.
        slots: the places of its charts.
        end: of the last one; None before there is any window.
        profiles: a window in which the first model has features.
        features: where these are, those first that are missing most.
    """

    name: str
    log: str
    window: Window
    slots: Slots
    end: datetime | None
    models: tuple[Model, ...]
    profiles: Profiles
    features: Ints

    def points(self, trails: Trails, model_id: str, feature: str | None) -> Points:
        """What the charts show of one of its series."""
        if self.end is None:
            return []
        return trails.points(self.log, Series(self.name, model_id, feature), self.slots, self.end)


def followed(groups: Iterable[Group], reports: Sequence[LogReport]) -> tuple[Followed, ...]:
    """The predictors, by name."""
    slots = {report.log: Slots.of(report.windows) for report in reports}
    gathered: dict[tuple[str, str], list[Group]] = defaultdict(list)
    shares = {}
    for group in groups:
        shares[group.log, group.window] = missing(group.profiles)
        predictor = group.models.predictor
        for code in np.unique(predictor.codes[group.rows[Subject.MODEL]]).tolist():
            gathered[predictor.words[code], group.log].append(group)
    return tuple(
        _followed(name, found, slots[log], last_end(reports, log, slots[log]), shares)
        for (name, log), found in sorted(gathered.items())
    )


def last_end(reports: Iterable[LogReport], log: str, slots: Slots) -> datetime | None:
    """Where the last place of a log's charts ends; None before there is any window."""
    latest = next((report.latest.get(slots.window) for report in reports if report.log == log), None)
    return floor(latest.end, slots.step) if latest else None


def missing(profiles: Profiles) -> Floats:
    """The share of predictions without a value of the feature; 0 where there are none."""
    return np.minimum(np.nan_to_num(default_ratio(profiles) + null_ratio(profiles)), 1.0)


def wanted(found: Sequence[Followed], groups: Iterable[Group]) -> list[Series]:
    """The series that charts and problems need, the most telling first."""
    mains = [Series(each.name, each.models[0].id, None) for each in found]
    others = [Series(each.name, model.id, None) for each in found for model in each.models[1:]]
    shown = [
        series for each in found[:MOST_SECTIONS] for series in _series(each.profiles, each.features[:MOST_FEATURES])
    ]
    series = [*mains[:MOST_SECTIONS], *worst(groups), *mains[MOST_SECTIONS:], *others, *shown]
    return list(dict.fromkeys(series))


def worst(groups: Iterable[Group]) -> list[Series]:
    """The features that are missing most, of all models in the latest windows of any length."""
    found: list[Series] = []
    for group in groups:
        rows = group.rows[Subject.FEATURE]
        shares = missing(group.profiles)[rows]
        order = np.argsort(-shares, kind="stable")[:MOST_MISSING]
        found += _series(group.profiles, rows[order[shares[order] > 0]])
    return list(dict.fromkeys(found))


def _series(profiles: Profiles, rows: Ints) -> list[Series]:
    return [
        Series(str(profiles.predictor[row]), str(profiles.model_id[row]), profiles.feature[row])
        for row in rows.tolist()
    ]


def _followed(name: str, groups: Sequence[Group], slots: Slots, end: datetime | None, shares: Shares) -> Followed:
    by_window = {group.window: group for group in groups if group.window is not None}
    windows = sorted(by_window)
    shortest = by_window[windows[0]] if windows else groups[0]
    busiest: dict[str, int] = defaultdict(int)
    for group in groups:
        for model in _models(group, name):
            busiest[model.id] = max(busiest[model.id], model.rows or 0)
    models = sorted(_models(shortest, name), key=lambda model: (model.role != Role.PRIMARY, -busiest[model.id]))
    profiles, features = _features(name, models[0].id, by_window, shares)
    return Followed(
        name, groups[0].log, windows[0] if windows else slots.window, slots, end, tuple(models), profiles, features
    )


def _models(group: Group, name: str) -> list[Model]:
    models = group.models
    code = models.predictor.code(name)
    return [
        Model(
            str(models.model_id[row]), str(models.role[row]), None if np.isnan(rows := models.rows[row]) else int(rows)
        )
        for row in np.flatnonzero(models.predictor.codes == code).tolist()
    ]


def _features(name: str, model_id: str, groups: Mapping[Window, Group], shares: Shares) -> tuple[Profiles, Ints]:
    """A model's features in the shortest window that has any, those first that are missing most."""
    for window, group in sorted(groups.items()):
        profiles, shown = group.profiles, group.rows[Subject.FEATURE]
        place = profiles.of_predictor(name)
        first, last = np.searchsorted(shown, [place.start, place.stop])
        rows = shown[first:last]
        rows = rows[profiles.model_id.codes[rows] == profiles.model_id.code(model_id)]
        if len(rows):
            return profiles, rows[np.argsort(-shares[group.log, window][rows], kind="stable")]
    return _NOTHING, np.empty(0, np.int64)
