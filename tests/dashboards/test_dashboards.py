"""Every generated dashboard, as Grafana and its users read it; hostile names get no easier test than ordinary ones."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import catalogue, conventions
from generator.alerting.health import health_rules
from generator.alerting.rules import rules_of
from generator.model import Alert, Condition, Registry
from generator.render.dashboards import render
from metrics_exporter.definitions import OwnMetric, Subject
from tests.dashboards.reading import (
    GRAFANAS_OWN,
    Json,
    data_panels,
    expressions,
    interpolated,
    parsed,
    texts,
    urls,
    used_variables,
    variables,
)
from tests.dashboards.sample import ETA, HOSTILE_REGISTRY, ORDINARY, PLAIN, hostile, registry
from tests.real_parts import PrometheusBinaries

STRING = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`')
REGISTRIES = {"ordinary": ORDINARY, "hostile": HOSTILE_REGISTRY, "empty": registry()}


@pytest.fixture(params=REGISTRIES, ids=list(REGISTRIES))
def drawn(request: pytest.FixtureRequest) -> Registry:
    return REGISTRIES[request.param]


@pytest.fixture
def dashboards(drawn: Registry) -> dict[str, Json]:
    return parsed(render(drawn))


def test_a_file_a_predictor_and_two_for_all(drawn: Registry, dashboards: dict[str, Json]) -> None:
    assert len(dashboards) == 2 + len(drawn.predictors)
    assert len({dashboard["uid"] for dashboard in dashboards.values()}) == len(dashboards)


def test_grafanas_own_types_know_all_that_is_written(dashboards: dict[str, Json]) -> None:
    register_default_plugins()
    for path, dashboard in dashboards.items():
        back = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))
        assert list(_lost(dashboard, back)) == [], path


def _lost(ours: Any, theirs: Any, where: str = "") -> Any:
    """What their types did not carry from reading to writing."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            yield from _lost(value, theirs[key], f"{where}.{key}") if key in theirs else [f"{where}.{key}"]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _lost(one, other, f"{where}[{index}]")
    elif ours != theirs:
        yield f"{where}: {ours!r} became {theirs!r}"


def test_panel_ids_are_unique_and_below_1000_but_for_what_is_declared(
    drawn: Registry, dashboards: dict[str, Json]
) -> None:
    alert_ids = {conventions.alert_panel_id(alert.condition.id) for one in drawn.predictors for alert in one.alerts}
    features = {conventions.expected_panel_id(each.name) for one in drawn.predictors for each in one.features}
    for dashboard in dashboards.values():
        ids = [panel["id"] for panel in dashboard["panels"]]
        assert len(set(ids)) == len(ids)
        assert all(panel_id < 1000 or panel_id in alert_ids | features for panel_id in ids)


