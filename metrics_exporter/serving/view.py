"""What is shown of the reports: who is known, which windows are theirs, and whether these are fresh enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import UNREGISTERED, Definitions, Predictor, Subject
from metrics_exporter.profiles.table import Floats, Profiles, WindowProfiles
from metrics_exporter.profiles.text import Ints, Text
from metrics_exporter.statistics.drift import drifted
from metrics_exporter.statistics.kinds import Models
from metrics_exporter.statistics.readings import Readings, all_readings
from metrics_exporter.windows import Window

_NO_PROFILES = Profiles.of(())
_NO_READINGS = all_readings(())

Model = tuple[str, str]  # predictor and model id


@dataclass(frozen=True, eq=False)
class Group:
    """What is shown of a log in a window; `window` is None for what belongs to no window.

    Attributes:
        models: the known ones, by predictor and id; `models.end` is the window's end.
        profiles: of the latest window, all of them.
        readings: of all alerts, where there is no window.
        rows: by subject, the rows of its table that are shown; none of the profiles once the window is too old.
    """

    log: str
    window: Window | None
    models: Models
    profiles: Profiles
    readings: Readings
    rows: Mapping[Subject, Ints]

    def table(self, subject: Subject) -> Models | Profiles | Readings:
        """What a subject's rows are rows of."""
        match subject:
            case Subject.MODEL:
                return self.models
            case Subject.ALERT:
                return self.readings
            case _:
                return self.profiles

    def without(self, predictors: Collection[str]) -> Group:
        """The same without some predictors."""
        rows = {
            subject: kept[~_among(self.table(subject).predictor, predictors.__contains__)[kept]]
            for subject, kept in self.rows.items()
        }
        return replace(self, rows=rows)


def expiry(window: Window, end: datetime, settle_seconds: int, max_age: timedelta) -> datetime:
    """When a window's values vanish: `max_age` after the window that follows it should have been published."""
    return end + window.length + timedelta(seconds=settle_seconds) + max_age


def groups(
    definitions: Definitions, reports: Iterable[LogReport], now: datetime, max_age: timedelta
) -> tuple[Group, ...]:
    """Everything that is shown, by log, then by window."""
    found: list[Group] = []
    taken: set[str] = set()
    for report in sorted(reports, key=lambda report: report.log):
        members = _members(definitions, report, taken)
        taken.update(members)
        found.extend(_of_log(definitions, report, members, _fresh(definitions, report, now, max_age)))
    return tuple(found)


def _fresh(definitions: Definitions, report: LogReport, now: datetime, max_age: timedelta) -> frozenset[Window]:
    settle = definitions.catalogue.logs[report.log].settle_seconds
    return frozenset(
        window for window, latest in report.latest.items() if now < expiry(window, latest.end, settle, max_age)
    )


def _members(definitions: Definitions, report: LogReport, taken: Collection[str]) -> dict[str, set[str]]:
    """The predictors that this log speaks for, with their models: the registered ones of it, and nobody else's."""
    members: dict[str, set[str]] = defaultdict(set)
    for predictor in definitions.predictors.values():
        if predictor.log == report.log:
            members[predictor.predictor].update(model.id for model in predictor.models)
    for name, model_id in report.known:
        registered = definitions.predictors.get(name)
        if registered.log == report.log if registered else name not in taken:
            members[name].add(model_id)
    return members


def _of_log(
    definitions: Definitions, report: LogReport, members: Mapping[str, set[str]], fresh: frozenset[Window]
) -> Iterator[Group]:
    models = sorted((name, model_id) for name, ids in members.items() for model_id in ids)
    silence = report.silence if report.windows and report.windows[0] in fresh else {}
    yield _group(
        report.log,
        None,
        _models(definitions, models, silence=silence),
        readings=report.readings,
        alerts=_alerts(definitions, report, fresh),
    )
    for window, latest in sorted(report.latest.items()):
        shown = {name for name in members if window in _windows(definitions, report, name)}
        yield _windowed(definitions, latest, [model for model in models if model[0] in shown], shown, window in fresh)


def _windows(definitions: Definitions, report: LogReport, name: str) -> tuple[Window, ...]:
    registered = definitions.predictors.get(name)
    return registered.windows if registered else report.windows


