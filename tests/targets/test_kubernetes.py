"""The Kubernetes objects, checked by the operator's own schema, by kustomize, and by promtool."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator import conventions, write
from generator.alerting.rules import rules_of
from generator.model import Registry
from generator.render import dashboards, kubernetes, prometheus
from generator.render.errors import RenderError
from tests.output.examples import PREDICTOR, alert, predictor, registry
from tests.real_parts import PrometheusBinaries
from tests.targets.go_tools import kustomize, operator_crds
from tests.targets.hostile import NAMES, NASTY, hostile

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def objects(files: dict[str, bytes]) -> dict[str, Any]:
    """The objects by path, without kustomizations."""
    read = {path: yaml.safe_load(content) for path, content in files.items()}
    return {path: one for path, one in read.items() if one["kind"] != "Kustomization"}


def of_kind(kind: str, registry_: Registry) -> list[dict[str, Any]]:
    return [one for one in objects(kubernetes.render(registry_)).values() if one["kind"] == kind]


@cache
def validator(plural: str) -> jsonschema.Draft202012Validator:
    """The published schema of a kind, with unknown keys refused as the API server's strict mode does."""
    definition = yaml.safe_load((operator_crds() / f"monitoring.coreos.com_{plural}.yaml").read_bytes())
    version = next(version for version in definition["spec"]["versions"] if version["name"] == "v1")
    return jsonschema.Draft202012Validator(closed(version["schema"]["openAPIV3Schema"]))


def closed(schema: Any) -> Any:
    """The schema with no keys beyond those it names, and without patterns that Python's `re` can't read."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: closed(value) for key, value in schema.items() if key not in {"pattern", "properties"}}
    if not schema.get("pattern", "^(?i)").startswith("^(?i)"):
        strict["pattern"] = schema["pattern"]
    if "properties" in schema:
        strict["properties"] = {name: closed(value) for name, value in schema["properties"].items()}
        strict["additionalProperties"] = False
    return strict


@pytest.mark.parametrize(
    ("kind", "plural", "count"), [("PrometheusRule", "prometheusrules", 3), ("ServiceMonitor", "servicemonitors", 1)]
)
def test_objects_are_what_the_operator_s_schema_wants(kind: str, plural: str, count: int) -> None:
    found = of_kind(kind, registry(PREDICTOR, hostile(NASTY)))
    assert len(found) == count
    for one in found:
        assert one["apiVersion"] == "monitoring.coreos.com/v1"
        validator(plural).validate(one)


def test_the_schema_is_one_that_refuses() -> None:
    (rule, *_) = of_kind("PrometheusRule", registry())
    for spoilt in ({"expr": "1"}, {"alert": 1}, {"alerts": "x"}, {"for": "soon"}):
        rules = [rule["spec"]["groups"][0]["rules"][0] | spoilt]
        group = rule["spec"]["groups"][0] | {"rules": rules}
        valid = validator("prometheusrules").is_valid(rule | {"spec": {"groups": [group]}})
        assert valid == (spoilt == {"expr": "1"})


def test_rules_are_those_of_prometheus() -> None:
    example = registry(PREDICTOR, hostile(NASTY))
    written = [yaml.safe_load(content) for path, content in prometheus.render(example).items() if "/rules/" in path]
    key = json.dumps
    assert sorted((one["spec"] for one in of_kind("PrometheusRule", example)), key=key) == sorted(written, key=key)


def test_promtool_takes_the_rules(prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
    for number, rule in enumerate(of_kind("PrometheusRule", registry(PREDICTOR, hostile(NASTY)))):
        file = tmp_path / f"{number}.yaml"
        file.write_text(yaml.safe_dump(rule["spec"]), encoding="utf-8")
        prometheus_binaries.check("check", "rules", file)


def test_each_dashboard_is_in_a_config_map_for_the_sidecar() -> None:
    example = registry(PREDICTOR, hostile(NASTY))
    contents = []
    for one in of_kind("ConfigMap", example):
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        ((key, content),) = one["data"].items()
        assert key == f"{json.loads(content)['uid']}.json"
        contents.append(content.encode())
    assert sorted(contents) == sorted(dashboards.render(example).values())


def test_folders_are_the_teams_unless_that_would_be_a_path() -> None:
    folders = {
        one["metadata"]["annotations"]["grafana_folder"]
        for one in of_kind("ConfigMap", registry(PREDICTOR, hostile("../../etc"), hostile("a/b")))
    }
    digests = {conventions.stem(name) for name in ("../../etc", "a/b")}
    assert folders == {"driftgauge", "logistics", *digests}


@settings(max_examples=50, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_any_names_give_names_that_kubernetes_takes(names: list[str]) -> None:
    made = objects(kubernetes.render(registry(*map(hostile, names))))
    identities = [(one["kind"], one["metadata"]["name"]) for one in made.values()]
    assert len(set(identities)) == len(identities) == 2 * (len(names) + 1) + 2
    assert all(LABEL.fullmatch(name) for _, name in identities)
    for one in made.values():
        assert all(KEY.fullmatch(key) for key in one.get("data", {}))
        assert all(re.fullmatch(r"[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?", v) for v in labels(one))
        assert one["kind"] != "PrometheusRule" or validator("prometheusrules").is_valid(one)


def labels(one: dict[str, Any]) -> Iterator[str]:
    yield from one["metadata"]["labels"].values()


class Loader(yaml.SafeLoader):
    """Takes `<<` and `=` for the texts that they are in YAML 1.2, which kustomize writes."""


for kind in ("merge", "value"):
    Loader.add_constructor(f"tag:yaml.org,2002:{kind}", lambda _, node: node.value)


def kustomized(folder: Path) -> list[dict[str, Any]]:
    """What `kustomize build` makes of a folder."""
    run = subprocess.run([kustomize(), "build", folder], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return list(yaml.load_all(run.stdout, Loader))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_kustomize_reads_every_object_as_it_is(tmp_path: Path, names: list[str]) -> None:
    """Go reads YAML otherwise than Python does: `1e3` and `y` must stay texts."""
    files = kubernetes.render(registry(*map(hostile, names)))
    write.apply(tmp_path, files)
    key = json.dumps
    built = kustomized(tmp_path / "kubernetes")
    assert sorted(map(key, built)) == sorted(map(key, map(sort_keys, objects(files).values())))


def sort_keys(one: dict[str, Any]) -> Any:
    """With the keys in kustomize's order."""
    return json.loads(json.dumps(one, sort_keys=True))


