"""What the panels' PromQL answers, by promtool's own evaluation of given series."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator import conventions
from generator.model import Registry
from generator.promql import quote
from generator.render.dashboards import render
from generator.render.dashboards.queries import latest, moved, ranked
from tests.dashboards import sample
from tests.dashboards.reading import interpolated, parsed
from tests.dashboards.sample import ETA, ORDINARY
from tests.real_parts import PrometheusBinaries, driftgauge

P = 'predictor="eta_prediction"'
M = f'{P},model_id="eta_v12",window="1h"'
WEEK = 7 * 24


class Promtool:
    """Evaluates expressions over series that have a sample an hour."""

    def __init__(self, binaries: PrometheusBinaries, folder: Path) -> None:
        self._binaries, self._folder = binaries, folder

    def expect(
        self, series: dict[str, str], checks: list[tuple[str, str, dict[str, float]]], every: str = "1h"
    ) -> None:
        """Fail unless each expression, at its time, has exactly these series and values."""
        tests = [
            {
                "expr": interpolated(expr),
                "eval_time": at,
                "exp_samples": [{"labels": labels, "value": value} for labels, value in samples.items()],
            }
            for expr, at, samples in checks
        ]
        content: dict[str, Any] = {
            "evaluation_interval": "1m",
            "tests": [
                {
                    "interval": every,
                    "input_series": [{"series": name, "values": values} for name, values in series.items()],
                    "promql_expr_test": tests,
                }
            ],
        }
        file = self._folder / "test.yaml"
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        self._binaries.check("test", "rules", file)


@pytest.fixture
def promtool(prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> Promtool:
    return Promtool(prometheus_binaries, tmp_path)


def marks(name: str, path: str = "dashboards/predictors/eta_prediction.json", registry: Registry = ORDINARY) -> str:
    annotations = parsed(render(registry))[path]["annotations"]["list"]
    expr: str = next(one["target"]["expr"] for one in annotations if one["name"] == name)
    return expr


def promotion() -> str:
    return marks("Promotions")


def test_a_promotion_is_marked_once(promtool: Promtool) -> None:
    series = {
        f'ml_model_info{{{P},model_id="eta_v12",role="primary",team="t"}}': "1x30 stale",
        f'ml_model_info{{{P},model_id="eta_v13",role="shadow",team="t"}}': "1x30 stale",
        f'ml_model_info{{{P},model_id="eta_v12",role="shadow",team="t"}}': "_x30 1x60",
        f'ml_model_info{{{P},model_id="eta_v13",role="primary",team="t"}}': "_x30 1x60",
    }
    marks = [(promotion(), "20m", {}), (promotion(), "33m", {'{model_id="eta_v13"}': 1.0}), (promotion(), "40m", {})]
    promtool.expect(series, marks, every="1m")


def test_the_start_of_monitoring_is_no_promotion(promtool: Promtool) -> None:
    series = {f'ml_model_info{{{P},model_id="eta_v12",role="primary",team="t"}}': "1x60"}
    promtool.expect(series, [(promotion(), f"{minute}m", {}) for minute in (0, 1, 6, 30)], every="1m")


def definition(digest: str, instance: str = "a", predictor: str = "eta_prediction") -> str:
    return f'driftgauge_definition_info{{predictor="{predictor}",digest="{digest}",instance="{instance}"}}'


# A sample a minute for three hours, and in which minutes a mark of which digest is due.
DEFINITIONS: dict[str, tuple[dict[str, str], dict[int, str]]] = {
    "begins": ({definition("one"): "_x30 1x150"}, {}),
    "changes": ({definition("one"): "1x60 stale", definition("two"): "_x61 1x120"}, {61: "two"}),
    "restarts": ({definition("one"): "1x60 stale _x8 1x110", definition("one", "b"): "_x65 1x20 stale"}, {}),
    "restarts with another": ({definition("one"): "1x60 stale", definition("two"): "_x80 1x100"}, {80: "two"}),
    "is away for two hours": ({definition("one"): "1x20 stale _x120 1x40"}, {}),
    "is taken back an hour later": (
        {definition("one"): "1x29 stale _x59 1x90", definition("two"): "_x30 1x59 stale"},
        {30: "two", 90: "one"},
    ),
    "changes in one replica, five minutes later in the other": (
        {
            definition("one"): "1x60 stale",
            definition("two"): "_x61 1x120",
            definition("one", "b"): "1x65 stale",
            definition("two", "b"): "_x66 1x115",
        },
        {61: "two"},
    ),
    "changes in one replica alone": (
        {definition("one", "a"): "1x180", definition("one", "b"): "1x60 stale", definition("two", "b"): "_x61 1x120"},
        {61: "two"},
    ),
    "changes elsewhere": (
        {
            definition("one"): "1x180",
            definition("one", predictor="churn"): "1x60 stale",
            definition("two", predictor="churn"): "_x61 1x120",
        },
        {},
    ),
}


@pytest.mark.parametrize("step", [1, 5, 30])
@pytest.mark.parametrize(("series", "expected"), DEFINITIONS.values(), ids=DEFINITIONS)
def test_a_change_of_the_definition_is_marked_once(
    promtool: Promtool, series: dict[str, str], expected: dict[int, str], step: int
) -> None:
    """At the first step that sees it, and at no other."""
    expr = marks("Definition changes").replace("$__interval", f"{step}m")
    due = {-(-minute // step) * step: digest for minute, digest in expected.items()}
    steps = range(0, 181, step)
    checks = [(expr, f"{at}m", {f'{{digest="{due[at]}"}}': 1.0} if at in due else {}) for at in steps]
    promtool.expect(series, checks, every="1m")


def test_a_rename_alone_changes_no_definition(promtool: Promtool) -> None:
    renamed = sample.registry(replace(ETA, was=("eta",)))
    expr = marks("Definition changes", registry=renamed)
    series = {
        definition("one", predictor="eta"): "1x60 stale",
        definition("one"): "_x61 1x60 stale",
        definition("two"): "_x122 1x60",
    }
    seen = [(expr, "65m", {}), (expr, "125m", {'{digest="two"}': 1.0})]
    promtool.expect(series, seen, every="1m")


@pytest.mark.parametrize(("name", "label"), [("Promotions", "model_id"), ("Definition changes", "digest")])
def test_the_feature_dashboard_has_the_marks_of_the_chosen_predictor(name: str, label: str) -> None:
    chosen = interpolated(marks(name, conventions.FEATURE_DASHBOARD_FILE), {"predictor": "eta_prediction"})
    assert chosen == interpolated(marks(name)).replace('predictor="eta_prediction"', "predictor=`eta_prediction`")
    assert chosen.startswith(f"group by ({label}) ")


def test_moves_are_counted_in_the_days_deviation_and_need_samples(promtool: Promtool) -> None:
    feature = f'{M},feature="prep_time"'
    series = {
        f"ml_feature_mean{{{feature}}}": f"10x{WEEK - 1} 16",
        f"ml_feature_stddev{{{feature}}}": f"0.1x{WEEK}",
        f"ml_feature_stddev{{{feature.replace('1h', '1d')}}}": f"3x{WEEK}",
        f"ml_feature_values{{{feature}}}": f"20x{WEEK - 1} 20 19",
    }
    expr = moved("ml_feature_mean", by="ml_feature_stddev")
    labels = '{predictor="eta_prediction",model_id="eta_v12",feature="prep_time"}'
    promtool.expect(series, [(expr, f"{WEEK}h", {labels: 2.0}), (expr, f"{WEEK + 1}h", {})])


@pytest.mark.parametrize("window", ["1m", "15m", "6h", "1d", "7d"])
def test_a_panel_reads_windows_of_any_length(promtool: Promtool, window: str) -> None:
    labels = f'predictor="eta_prediction",model_id="eta_v12",window="{window}"'
    series = {f"ml_prediction_mean{{{labels}}}": "10x30"}
    expr = latest("ml_prediction_mean", 'predictor="eta_prediction"', window=window)
    found = {'{predictor="eta_prediction",model_id="eta_v12"}': 10.0}
    promtool.expect(series, [(expr, "30m", found)], every="1m")


def test_ranked_features_keep_all_models(promtool: Promtool) -> None:
    def ratio(model: str, feature: str) -> str:
        return f'ml_feature_default_ratio{{{P},model_id="{model}",feature="{feature}",window="1h"}}'

    series = {ratio("a", "x"): "0.5", ratio("b", "x"): "0", ratio("a", "y"): "0.2", ratio("a", "z"): "0"}
    labels = '{predictor="eta_prediction",model_id="%s",feature="x"}'
    promtool.expect(
        series,
        [(ranked("ml_feature_default_ratio", count=1), "10m", {labels % "a": 0.5, labels % "b": 0.0})],
    )


def unregistered() -> str:
    panels = parsed(render(ORDINARY))["dashboards/fleet.json"]["panels"]
    expr: str = next(panel for panel in panels if panel["id"] == 31)["targets"][0]["expr"]
    return f"sum by (yaml) ({expr})"


def test_what_to_paste_for_a_model_that_nobody_registered(promtool: Promtool, tmp_path: Path) -> None:
    series = {
        'ml_model_info{predictor="taxi_time",model_id="taxi_v1",role="unregistered"}': "1",
        'ml_predictions{predictor="taxi_time",model_id="taxi_v1",window="1h"}': "70",
        'ml_model_info{predictor="eta_prediction",model_id="eta_v14",role="unregistered",team="logistics"}': "1",
        'ml_predictions{predictor="eta_prediction",model_id="eta_v14",window="1h"}': "5",
    }
    line = '"taxi_time": {title: "taxi_time", team: TEAM, task: regression, models: {primary: "taxi_v1"}}'
    more = 'shadows: ["eta_v14"]   # in the models of "eta_prediction"'
    promtool.expect(series, [(unregistered(), "10m", {_yaml_label(line): 70.0, _yaml_label(more): 5.0})])
    registry = tmp_path / "registry"
    registry.mkdir()
    content = 'version: 1\nteams:\n  ops: {slack: {channel: "#ops"}}\npredictors:\n  ' + line.replace("TEAM", "ops")
    (registry / "pasted.yaml").write_text(content, encoding="utf-8")
    driftgauge("validate", registry)  # fails on any error


def _yaml_label(text: str) -> str:
    return f"{{yaml={quote(text)}}}"