def test_panels_fill_the_grid_without_overlap(dashboards: dict[str, Json]) -> None:
    for dashboard in dashboards.values():
        places = [panel["gridPos"] for panel in dashboard["panels"]]
        assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
        for one, other in combinations(places, 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or above, (one, other)


def test_every_panel_says_what_it_is(dashboards: dict[str, Json]) -> None:
    for dashboard in dashboards.values():
        for panel in dashboard["panels"]:
            assert panel["title"]
            assert panel["type"] == "row" or panel["description"]
        for panel in data_panels(dashboard):
            defaults = panel["fieldConfig"]["defaults"]
            assert defaults["unit"], panel["title"]
            assert defaults["noValue"], panel["title"]
            assert all(target["legendFormat"] for target in panel["targets"])


def test_every_panel_reads_the_chosen_data_source(dashboards: dict[str, Json]) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for dashboard in dashboards.values():
        for panel in data_panels(dashboard):
            assert panel["datasource"] == chosen
            assert [target["datasource"] for target in panel["targets"]] == [chosen] * len(panel["targets"])
            ref_ids = [target["refId"] for target in panel["targets"]]
            assert len(set(ref_ids)) == len(ref_ids)


def test_grafana_finds_only_variables_that_are_there(dashboards: dict[str, Json]) -> None:
    for dashboard in dashboards.values():
        assert all(used_variables(text) <= variables(dashboard) | GRAFANAS_OWN for text in texts(dashboard))


def test_every_expression_is_promql(
    drawn: Registry, dashboards: dict[str, Json], prometheus_binaries: PrometheusBinaries, tmp_path: Path
) -> None:
    samples = {"predictor": "p", "model": "m", "feature": "f"}
    sent = [interpolated(expr, samples) for dashboard in dashboards.values() for expr in expressions(dashboard)]
    rules = [{"record": f"panel_{index}", "expr": expr} for index, expr in enumerate(sent)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    prometheus_binaries.check("check", "rules", "--lint=none", file)


def test_every_metric_is_one_that_the_exporter_emits(dashboards: dict[str, Json]) -> None:
    emitted = {*catalogue.BY_NAME, *OwnMetric}
    for dashboard in dashboards.values():
        for expr in expressions(dashboard):
            without_strings = STRING.sub('""', expr)
            named = set(re.findall(r"\b(?:ml|driftgauge)_\w+", without_strings))
            assert named, expr
            assert named <= emitted, expr


def test_the_feature_dashboard_has_every_statistic_of_a_feature() -> None:
    drawn = " ".join(expressions(parsed(render(ORDINARY))[conventions.FEATURE_DASHBOARD_FILE]))
    of_features = [name for name, entry in catalogue.BY_NAME.items() if entry.definition.subject is Subject.FEATURE]
    assert [name for name in of_features if f"{name}{{" not in drawn] == []


def test_hourly_gauges_are_read_through_a_look_back(dashboards: dict[str, Json]) -> None:
    gauges = set(catalogue.BY_NAME)
    for dashboard in dashboards.values():
        for expr in expressions(dashboard):
            without_strings = STRING.sub('""', expr)
            for metric, after in re.findall(r"\b(ml_\w+)(?:\{[^}]*\})?(.?)", without_strings):
                assert metric not in gauges or after == "[", expr


def test_all_links_lead_to_a_dashboard_and_keep_time_and_source(dashboards: dict[str, Json]) -> None:
    known = {dashboard["uid"]: dashboard for dashboard in dashboards.values()}
    for dashboard in dashboards.values():
        for url in urls(dashboard["panels"]):
            uid = urlsplit(url).path.removeprefix("/d/")
            assert "${__url_time_range}" in url
            assert "var-datasource=${datasource:percentencode}" in url
            if uid != "${__data.fields.dashboard:percentencode}":  # resolved in the browser, see below
                kept = {name.removeprefix("var-") for name in parse_qs(urlsplit(url).query) if name.startswith("var-")}
                assert kept <= variables(known[uid])


def test_dashboard_links_keep_time_and_variables(dashboards: dict[str, Json]) -> None:
    known = {dashboard["uid"] for dashboard in dashboards.values()}
    for dashboard in dashboards.values():
        for link in dashboard["links"]:
            assert link["keepTime"]
            if link["type"] == "dashboards":
                assert set(link["tags"]) <= set(dashboard["tags"])
            else:
                assert link["includeVars"]
                assert urlsplit(link["url"]).path.removeprefix("/d/") in known


def test_the_fleet_opens_each_predictors_dashboard(drawn: Registry, dashboards: dict[str, Json]) -> None:
    table = next(one for one in dashboards[conventions.FLEET_DASHBOARD_FILE]["panels"] if one["id"] == 1)
    hidden = next(one for one in table["fieldConfig"]["overrides"] if one["matcher"]["options"] == "Dashboard")
    mappings = next(one["value"] for one in hidden["properties"] if one["id"] == "mappings")
    uids = {
        name: result["text"] for one in mappings if one["type"] == "value" for name, result in one["options"].items()
    }
    by_uid = {dashboard["uid"] for dashboard in dashboards.values()}
    assert uids.keys() == {one.id for one in drawn.predictors}
    assert set(uids.values()) <= by_uid
    fallback = mappings[-1]
    assert fallback["type"] == "regex"
    assert re.fullmatch(fallback["options"]["pattern"], "never registered\n")
    assert fallback["options"]["result"]["text"] == conventions.FEATURE_DASHBOARD_UID


def test_alert_panels_are_where_the_rules_point(drawn: Registry, dashboards: dict[str, Json]) -> None:
    for predictor in drawn.predictors:
        dashboard = dashboards[conventions.predictor_dashboard_file(predictor.id)]
        assert dashboard["uid"] == conventions.predictor_dashboard_uid(predictor.id)
        panels = {panel["id"]: panel for panel in dashboard["panels"]}
        for alert in predictor.alerts:
            panel = panels[conventions.alert_panel_id(alert.condition.id)]
            steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            assert [step["value"] for step in steps[1:]] == [
                bound for bound in (alert.condition.low, alert.condition.high) if bound is not None
            ]
            assert panel["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"]["mode"] == "dashed+area"
            expressions = [target["expr"] for target in panel["targets"]]
            (rule,) = rules_of(replace(predictor, alerts=(replace(alert, condition=_notifies(alert)),)))
            assert rule.value in expressions[-1]
            assert alert.is_freshness or alert.condition.metric in expressions[0]
            assert "](<https://" in panel["description"]


def test_what_is_expected_of_a_feature_is_drawn() -> None:
    panels = parsed(render(ORDINARY))[conventions.predictor_dashboard_file(ETA.id)]["panels"]
    (panel,) = (one for one in panels if one["id"] == conventions.expected_panel_id("prep_time"))
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["color"], step.get("value")) for step in steps] == [("red", None), ("transparent", 0), ("red", 7200)]
    assert [target["legendFormat"] for target in panel["targets"]] == ["max", "min"]