def test_rules_and_dashboards_can_be_taken_by_themselves(tmp_path: Path) -> None:
    write.apply(tmp_path, kubernetes.render(registry()))
    kinds = {part: {one["kind"] for one in kustomized(tmp_path / "kubernetes" / part)} for part in PARTS}
    assert kinds == PARTS


PARTS = {"rules": {"PrometheusRule"}, "dashboards": {"ConfigMap"}}


def test_an_overlay_says_namespace_and_release(tmp_path: Path) -> None:
    """The recipe in docs/targets.md."""
    write.apply(tmp_path / "output", kubernetes.render(registry()))
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(
        "namespace: monitoring\n"
        "labels: [{pairs: {release: kube-prometheus-stack}}]\n"
        "resources: [../output/kubernetes]\n"
    )
    for one in kustomized(overlay):
        assert one["metadata"]["namespace"] == "monitoring"
        assert one["metadata"]["labels"]["release"] == "kube-prometheus-stack"


def test_what_is_larger_than_the_cluster_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "MAX_RULE_BYTES", 5000)
    monkeypatch.setattr(kubernetes, "MAX_CONFIG_MAP_BYTES", 20_000)
    many = predictor(*(alert(id=f"alert-{number}") for number in range(9)))
    with pytest.raises(RenderError) as refused:
        kubernetes.render.predictor(many, rules_of(many))
    assert "kubernetes/rules/predictors/eta_prediction.yaml: " in str(refused.value)
    assert "kubernetes/dashboards/predictors/eta_prediction.yaml: " in str(refused.value)
    assert "the limit of a ConfigMap is 20,000" in str(refused.value)
    assert "the limit of the Prometheus operator is 5,000" in str(refused.value)
