"""What is shown of the reports: who is known, which windows are theirs, and whether these are fresh enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import DEFAULT_CADENCE, UNREGISTERED, Definitions, Predictor
from metrics_exporter.profiles.profile import Profile, Series, WindowProfiles
from metrics_exporter.statistics.kinds import Context, ModelState
from metrics_exporter.windows import Window


@dataclass(frozen=True, slots=True)
class Group:
    """A predictor in a window; `context.window` is None for what belongs to no window.

    Profiles are sorted by model and feature, and there are none once the window is too old to be shown.
    """

    predictor: str
    log: str
    context: Context
    models: tuple[ModelState, ...]
    predictions: tuple[Profile, ...]
    features: tuple[Profile, ...]


def expiry(window: str, end: datetime, settle_seconds: int, max_age: timedelta) -> datetime:
    """When a window's values vanish: `max_age` after the window that follows it should have been published."""
    return end + timedelta(seconds=Window.parse(window).seconds + settle_seconds) + max_age


def groups(
    definitions: Definitions, reports: Iterable[LogReport], now: datetime, max_age: timedelta
) -> tuple[Group, ...]:
    """Everything that is shown, by predictor, then by window."""
    found: list[Group] = []
    taken: set[str] = set()
    for report in sorted(reports, key=lambda report: report.log):
        fresh = _fresh(definitions, report, now, max_age)
        members = _members(definitions, report, taken)
        taken.update(members)
        shown = {window: _by_predictor(latest.profiles) for window, latest in fresh.items()}
        for predictor, models in members.items():
            found.extend(_of_predictor(definitions, report, predictor, models, shown))
    return tuple(sorted(found, key=lambda group: (group.predictor, group.context.window or "")))


def _fresh(
    definitions: Definitions, report: LogReport, now: datetime, max_age: timedelta
) -> Mapping[str, WindowProfiles]:
    settle = definitions.catalogue.logs[report.log].settle_seconds
    return {
        window: latest for window, latest in report.latest.items() if now < expiry(window, latest.end, settle, max_age)
    }


def _members(definitions: Definitions, report: LogReport, taken: set[str]) -> dict[str, list[str]]:
    """The predictors that this log speaks for, with their models: the registered ones of it, and nobody else's."""
    members: dict[str, set[str]] = defaultdict(set)
    for predictor in definitions.predictors.values():
        if predictor.log == report.log:
            members[predictor.predictor].update(model.id for model in predictor.models)
    for name, model_id in report.known:
        registered = definitions.predictors.get(name)
        if registered.log == report.log if registered else name not in taken:
            members[name].add(model_id)
    return {name: sorted(models) for name, models in sorted(members.items())}


def _of_predictor(
    definitions: Definitions,
    report: LogReport,
    name: str,
    model_ids: Sequence[str],
    shown: Mapping[str, Mapping[str, Sequence[Profile]]],
) -> Iterator[Group]:
    registered = definitions.predictors.get(name)
    unwindowed = tuple(_state(registered, name, model_id, None) for model_id in model_ids)
    yield Group(name, report.log, Context(None, None, {}), unwindowed, (), ())
    for length in registered.windows if registered else DEFAULT_CADENCE:
        window = str(length)
        if latest := report.latest.get(window):
            profiles = shown[window].get(name, ()) if window in shown else None
            unseen = report.unseen.get(window, {})
            models, predictions, features = _windowed(registered, name, model_ids, profiles)
            yield Group(name, report.log, Context(window, latest.end, unseen), models, predictions, features)


def _windowed(
    registered: Predictor | None, name: str, model_ids: Sequence[str], profiles: Sequence[Profile] | None
) -> tuple[tuple[ModelState, ...], tuple[Profile, ...], tuple[Profile, ...]]:
    """None for `profiles` means that the window is too old: nothing is known of its rows then."""
    predictions = sorted((p for p in profiles or () if p.series.feature is None), key=_place)
    features = sorted((p for p in profiles or () if p.series.feature is not None), key=_place)
    rows = {profile.series.model_id: profile.rows for profile in predictions}
    models = tuple(
        _state(registered, name, model_id, None if profiles is None else rows.get(model_id, 0))
        for model_id in sorted({*model_ids, *rows})
    )
    return models, tuple(predictions), tuple(features)


def _state(registered: Predictor | None, name: str, model_id: str, rows: int | None) -> ModelState:
    if registered is None:
        return ModelState(name, model_id, UNREGISTERED, "", rows, {})
    roles = {model.id: str(model.role) for model in registered.models}
    primary = registered.models[0].id if registered.models else None
    training = registered.evaluation.training if registered.evaluation and model_id == primary else {}
    return ModelState(name, model_id, roles.get(model_id, UNREGISTERED), registered.team, rows, training)


def _by_predictor(profiles: Iterable[Profile]) -> Mapping[str, Sequence[Profile]]:
    found: dict[str, list[Profile]] = defaultdict(list)
    for profile in profiles:
        found[profile.series.predictor].append(profile)
    return found


def _place(profile: Profile) -> tuple[str, str]:
    series: Series = profile.series
    return series.model_id, series.feature or ""
