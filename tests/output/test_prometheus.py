"""The files for Prometheus and Alertmanager, read by their own tools, and what alerts say when they fire."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator import write
from generator.conventions import alert_panel_id, predictor_dashboard_uid, stem
from generator.model import AlertSeverity, Model, Predictor, Registry
from generator.promql import quote
from generator.render import metrics, prometheus
from metrics_exporter.config import Settings
from metrics_exporter.definitions import Comparison, Role
from tests.output.examples import ALERT, FRESHNESS, PREDICTOR, TEAM, alert, changed, predictor, registry
from tests.output.published import run, series
from tests.real_parts import ROOT, PrometheusBinaries, require

HOSTILE = 'a "b" \\ ${c} {{ d }} {{{ \n\t§ e\u0301 ]] [[x]] {'
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def hostile(name: str) -> Predictor:
    """A predictor all of whose names are this one."""
    named = alert(id=name, title=name, feature=name.replace("*", "x").replace("?", "x"), models=(name,), consecutive=1)
    return predictor(
        named,
        changed(named, id="glob", title="glob", feature=f"{name}*"),
        changed(named, id="change", title="change", comparison=Comparison.CHANGE_ABOVE),
        changed(FRESHNESS, title=f"{name}!", models=(name,)),
        id=name,
        title=name,
        team=replace(TEAM, id=name, slack_channel=name, pagerduty_service=name),
        models=(Model(name, Role.PRIMARY),),
    )


def written(folder: Path, registry: Registry) -> Path:
    """The Prometheus folder of an output."""
    write.apply(folder, prometheus.render(registry))
    return folder / "prometheus"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=1, max_size=5, unique=True))
def test_rules_with_any_names_are_valid(
    prometheus_binaries: PrometheusBinaries, tmp_path: Path, names: list[str]
) -> None:
    folder = written(tmp_path, registry(*map(hostile, names)))
    prometheus_binaries.check("check", "rules", *sorted((folder / "rules").iterdir()))


def yaml_digest() -> str:
    """A digest of all YAML that is rendered of two predictors."""
    example = registry(PREDICTOR, hostile(HOSTILE))
    files = prometheus.render(example) | metrics.render(example)
    return hashlib.sha256(b"".join(files.values())).hexdigest()


WITHOUT_LIBYAML = """
import yaml
del yaml.CSafeDumper
from tests.output.test_prometheus import yaml_digest
print(yaml_digest())
"""


def test_without_libyaml_the_bytes_are_the_same() -> None:
    command = [sys.executable, "-c", WITHOUT_LIBYAML]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == yaml_digest()


def test_the_example_is_a_whole_configuration(prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
    prometheus_binaries.check("check", "config", written(tmp_path, registry()) / "scrape.example.yaml")


@pytest.mark.parametrize("example", [registry(), registry(hostile(HOSTILE)), registry(predictor(team=TEAM))])
def test_the_alertmanager_reads_its_example(tmp_path: Path, example: Registry) -> None:
    file = written(tmp_path, example) / "alertmanager.example.yaml"
    done = subprocess.run(
        [require("amtool"), "check-config", file], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"driftgauge": "threshold", "team": "logistics", "severity": "notify"}, "logistics notify"),
        ({"driftgauge": "freshness", "team": "logistics", "severity": "page"}, "logistics page"),
        ({"driftgauge": "exporter", "severity": "page"}, "platform"),
        ({"alertname": "somebody else's", "team": "logistics", "severity": "page"}, "platform"),
    ],
)
def test_alerts_are_routed_by_team_and_severity(tmp_path: Path, labels: dict[str, str], receiver: str) -> None:
    file = written(tmp_path, registry()) / "alertmanager.example.yaml"
    command = [require("amtool"), "config", "routes", "test", f"--config.file={file}"]
    command += [f"{name}={quote(value)}" for name, value in labels.items()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == receiver


def test_a_moved_exporter_keeps_its_series(tmp_path: Path) -> None:
    config = yaml.safe_load((written(tmp_path, registry()) / "scrape.example.yaml").read_bytes())
    (job,) = config["scrape_configs"]
    assert job["relabel_configs"] == [{"target_label": "instance", "replacement": "driftgauge"}]
    port = Settings.model_fields["listen"].get_default(call_default_factory=True)[1]
    assert job["static_configs"] == [{"targets": [f"localhost:{port}"]}]


def test_what_an_alert_says(prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
    labels = 'predictor="eta_prediction",model_id="eta_v12",feature="prep_time",alert="defaults",bound="above"'
    inputs = [series(f"ml_alert_reading{{{labels}}}", (5, 0.47))]
    folder = written(tmp_path, registry(predictor(ALERT)))
    summary = "Delivery ETA (eta_v12): default ratio of prep_time is 47%, above 40% for 2 hours in a row"
    description = (
        "Default ratio of prep_time of eta_v12 is 47% (above 40% for 2 hours in a row; alert defaults, metric "
        "ml_feature_default_ratio, window 1h).\n"
        "It means: The source of the feature is missing more often: the model decides on its default instead.\n"
        "Importance of the feature to the model: 0.41.\n"
        "eta_v12 is the primary, whose predictions are served; shadows, not served: eta_v13.\n"
        "Look at: the linked panel; whether other features of the model moved in the same hour (many: the job or "
        "store that feeds them; one: the source of this feature); the feature dashboard for its distribution."
    )
    labels = {
        "driftgauge": "threshold",
        "feature": "prep_time",
        "log": "default",
        "model_id": "eta_v12",
        "predictor": "eta_prediction",
        "severity": "notify",
        "team": "logistics",
    }
    dashboard = f"/d/{predictor_dashboard_uid('eta_prediction')}?viewPanel={alert_panel_id('defaults')}"
    annotations = {"summary": summary, "description": description, "dashboard": dashboard}
    annotations["runbook_url"] = TEAM.runbook_url
    expected = [{"exp_labels": labels, "exp_annotations": annotations}]
    test = {
        "eval_time": "3m",
        "alertname": "eta_prediction: Defaults of prep_time",
        "exp_alerts": expected,
    }
    content = {"interval": "1m", "input_series": inputs, "alert_rule_test": [test]}
    run(prometheus_binaries, tmp_path, [content], [folder / "rules/eta_prediction.yaml"])


def test_hostile_names_are_matched_and_told_as_they_are(
    prometheus_binaries: PrometheusBinaries, tmp_path: Path
) -> None:
    """Quotes, template braces and Grafana's variables in every name: the rule finds the series, and says its name."""
    name = quote(HOSTILE)
    folder = written(tmp_path, registry(hostile(HOSTILE)))
    file = folder / f"rules/{stem(HOSTILE)}.yaml"
    rules = yaml.safe_load(file.read_bytes())["groups"][0]["rules"]
    for alert_id in (HOSTILE, "glob"):
        (rule,) = (rule for rule in rules if rule["alert"] == f"{HOSTILE}: {alert_id}")
        labels = {
            "alertname": rule["alert"],
            "alertstate": "firing",
            "driftgauge": "threshold",
            "log": "default",
            **dict.fromkeys(("feature", "model_id", "predictor", "team"), HOSTILE),
            "severity": "notify",
        }
        spelt = ",".join(f"{label}={quote(value)}" for label, value in labels.items())
        expect = {
            "expr": f"ALERTS{{alertname={quote(rule['alert'])}}}",
            "eval_time": "3m",
            "exp_samples": [{"labels": f"ALERTS{{{spelt}}}", "value": 1}],
        }
        matchers = f"predictor={name},model_id={name},feature={name},alert={quote(alert_id)}"
        inputs = [series(f"ml_alert_reading{{{matchers}}}", (5, 0.47))]
        content = {"interval": "1m", "input_series": inputs, "promql_expr_test": [expect]}
        run(prometheus_binaries, tmp_path, [content], [file])


