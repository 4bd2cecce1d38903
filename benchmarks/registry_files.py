"""A registry as large as one wants: what the benchmarks of the generator read."""

from __future__ import annotations

from pathlib import Path

_TEAMS = 20
_FEATURES = 60
_METRICS = (
    "feature_default_ratio",
    "feature_null_ratio",
    "feature_mean",
    "feature_max",
    "feature_stddev",
    "feature_values",
)

_PREDICTOR = """\
  predictor_{number}:
    title: Predictor {number}
    team: team_{team}
    task: regression
    unit: minutes
    models: {{primary: model_{number}_v2, shadows: [model_{number}_v3]}}
    features:
{features}\
    alerts:
{alerts}\
"""
_FEATURE = (
    "      feature_{number}: {{unit: seconds, importance: 0.{number:02d}, expect: {{min: 0, max: {number}00}}}}\n"
)
_ALERT = """\
      - id: alert-{number}
        metric: {metric}
        feature: feature_{number}
        above: 0.2
        for: 2
        min_samples: 500
        severity: {severity}
"""


def write(folder: Path, predictors: int) -> None:
    """Write a registry of that many predictors, each with 60 features and 6 alerts, a file a team."""
    features = "".join(_FEATURE.format(number=number) for number in range(1, _FEATURES + 1))
    alerts = "".join(
        _ALERT.format(number=number, metric=metric, severity="notify" if number % 2 else "page")
        for number, metric in enumerate(_METRICS, start=1)
    )
    folder.mkdir(parents=True)
    for team in range(_TEAMS):
        numbers = range(team, predictors, _TEAMS)
        entries = (_PREDICTOR.format(number=n, team=team, features=features, alerts=alerts) for n in numbers)
        (folder / f"team_{team}.yaml").write_text(_head(team) + "".join(entries), encoding="utf-8")


def _head(team: int) -> str:
    return (
        "version: 1\n"
        "teams:\n"
        f"  team_{team}:\n"
        f'    slack: {{channel: "#team-{team}"}}\n'
        f"    pagerduty: {{service: team-{team}}}\n"
        "    runbook_url: https://runbooks.example.com/ml\n"
        "predictors:\n"
    )
