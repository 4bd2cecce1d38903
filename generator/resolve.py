"""The spec → the model: defaults, owners and full names put in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from generator import model
from generator.catalogue import BY_NAME, SILENCE
from generator.conventions import METRICS_FOLDER, profile_file, stem
from generator.findings.shape.bad_duration import seconds
from generator.spec import profiles, v1
from generator.spec.derived import (
    DEFAULT_LOG,
    FRESHNESS_PREFIX,
    alert_title,
    alert_window,
    earlier_ids,
    feature_glob,
    freshness_severity,
    freshness_title,
    metric_name,
    model_ids,
    training_profiles,
)
from generator.spec.registry import Declarations, Entry, T
from metrics_exporter.definitions import Columns, Comparison, Exclusion, Kind, Log, Reference, Role
from metrics_exporter.windows import Window


def resolve(declarations: Declarations) -> model.Registry:
    """The model of a registry in which there is no error."""
    teams = {entry.name: _team(entry.name, spec) for entry, spec in _valid(declarations.teams)}
    logs = {entry.name: _log(spec) for entry, spec in _valid(declarations.logs)}
    if DEFAULT_LOG not in logs and _uses_default_log(declarations):
        logs[DEFAULT_LOG] = _log(v1.Log())
    releases = declarations.releases
    predictors = [
        _predictor(
            entry.name,
            spec,
            teams[spec.team],
            declarations.folder,
            moved=releases.keep_moved_blocks(spec.renamed_in),
        )
        for entry, spec in _valid(declarations.predictors)
    ]
    return model.Registry(
        logs=dict(sorted(logs.items())),
        teams=tuple(sorted(teams.values(), key=lambda team: team.id)),
        predictors=tuple(sorted(predictors, key=lambda predictor: predictor.id)),
    )


def _valid(entries: Iterable[Entry[T]]) -> Iterable[tuple[Entry[T], T]]:
    return ((entry, entry.value) for entry in entries if entry.value is not None)


def _uses_default_log(declarations: Declarations) -> bool:
    uses = [spec.log == DEFAULT_LOG for _, spec in declarations.valid_predictors()]
    return any(uses) or not declarations.logs


def _log(spec: v1.Log) -> Log:
    columns = spec.columns.model_dump()
    if isinstance(columns["features"], list):
        columns["features"] = tuple(columns["features"])
    return Log(
        table=spec.table,
        columns=Columns(**columns),
        settle_seconds=seconds(spec.settle),
        partition=spec.partition,
        partition_delay_seconds=seconds(spec.partition_delay),
    )


def _team(name: str, spec: v1.Team) -> model.Team:
    return model.Team(
        id=name,
        slack_channel=spec.slack.channel if spec.slack else None,
        pagerduty_service=spec.pagerduty.service if spec.pagerduty else None,
        runbook_url=spec.runbook_url,
    )


def _predictor(name: str, spec: v1.Predictor, team: model.Team, folder: Path, *, moved: bool) -> model.Predictor:
    alerts = [_alert(spec, alert, team) for alert in spec.alerts]
    alerts += [_freshness(spec, model_id, team) for model_id in model_ids(spec)]
    return model.Predictor(
        id=name,
        title=spec.title or name,
        team=team,
        task=spec.task,
        unit=spec.unit,
        log=spec.log,
        windows=tuple(sorted(map(Window.parse, set(spec.cadence)))),
        models=_models(name, spec, folder),
        features=tuple(_feature(feature, spec.features[feature]) for feature in sorted(spec.features)),
        evaluation=_evaluation(spec.evaluation) if spec.evaluation else None,
        alerts=tuple(sorted(alerts, key=lambda alert: alert.condition.id)),
        exclude=tuple(sorted(map(_exclusion, spec.exclude), key=lambda each: (each.first, each.last, each.reason))),
        holidays=spec.holidays,
        was=earlier_ids(spec),
        moved=moved,
    )


def _exclusion(spec: v1.Exclusion) -> Exclusion:
    first = date.fromisoformat(spec.from_)
    return Exclusion(first=first, last=date.fromisoformat(spec.to) if spec.to else first, reason=spec.reason)


def _models(name: str, spec: v1.Predictor, folder: Path) -> tuple[model.Model, ...]:
    copied = _profiles(name, spec, folder)
    return tuple(
        model.Model(
            id=model_id,
            role=Role.PRIMARY if model_id == spec.models.primary else Role.SHADOW,
            reference=_reference(spec, model_id, copied.get(model_id)),
            profile=copied.get(model_id),
        )
        for model_id in model_ids(spec)
    )


def _profiles(name: str, spec: v1.Predictor, folder: Path) -> dict[str, model.Profile]:
    """The profiles of training references by model; one that isn't there is left out, of which there is a warning."""
    read = {model_id: (path, profiles.read(folder, path)) for model_id, path in training_profiles(spec).items()}
    return {
        model_id: model.Profile(profile_file(name, content, Path(path).suffix), content)
        for model_id, (path, content) in read.items()
        if content is not None
    }


