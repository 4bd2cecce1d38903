"""Registries to draw: an ordinary one, and one whose every name is hostile."""

from __future__ import annotations

from dataclasses import replace

from generator.model import (
    Alert,
    AlertSeverity,
    Condition,
    Evaluation,
    Feature,
    Model,
    Predictor,
    Registry,
    Team,
)
from metrics_exporter.definitions import Comparison, Kind, Log, Role
from metrics_exporter.windows import DAILY, HOURLY

TEAM = Team("logistics", "#ml-logistics", "logistics-ml", "https://runbooks.example.com/ml")

HOSTILE = (
    'a"b${window}%{d}\n',
    "$datasource [[window]] {{x}}",
    "${nonsense} [[nonsense]] $nonsense",
    "배달 예측",
    "back\\slash 'quote' `tick` <b>bold</b> [link](https://example.com)",
    "x" * 300,
)


def alert(alert_id: str, metric: str, comparison: Comparison, **fields: object) -> Alert:
    base = Condition(
        id=alert_id,
        title=alert_id.replace("-", " "),
        metric=metric,
        window=HOURLY,
        comparison=comparison,
        severity=AlertSeverity.NOTIFY,
        models=("eta_v12",),
    )
    return Alert(base.model_copy(update=fields), TEAM.runbook_url)


ALERTS = (
    alert(
        "defaults", "ml_feature_default_ratio", Comparison.ABOVE, feature="*", high=0.5, consecutive=3, min_samples=500
    ),
    alert("freshness-eta_v12", "ml_model_silence_seconds", Comparison.ABOVE, high=10800.0),
    alert("labels", "ml_evaluation_labelled_ratio", Comparison.BELOW, low=0.2, window=DAILY),
    alert("mae", "ml_evaluation", Comparison.ABOVE, high=4.5, labels={"metric": "mae"}, models=("eta_v12", "eta_v13")),
    alert("p95", "ml_prediction_quantile", Comparison.OUTSIDE, low=-1.0, high=90.0, labels={"quantile": "0.95"}),
    alert("prep-low", "ml_feature_mean", Comparison.BELOW, feature="prep_*", low=10.0, severity=AlertSeverity.PAGE),
    alert("prep-max", "ml_feature_max", Comparison.ABOVE, feature="prep_time", high=7200.0),
    alert("swing", "ml_prediction_mean", Comparison.CHANGE_ABOVE, high=1.0, severity=AlertSeverity.REPORT),
)

ETA = Predictor(
    id="eta_prediction",
    title="Delivery ETA",
    team=TEAM,
    task="regression",
    unit="minutes",
    log="default",
    windows=(HOURLY, DAILY),
    models=(Model("eta_v12", Role.PRIMARY), Model("eta_v13", Role.SHADOW)),
    features=(Feature("prep_time", Kind.NUMERIC, "seconds", 0.41, 0, 7200),),
    evaluation=Evaluation("SELECT 1", 10800, ("mae", "r2"), (("mae", 3.1),)),
    alerts=ALERTS,
)

PLAIN = Predictor(
    id="churn",
    title="Churn",
    team=Team("growth", None, None, None),
    task="binary",
    unit="probability",
    log="default",
    windows=(DAILY,),
    models=(Model("churn_v1", Role.PRIMARY),),
    features=(),
    evaluation=None,
    alerts=(),
)


def registry(*predictors: Predictor) -> Registry:
    teams = {one.team.id: one.team for one in predictors}
    return Registry(logs={"default": Log(table="predictions")}, teams=tuple(teams.values()), predictors=predictors)


ORDINARY = registry(PLAIN, ETA)


def hostile(name: str) -> Predictor:
    """A predictor in which every word that a user chooses is `name`."""
    alerts = tuple(
        Alert(
            one.condition.model_copy(
                update={
                    "id": f"{one.condition.id}{name}",
                    "title": name,
                    "models": (name, f"{name}2"),
                    "feature": one.condition.feature and name,
                }
            ),
            f"https://example.com/{name}",
        )
        for one in ALERTS
    )
    return replace(
        ETA,
        id=name,
        title=name,
        unit=name,
        task=name,
        team=Team(name, name, name, f"https://example.com/{name}"),
        models=(Model(name, Role.PRIMARY), Model(f"{name}2", Role.SHADOW)),
        features=(Feature(name, None, name, None, None, None),),
        alerts=alerts,
    )


HOSTILE_REGISTRY = registry(*(hostile(name) for name in HOSTILE))