def _notifies(alert: Alert) -> Condition:
    """The condition of an alert that has a rule, whatever its own severity."""
    return alert.condition.model_copy(update={"severity": "notify"})


def test_a_threshold_lies_within_the_axis(drawn: Registry, dashboards: dict[str, Json]) -> None:
    """Grafana fits an axis to the values alone: a threshold that they have never reached would not be seen."""
    for predictor in drawn.predictors:
        panels = {
            panel["id"]: panel for panel in dashboards[conventions.predictor_dashboard_file(predictor.id)]["panels"]
        }
        for alert in predictor.alerts:
            axis = panels[conventions.alert_panel_id(alert.condition.id)]["fieldConfig"]["defaults"]
            condition = alert.condition
            assert condition.high is None or axis["custom"]["axisSoftMax"] > condition.high
            assert condition.low is None or axis["custom"]["axisSoftMin"] < condition.low


def test_the_alert_list_names_the_exporters_own_alerts_too(drawn: Registry, dashboards: dict[str, Json]) -> None:
    panels = dashboards[conventions.FLEET_DASHBOARD_FILE]["panels"]
    (wanted,) = (one["options"]["alertInstanceLabelFilter"] for one in panels if one["type"] == "alertlist")
    rules = [*health_rules(drawn.logs), *(rule for one in drawn.predictors for rule in rules_of(one))]
    assert wanted == '{driftgauge=~".+"}'
    assert all(dict(rule.labels)["driftgauge"] for rule in rules)


def test_alert_lists_show_every_alert_that_is_not_at_rest(dashboards: dict[str, Json]) -> None:
    lists = [panel for one in dashboards.values() for panel in one["panels"] if panel["type"] == "alertlist"]
    wanted = {"error": True, "firing": True, "noData": True, "normal": False, "pending": True}
    assert lists
    assert all(panel["options"]["stateFilter"] == wanted for panel in lists)


def test_dashboards_are_canonical_json(drawn: Registry) -> None:
    for content in render(drawn).values():
        canonical = json.dumps(json.loads(content), indent=2, sort_keys=True, ensure_ascii=False)
        assert content.decode() == f"{canonical}\n"


def test_the_columns_of_a_table_fit_its_panel(dashboards: dict[str, Json]) -> None:
    for dashboard in dashboards.values():
        for panel in data_panels(dashboard):
            shown = [one for one in panel.get("transformations", ()) if one["id"] == "filterFieldsByName"]
            if shown:
                columns = len(shown[0]["options"]["include"]["names"]) - len(_overridden(panel, "custom.hidden"))
                given = _overridden(panel, "custom.width")
                least = panel["fieldConfig"]["defaults"]["custom"]["minWidth"]
                assert sum(given) + (columns - len(given)) * least <= panel["gridPos"]["w"] * 1440 / 24, panel["title"]


def _overridden(panel: Json, option: str) -> list[Any]:
    """What overrides give a column; one by a regular expression stands for the two ratios of the fleet."""
    return [
        one["value"]
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"] * (2 if override["matcher"]["id"] == "byRegexp" else 1)
        if one["id"] == option
    ]


def test_names_reach_the_links_whole(drawn: Registry, dashboards: dict[str, Json]) -> None:
    for predictor in drawn.predictors:
        dashboard = dashboards[conventions.predictor_dashboard_file(predictor.id)]
        features = next(link for link in dashboard["links"] if link["title"] == "Features")
        chosen = parse_qs(urlsplit(features["url"]).query, keep_blank_values=True)
        assert chosen == {"var-predictor": [predictor.id], "var-model": [predictor.primary.id]}
        ranked = next(panel for panel in dashboard["panels"] if panel["id"] == 201)
        assert any(f"var-predictor={predictor.id}&" in unquote(url) for url in urls(ranked))


def test_every_file_carries_its_mark(dashboards: dict[str, Json]) -> None:
    for path, dashboard in dashboards.items():
        assert conventions.generated_mark(path) in dashboard["description"]


def test_evaluation_is_drawn_only_where_it_is_opted_in() -> None:
    dashboards = parsed(render(ORDINARY))
    drawn = {
        one.id: any(
            "ml_evaluation" in expr for expr in expressions(dashboards[conventions.predictor_dashboard_file(one.id)])
        )
        for one in (ETA, PLAIN)
    }
    assert drawn == {"eta_prediction": True, "churn": False}


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1))
def test_any_name_is_drawn(name: str) -> None:
    for dashboard in parsed(render(registry(hostile(f"$nonsense{name}$")))).values():
        assert all(used_variables(text) <= variables(dashboard) | GRAFANAS_OWN for text in texts(dashboard))


def test_a_predictors_file_does_not_depend_on_its_neighbours() -> None:
    path = conventions.predictor_dashboard_file(ETA.id)
    assert render(registry(ETA))[path] == render(ORDINARY)[path]
    assert render(ORDINARY) == render(ORDINARY)
