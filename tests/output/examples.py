"""Small registries for the tests of the output, made of model objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from generator.model import Alert, AlertSeverity, Feature, Model, Predictor, Registry, Team
from metrics_exporter.definitions import Comparison, Kind, Log, Role
from metrics_exporter.windows import DAILY, HOURLY

TEAM = Team("logistics", "#ml-logistics", "logistics-ml", "https://runbooks.example.com/ml")

ALERT = Alert(
    id="defaults",
    title="Defaults of prep_time",
    metric="ml_feature_default_ratio",
    feature="prep_time",
    label=None,
    window=HOURLY,
    comparison=Comparison.ABOVE,
    low=None,
    high=0.4,
    windows=2,
    min_samples=0,
    severity=AlertSeverity.NOTIFY,
    models=("eta_v12",),
    runbook_url=TEAM.runbook_url,
)

FRESHNESS = replace(
    ALERT,
    id="freshness-eta_v12",
    title="No predictions from eta_v12",
    metric="ml_predictions",
    feature=None,
    comparison=Comparison.BELOW,
    low=1,
    high=None,
    windows=3,
    severity=AlertSeverity.PAGE,
    absence_fires=True,
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
    reference=None,
    evaluation=None,
    alerts=(ALERT, FRESHNESS),
)


def alert(**changes: Any) -> Alert:
    """The example's threshold alert, changed."""
    return replace(ALERT, **changes)


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
