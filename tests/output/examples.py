"""Small registries for the tests of the output, made of model objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from generator.model import Alert, AlertSeverity, Condition, Feature, Model, Predictor, Registry, Team
from metrics_exporter.definitions import Comparison, Kind, Log, Role
from metrics_exporter.windows import DAILY, HOURLY

TEAM = Team("logistics", "#ml-logistics", "logistics-ml", "https://runbooks.example.com/ml")

ALERT = Alert(
    Condition(
        id="defaults",
        title="Defaults of prep_time",
        metric="ml_feature_default_ratio",
        feature="prep_time",
        window=HOURLY,
        comparison=Comparison.ABOVE,
        high=0.4,
        consecutive=2,
        severity=AlertSeverity.NOTIFY,
        models=("eta_v12",),
    ),
    runbook_url=TEAM.runbook_url,
)

FRESHNESS = Alert(
    Condition(
        id="freshness-eta_v12",
        title="No predictions from eta_v12",
        metric="ml_model_silence_seconds",
        window=HOURLY,
        comparison=Comparison.ABOVE,
        high=10800,
        severity=AlertSeverity.PAGE,
        models=("eta_v12",),
    ),
    runbook_url=TEAM.runbook_url,
)

PREDICTOR = Predictor(
    id="eta_prediction",
    title="Delivery ETA",
    team=TEAM,
    task="regression",
    unit="minutes",
    log="default",
    windows=(HOURLY, DAILY),
    models=(Model("eta_v12", Role.PRIMARY), Model("eta_v13", Role.SHADOW)),
    features=(Feature("prep_time", Kind.NUMERIC, "seconds", 0.41, 0, 7200),),
    evaluation=None,
    alerts=(ALERT, FRESHNESS),
)


def changed(alert: Alert, *, was: tuple[str, ...] = (), **changes: Any) -> Alert:
    """An alert with another condition."""
    return replace(alert, condition=alert.condition.model_copy(update=changes), was=was)


def alert(*, was: tuple[str, ...] = (), **changes: Any) -> Alert:
    """The example's threshold alert, changed."""
    return changed(ALERT, was=was, **changes)


def predictor(*alerts: Alert, **changes: Any) -> Predictor:
    """The example's predictor, with these alerts."""
    return replace(PREDICTOR, alerts=alerts or PREDICTOR.alerts, **changes)


def registry(*predictors: Predictor) -> Registry:
    """A registry of these predictors, or of the example's one."""
    predictors = predictors or (PREDICTOR,)
    teams = {predictor.team.id: predictor.team for predictor in predictors}
    return Registry(
        logs={"default": Log(table="predictions")},
        teams=tuple(teams[team] for team in sorted(teams)),
        predictors=tuple(sorted(predictors, key=lambda predictor: predictor.id)),
    )
