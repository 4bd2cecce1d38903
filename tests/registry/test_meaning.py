"""What a registry means: however it is written, and whatever it leaves out."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import model
from generator.conventions import stem
from generator.load import load_registry
from metrics_exporter.definitions import Columns, Comparison, Kind, Reference, Role
from metrics_exporter.training_profiles import TrainingProfile, parse, text
from metrics_exporter.windows import DAILY, HOURLY
from tests.real_parts import ROOT

TEAM = {"slack": {"channel": "#ml"}, "pagerduty": {"service": "ml"}, "runbook_url": "https://example.com/runbook"}
SMALLEST: dict[str, Any] = {"team": "logistics", "task": "regression", "models": {"primary": "eta_v12"}}


def load(folder: Path, *files: Any, **predictor: Any) -> model.Registry:
    """The registry of some files, or of a single predictor that is the smallest one and some keys."""
    if not files:
        content = {"version": 1, "teams": {"logistics": TEAM}, "predictors": {"eta": SMALLEST | predictor}}
        files = (json.dumps(content, ensure_ascii=False),)
    for number, content in enumerate(files):
        (folder / f"{number}.yaml").write_text(content, encoding="utf-8")
    loaded = load_registry(folder)
    assert loaded.registry is not None, loaded.findings
    return loaded.registry


def only(registry: model.Registry) -> model.Predictor:
    (predictor,) = registry.predictors
    return predictor


# ── However it is written ─────────────────────────────────────────────────────────────────────────────────────────────

ORIGINAL = load_registry(ROOT / "registry").registry
PARTS = [
    (section, name, value)
    for file in sorted((ROOT / "registry").glob("*.yaml"))
    for section, entries in yaml.safe_load(file.read_text(encoding="utf-8")).items()
    if section != "version"
    for name, value in entries.items()
]


def _shuffled(rng: random.Random, value: Any) -> Any:
    """The same mappings with their keys in another order, and alerts in another order."""
    if isinstance(value, dict):
        return {key: _shuffled(rng, value[key]) for key in rng.sample(list(value), len(value))}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_shuffled(rng, item) for item in rng.sample(value, len(value))]
    return value


def _written(rng: random.Random, content: dict[str, Any]) -> str:
    """The content as JSON, or as YAML in one of its styles."""
    if rng.random() < 0.2:
        return json.dumps(content, indent=rng.choice([None, 2]))
    return str(yaml.safe_dump(content, sort_keys=False, default_flow_style=rng.choice([True, False, None]), width=60))


@settings(deadline=None, max_examples=40)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_files_and_quoting_mean_nothing(rng: random.Random, count: int) -> None:
    files: list[dict[str, Any]] = [{"version": 1} for _ in range(count)]
    for section, name, value in rng.sample(PARTS, len(PARTS)):
        rng.choice(files).setdefault(section, {})[name] = _shuffled(rng, value)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "registry" / "profiles", Path(folder) / "profiles")
        assert load(Path(folder), *(_written(rng, _shuffled(rng, content)) for content in files)) == ORIGINAL


# ── Whatever it leaves out ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_smallest_predictor(tmp_path: Path) -> None:
    registry = load(tmp_path)
    predictor = only(registry)
    assert predictor.title == "eta"
    assert predictor.log == "default"
    assert predictor.windows == (HOURLY, DAILY)
    assert predictor.models == (model.Model("eta_v12", Role.PRIMARY),)
    assert (predictor.features, predictor.evaluation, predictor.unit) == ((), None, None)
    assert [alert.condition.id for alert in predictor.alerts] == ["freshness-eta_v12"]
    log = registry.logs["default"]
    assert (log.table, log.settle_seconds, log.columns) == ("predictions", 600, Columns())


def test_a_log_is_there_only_when_it_is_used(tmp_path: Path) -> None:
    raw = {"table": "raw.p", "settle": "1h", "columns": {"features": ["f_*", "g"], "sent_at": "at"}}
    content = {"version": 1, "logs": {"raw": raw}, "teams": {"logistics": TEAM}}
    content["predictors"] = {"eta": SMALLEST | {"log": "raw"}}
    registry = load(tmp_path, json.dumps(content))
    assert list(registry.logs) == ["raw"]
    assert registry.logs["raw"].settle_seconds == 3600
    assert registry.logs["raw"].columns == Columns(features=("f_*", "g"), sent_at="at")
    assert load(tmp_path, '{"version": 1}').logs["default"].table == "predictions"


def test_models_features_and_the_rest(tmp_path: Path) -> None:
    predictor = only(
        load(
            tmp_path,
            models={"primary": "m1", "shadows": ["m3", "m2"]},
            cadence=["1d", "1h"],
            reference={"kind": "trailing"},
            features={"b": {"kind": "categorical"}, "a": {"unit": "s", "importance": 1, "expect": {"min": 0}}},
            evaluation={
                "actuals": "SELECT 1\n",
                "matures_after": "3w",
                "metrics": ["rmse", "mae"],
                "training": {"rmse": 4, "mae": 3.5},
            },
        )
    )
    assert [(entry.id, entry.role) for entry in predictor.models] == [
        ("m1", Role.PRIMARY),
        ("m3", Role.SHADOW),
        ("m2", Role.SHADOW),
    ]
    assert predictor.primary.id == "m1"
    assert predictor.windows == (HOURLY, DAILY)
    assert predictor.features == (
        model.Feature("a", None, "s", 1.0, 0.0, None),
        model.Feature("b", Kind.CATEGORICAL, None, None, None, None),
    )
    assert [entry.reference for entry in predictor.models] == [Reference(kind="trailing", weeks=4)] * 3
    assert predictor.evaluation == model.Evaluation(
        "SELECT 1\n", 3 * 7 * 86400, ("rmse", "mae"), (("mae", 3.5), ("rmse", 4.0))
    )


def test_shadows_alone_are_compared_with_the_primary(tmp_path: Path) -> None:
    predictor = only(load(tmp_path, models={"primary": "m1", "shadows": ["m2"]}, reference={"kind": "primary"}))
    assert [entry.reference for entry in predictor.models] == [None, Reference(kind="primary")]


@pytest.mark.parametrize(
    ("profile", "owners"),
    [
        ("m1.json", ["m1", None, None]),
        ({"m3": "m3.json", "m1": "m1.json"}, ["m1", "m3", None]),
        ({"m2": "m2.json"}, [None, None, "m2"]),
        ({"m1": "m1.json", "m2": "m2.json", "m3": "gone.json"}, ["m1", None, "m2"]),
    ],
)
def test_a_profile_belongs_to_a_model(profile: str | dict[str, str], owners: list[str | None], tmp_path: Path) -> None:
    for name in ("m1", "m2", "m3"):
        trained = TrainingProfile(schema_version=1, predictor="eta", model_id=name, rows=1, features={})
        (tmp_path / f"{name}.json").write_text(text(trained), encoding="utf-8")
    models = {"primary": "m1", "shadows": ["m3", "m2"]}
    predictor = only(load(tmp_path, models=models, reference={"kind": "training", "profile": profile}))
    assert [entry.id for entry in predictor.models] == ["m1", "m3", "m2"]
    assert [entry.profile and parse(entry.profile.content).model_id for entry in predictor.models] == owners
    for entry in predictor.models:
        copy = entry.profile and Reference(kind="training", profile=entry.profile.path.removeprefix("metrics/"))
        assert entry.reference == copy


@pytest.mark.parametrize(
    ("threshold", "comparison", "low", "high"),
    [
        ({"above": 2}, Comparison.ABOVE, None, 2.0),
        ({"below": 2}, Comparison.BELOW, 2.0, None),
        ({"outside": {"min": 1, "max": 3}}, Comparison.OUTSIDE, 1.0, 3.0),
        ({"change_above": 0.5}, Comparison.CHANGE_ABOVE, None, 0.5),
    ],
)
def test_thresholds(
    threshold: dict[str, Any], comparison: Comparison, low: float | None, high: float | None, tmp_path: Path
) -> None:
    alert = {"id": "a", "metric": "prediction_mean", "severity": "report"} | threshold
    resolved = only(load(tmp_path, alerts=[alert])).alerts[0].condition
    assert (resolved.comparison, resolved.low, resolved.high) == (comparison, low, high)


def test_an_alert_s_defaults(tmp_path: Path) -> None:
    alert = {
        "id": "a",
        "metric": "feature_quantile",
        "quantile": 0.05,
        "feature": "all",
        "above": 1,
        "severity": "page",
    }
    resolved = only(load(tmp_path, alerts=[alert], cadence=["1d"])).alerts[0]
    assert resolved == model.Alert(
        model.Condition(
            id="a",
            title="a",
            metric="ml_feature_quantile",
            labels={"quantile": "0.05"},
            feature="*",
            window=DAILY,
            comparison=Comparison.ABOVE,
            high=1.0,
            severity="page",
            models=("eta_v12",),
        ),
        runbook_url="https://example.com/runbook",
    )


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        ("prep_time", "prep_time"),
        ("all", "*"),
        ("wind_*", "wind_*"),
        ({"name": "all"}, "all"),
        ({"name": "a*b"}, "a[*]b"),
        ({"name": "x[0]"}, "x[0]"),
        ("x[0]", "x[0]"),
    ],
)
def test_an_alert_s_feature_is_a_glob_or_an_exact_name(written: Any, resolved: str, tmp_path: Path) -> None:
    alert = {"id": "a", "metric": "feature_mean", "feature": written, "above": 1, "severity": "notify"}
    (found,) = [one for one in only(load(tmp_path, alerts=[alert])).alerts if one.condition.id == "a"]
    assert found.condition.feature == resolved


def test_an_alert_s_own_words_win(tmp_path: Path) -> None:
    own = {"title": "T", "window": "1d", "for": 3, "min_samples": 9, "runbook_url": "https://example.com/own"}
    alert = {"id": "a", "metric": "prediction_mean", "above": 1, "severity": "notify"} | own
    resolved = only(load(tmp_path, alerts=[alert])).alerts[0]
    condition = resolved.condition
    assert (condition.title, str(condition.window), condition.consecutive, condition.min_samples) == ("T", "1d", 3, 9)
    assert resolved.runbook_url == "https://example.com/own"


def test_an_evaluation_names_its_metric(tmp_path: Path) -> None:
    evaluation = {"actuals": "SELECT 1", "matures_after": "3h", "metrics": ["mae"]}
    alert = {"id": "a", "metric": "evaluation", "evaluation": "mae", "above": 1, "severity": "notify"}
    resolved = only(load(tmp_path, alerts=[alert], evaluation=evaluation)).alerts[0]
    assert resolved.condition.labels == {"metric": "mae"}


@pytest.mark.parametrize(
    ("which", "watched"), [("primary", ("m1",)), ("shadows", ("m2", "m3")), ("all", ("m1", "m2", "m3"))]
)
def test_which_models_an_alert_watches(which: str, watched: tuple[str, ...], tmp_path: Path) -> None:
    alert = {"id": "a", "metric": "predictions", "below": 1, "severity": "notify", "models": which}
    models = {"primary": "m1", "shadows": ["m2", "m3"]}
    assert only(load(tmp_path, alerts=[alert], models=models)).alerts[0].condition.models == watched


def test_a_cadence_of_any_windows(tmp_path: Path) -> None:
    alert = {"id": "a", "metric": "predictions", "below": 1, "window": "60m", "severity": "notify"}
    predictor = only(load(tmp_path, alerts=[alert], cadence=["7d", "1h", "15m"]))
    assert list(map(str, predictor.windows)) == ["15m", "1h", "7d"]
    assert str(predictor.alerts[0].condition.window) == "1h"


@pytest.mark.parametrize(
    ("freshness", "cadence", "window", "silence"),
    [
        ({}, ["1h", "1d"], "1h", 10800),
        ({}, ["1d"], "1d", 10800),
        ({"max_silence": "8h"}, ["1d", "1h"], "1h", 28800),
        ({"max_silence": "90m"}, ["1h"], "1h", 5400),
        ({"max_silence": "2w"}, ["1d"], "1d", 1209600),
    ],
)
def test_every_model_has_a_freshness_alert(
    freshness: dict[str, Any], cadence: list[str], window: str, silence: int, tmp_path: Path
) -> None:
    models = {"primary": "eta_v12", "shadows": ["ETA v13"]}
    alerts = only(load(tmp_path, freshness=freshness, cadence=cadence, models=models)).alerts
    assert {alert.condition.id for alert in alerts} == {"freshness-eta_v12", f"freshness-{stem('ETA v13')}"}
    for alert in alerts:
        assert alert.is_freshness
        condition = alert.condition
        assert (str(condition.window), condition.consecutive, condition.min_samples) == (window, 1, 0)
        assert (condition.comparison, condition.high, condition.feature) == ("above", silence, None)
        assert condition.title == f"No predictions from {condition.models[0]}"


@pytest.mark.parametrize(
    ("team", "declared", "severity"),
    [
        (TEAM, None, "notify"),
        ({"pagerduty": {"service": "ml"}}, None, "page"),
        (TEAM, "page", "page"),
        ({"slack": {"channel": "#ml"}}, "report", "report"),
    ],
)
def test_where_a_freshness_alert_goes(
    team: dict[str, Any], declared: str | None, severity: str, tmp_path: Path
) -> None:
    freshness = {"severity": declared} if declared else {}
    content = {"version": 1, "teams": {"logistics": team}, "predictors": {"eta": SMALLEST | {"freshness": freshness}}}
    assert only(load(tmp_path, json.dumps(content))).alerts[0].severity == severity


def test_everything_is_sorted(tmp_path: Path) -> None:
    alerts = [{"id": name, "metric": "predictions", "below": 1, "severity": "report"} for name in ("b", "a")]
    predictors = {name: SMALLEST | {"models": {"primary": name}, "alerts": alerts} for name in ("y", "x")}
    content = {"version": 1, "teams": {"z": TEAM, "logistics": TEAM}, "predictors": predictors}
    registry = load(tmp_path, json.dumps(content))
    assert [team.id for team in registry.teams] == ["logistics", "z"]
    assert [predictor.id for predictor in registry.predictors] == ["x", "y"]
    assert [alert.condition.id for alert in registry.predictors[0].alerts] == ["a", "b", "freshness-x"]
