"""The preview draws all panels: with data where there are some, with words where there are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.render.dashboards import render
from tests.dashboards.preview.frames import config, table
from tests.dashboards.preview.pages import page
from tests.dashboards.preview.pictures import Browser
from tests.dashboards.reading import Json, parsed
from tests.dashboards.sample import ORDINARY
from tests.real_parts import PrometheusBinaries, prometheus, require, wait_until

NOW = 1_767_225_600  # a full hour
SAMPLES = """\
ml_model_info{predictor="eta_prediction",model_id="eta_v12",role="primary",team="logistics"} 1
ml_model_info{predictor="eta_prediction",model_id="eta_v13",role="shadow",team="logistics"} 1
ml_model_info{predictor="nobodys",model_id="n1",role="unregistered"} 1
ml_predictions{predictor="eta_prediction",model_id="eta_v12",window="1h"} 1200
ml_predictions{predictor="nobodys",model_id="n1",window="1h"} 30
ml_feature_default_ratio{predictor="eta_prediction",model_id="eta_v12",feature="prep_time",window="1h"} 0.25
ml_feature_default_ratio{predictor="eta_prediction",model_id="eta_v13",feature="prep_time",window="1h"} 0.5
ml_prediction_mean{predictor="eta_prediction",model_id="eta_v12",window="1h"} 31.5
"""
RULES = """\
groups:
- name: eta_prediction
  interval: 1s
  rules:
  - alert: "eta_prediction: it fires"
    expr: vector(1)
    labels: {driftgauge: threshold, predictor: eta_prediction}
"""


def panel(panel_id: int, path: str) -> Json:
    panels = parsed(render(ORDINARY))[path]["panels"]
    return next(one for one in panels if one["id"] == panel_id)


def sample(value: float, **labels: str) -> Json:
    return {"metric": labels, "value": [NOW, str(value)]}


def test_one_row_a_predictor_from_many_queries() -> None:
    fleet = panel(1, "dashboards/fleet.json")
    drawn = table(
        fleet,
        {
            "A": [sample(2, predictor="p", team="t", dashboard="p"), sample(1, predictor="q", team="u", dashboard="q")],
            "B": [sample(1, predictor="p", model_id="m")],
            "C": [sample(70, predictor="p"), sample(90, predictor="q")],
        },
    )
    assert [column["name"] for column in drawn["columns"]][:5] == [
        "Predictor",
        "Predictions",
        "Team",
        "Primary model",
        "Models",
    ]
    assert [row["predictor"] for row in drawn["rows"]] == ["q", "p"]
    assert drawn["rows"][1]["model_id"] == "m"


def test_features_down_and_models_across() -> None:
    ranked = panel(201, "dashboards/predictors/eta_prediction.json")
    drawn = table(
        ranked,
        {
            "A": [
                sample(0.1, feature="a", model_id="eta_v12"),
                sample(0.2, feature="b", model_id="eta_v12"),
                sample(0.9, feature="a", model_id="eta_v13"),
            ]
        },
    )
    assert [column["name"] for column in drawn["columns"]] == ["feature\\model_id", "eta_v12", "eta_v13"]
    assert [row["feature\\model_id"] for row in drawn["rows"]] == ["b", "a"]
    assert "links" in drawn["columns"][1]["config"]


def test_the_primary_is_blue_everywhere() -> None:
    for panel_id in (101, 102):
        drawn = panel(panel_id, "dashboards/predictors/eta_prediction.json")
        assert config(drawn, "eta_v12")["color"]["fixedColor"] == "blue"
        assert config(drawn, "eta_v13")["color"]["fixedColor"] == "orange"


@pytest.mark.slow
def test_chromium_draws_every_panel(tmp_path: Path) -> None:
    binaries, chromium = PrometheusBinaries.require("3"), require("chromium")
    lines = "".join(f"{line} {NOW - 60}\n" for line in SAMPLES.splitlines())
    (tmp_path / "samples").write_text(f"{lines}# EOF\n", encoding="utf-8")
    binaries.check("tsdb", "create-blocks-from", "openmetrics", tmp_path / "samples", tmp_path / "data")
    chosen = {
        "window": "1h",
        "predictor": "eta_prediction",
        "model": "eta_v12",
        "feature": "prep_time",
        "__range": "6h",
    }
    read = {}
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    rules = {"rule_files": [str(tmp_path / "rules.yaml")]}
    with prometheus(binaries, rules, tmp_path) as server, Browser(chromium) as browser:
        wait_until("alert", lambda: server.api("alerts")["alerts"])
        for path, content in render(ORDINARY).items():
            file = tmp_path / f"{Path(path).stem}.html"
            file.write_text(page(json.loads(content), server, chosen, NOW, 6 * 3600), encoding="utf-8")
            read[file.stem] = browser.words(file)
            browser.picture(file, file.with_suffix(".png"), 390)
            assert file.with_suffix(".png").stat().st_size > 10_000
    assert "not registered" in read["fleet"]
    assert '"nobodys": {title: "nobodys", team: TEAM, task: regression, models: {primary: "n1"}}' in read["fleet"]
    assert ["eta_prediction: it fires" in read[name] for name in ("fleet", "eta_prediction", "churn")] == [
        True,
        True,
        False,
    ]
    assert "31.5 min" in read["eta_prediction"]
    assert "25%" in read["feature"]
    for name, dashboard in ((Path(path).stem, json.loads(content)) for path, content in render(ORDINARY).items()):
        assert all(one["title"] in read[name] for one in dashboard["panels"])