def test_a_report_has_a_line_and_no_rule(tmp_path: Path) -> None:
    quiet = predictor(alert(severity=AlertSeverity.REPORT), FRESHNESS)
    file = written(tmp_path, registry(quiet)) / "rules/eta_prediction.yaml"
    rules = yaml.safe_load(file.read_bytes())["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == ["eta_prediction: No predictions from eta_v12"]


def test_the_exporter_s_health(prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
    """Nothing scraped is one page; a healthy exporter is silent; each trouble has its alert."""
    file = written(tmp_path, registry(PREDICTOR)) / "rules/_exporter.yaml"
    running = {"series": "driftgauge_worker_restarts_total", "values": "0x300"}
    up = [
        running,
        {"series": 'driftgauge_last_success_timestamp_seconds{log="default"}', "values": "0+60x300"},
        {"series": 'driftgauge_dropped_series{predictor="eta"}', "values": "0x300"},
        {"series": 'driftgauge_errors_total{log="default"}', "values": "0x300"},
        {"series": 'driftgauge_missed_windows_total{log="default"}', "values": "0x300"},
    ]
    sick = [
        running,
        {"series": 'driftgauge_last_success_timestamp_seconds{log="default"}', "values": "0x300"},
        {"series": 'driftgauge_dropped_series{predictor="eta"}', "values": "7x300"},
        {"series": 'driftgauge_errors_total{log="default"}', "values": "0x270 1x30"},
        {"series": 'driftgauge_missed_windows_total{log="default"}', "values": "0x270 1x30"},
    ]
    firing = {"expr": "count(ALERTS)", "eval_time": "280m"}
    run(
        prometheus_binaries,
        tmp_path,
        [
            {"interval": "1m", "input_series": up, "promql_expr_test": [{**firing, "exp_samples": []}]},
            {
                "interval": "1m",
                "input_series": sick,
                "promql_expr_test": [{**firing, "exp_samples": [{"labels": "{}", "value": 4}]}],
            },
            {
                "interval": "1m",
                "input_series": [],
                "promql_expr_test": [{**firing, "exp_samples": [{"labels": "{}", "value": 1}]}],
            },
        ],
        [file],
    )