def _reference(spec: v1.Predictor, model_id: str, profile: model.Profile | None) -> Reference | None:
    """What a model's drift is measured against; the exporter reads the copy of a profile, beside its definitions."""
    match spec.reference:
        case v1.TrailingReference(weeks=weeks):
            return Reference(kind="trailing", weeks=weeks)
        case v1.PrimaryReference() if model_id != spec.models.primary:
            return Reference(kind="primary")
        case v1.TrainingReference() if profile is not None:
            return Reference(kind="training", profile=profile.path.removeprefix(f"{METRICS_FOLDER}/"))
        case _:
            return None


def _feature(name: str, spec: v1.Feature) -> model.Feature:
    return model.Feature(
        name=name,
        kind=Kind(spec.kind) if spec.kind else None,
        unit=spec.unit,
        importance=spec.importance,
        expect_min=spec.expect.min if spec.expect else None,
        expect_max=spec.expect.max if spec.expect else None,
    )


def _evaluation(spec: v1.Evaluation) -> model.Evaluation:
    return model.Evaluation(
        actuals=spec.actuals,
        matures_after_seconds=seconds(spec.matures_after),
        metrics=tuple(spec.metrics),
        training=tuple(sorted(spec.training.items())),
    )


def _alert(spec: v1.Predictor, alert: v1.Alert, team: model.Team) -> model.Alert:
    comparison, low, high = _thresholds(alert)
    condition = model.Condition(
        id=alert.id,
        title=alert_title(alert),
        metric=metric_name(alert),
        labels=_labels(alert),
        feature=feature_glob(alert),
        window=Window.parse(alert_window(spec, alert)),
        comparison=comparison,
        low=low,
        high=high,
        consecutive=alert.for_,
        min_samples=alert.min_samples,
        models=model_ids(spec, alert.models),
        severity=alert.severity,
    )
    return model.Alert(condition, alert.runbook_url or team.runbook_url, earlier_ids(alert))


def _thresholds(alert: v1.Alert) -> tuple[Comparison, float | None, float | None]:
    if alert.outside is not None:
        return Comparison.OUTSIDE, alert.outside.min, alert.outside.max
    if alert.below is not None:
        return Comparison.BELOW, alert.below, None
    if alert.above is not None:
        return Comparison.ABOVE, None, alert.above
    return Comparison.CHANGE_ABOVE, None, alert.change_above


def _labels(alert: v1.Alert) -> dict[str, str]:
    choice = BY_NAME[metric_name(alert)].choice
    return {choice.label: str(getattr(alert, choice.key))} if choice else {}


def _freshness(spec: v1.Predictor, model_id: str, team: model.Team) -> model.Alert:
    condition = model.Condition(
        id=f"{FRESHNESS_PREFIX}{stem(model_id)}",
        title=freshness_title(model_id),
        metric=SILENCE,
        window=min(map(Window.parse, spec.cadence)),
        comparison=Comparison.ABOVE,
        high=seconds(spec.freshness.max_silence),
        models=(model_id,),
        severity=freshness_severity(spec, has_slack=team.slack_channel is not None),
    )
    return model.Alert(condition, team.runbook_url)