def _windowed(
    definitions: Definitions, latest: WindowProfiles, known: list[Model], shown: set[str], is_fresh: bool
) -> Group:
    """A window; of one that is too old nothing is known but its end."""
    if not is_fresh:
        return _group(latest.log, latest.window, _models(definitions, known, end=latest.end))
    profiles = latest.profiles
    rows = np.flatnonzero(_among(profiles.predictor, shown.__contains__))
    is_prediction = profiles.is_prediction[rows]
    predictions, features = rows[is_prediction], rows[~is_prediction]
    made = [(str(profiles.predictor[row]), str(profiles.model_id[row])) for row in predictions.tolist()]

    def of_models(column: Floats) -> dict[Model, float]:
        return dict(zip(made, column[predictions].tolist(), strict=True))

    models = sorted({*known, *made})
    return _group(
        latest.log,
        latest.window,
        _models(
            definitions,
            models,
            end=latest.end,
            rows=dict.fromkeys(models, 0.0) | of_models(profiles.rows.astype(float)),
            drifted=of_models(drifted(profiles)),
        ),
        profiles=profiles,
        predictions=predictions,
        features=features,
    )


def _group(
    log: str,
    window: Window | None,
    models: Models,
    *,
    profiles: Profiles = _NO_PROFILES,
    predictions: Ints | None = None,
    features: Ints | None = None,
    readings: Readings = _NO_READINGS,
    alerts: Ints | None = None,
) -> Group:
    none = np.empty(0, np.int64)
    rows = {
        Subject.MODEL: np.arange(len(models)),
        Subject.PREDICTION: none if predictions is None else predictions,
        Subject.FEATURE: none if features is None else features,
        Subject.ALERT: none if alerts is None else alerts,
    }
    return Group(log, window, models, profiles, readings, rows)


def _alerts(definitions: Definitions, report: LogReport, fresh: frozenset[Window]) -> Ints:
    """The rows of the readings whose windows are not too old."""
    readings = report.readings
    stale = {
        (predictor.predictor, alert.id)
        for predictor in definitions.predictors.values()
        for alert in predictor.alerts
        if alert.window in report.latest and alert.window not in fresh
    }
    if not stale:
        return np.arange(len(readings.value))
    pairs = readings.predictor.codes.astype(np.int64) * len(readings.alert.words) + readings.alert.codes
    _, example, place = np.unique(pairs, return_index=True, return_inverse=True)
    kept = [(readings.predictor[row], readings.alert[row]) not in stale for row in example.tolist()]
    return np.flatnonzero(np.array(kept, bool)[place])


def _models(
    definitions: Definitions,
    models: list[Model],
    *,
    end: datetime | None = None,
    rows: Mapping[Model, float] | None = None,
    silence: Mapping[Model, float] | None = None,
    drifted: Mapping[Model, float] | None = None,
) -> Models:
    registered = [definitions.predictors.get(name) for name, _ in models]
    training = [_training(predictor, model_id) for predictor, (_, model_id) in zip(registered, models, strict=True)]
    return Models(
        predictor=Text.of(name for name, _ in models),
        model_id=Text.of(model_id for _, model_id in models),
        role=Text.of(_role(predictor, model_id) for predictor, (_, model_id) in zip(registered, models, strict=True)),
        team=Text.of(predictor.team if predictor else "" for predictor in registered),
        end=end,
        rows=_column(models, rows or {}),
        silence=_column(models, silence or {}),
        drifted=_column(models, drifted or {}),
        training={
            metric: np.array([figures.get(metric, np.nan) for figures in training])
            for metric in sorted({metric for figures in training for metric in figures})
        },
    )


def _column(models: Iterable[Model], values: Mapping[Model, float]) -> Floats:
    return np.array([values.get(model, np.nan) for model in models], float)


def _role(registered: Predictor | None, model_id: str) -> str:
    models = registered.models if registered else ()
    return next((str(model.role) for model in models if model.id == model_id), UNREGISTERED)


def _training(registered: Predictor | None, model_id: str) -> Mapping[str, float]:
    """Of the primary model, what the registry states."""
    is_primary = registered and registered.models and registered.models[0].id == model_id
    return registered.evaluation.training if registered and registered.evaluation and is_primary else {}


def _among(text: Text, is_wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Which rows have a wanted word."""
    return np.array([is_wanted(word) for word in text.words] + [False], bool)[text.codes]
