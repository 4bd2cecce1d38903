"""Kubernetes objects: rules for the Prometheus operator, dashboards for Grafana's sidecar, and how to scrape.

The namespace, and the labels by which an operator selects what is its own, are left to the kustomization that
includes this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from generator.alerting.rules import Rules
from generator.conventions import DASHBOARDS_FOLDER, EXPORTER_STEM, KUBERNETES_FOLDER, rules_name, stem
from generator.model import Predictor, Registry
from generator.render import dashboards
from generator.render.dashboard_files import SHARED_DASHBOARDS, DashboardFile, dashboard_files, predictor_dashboard
from generator.render.errors import RenderError
from generator.render.prometheus.rules import RuleFile, exporter_rules, predictor_rules
from generator.render.renderer import Files, Renderer
from generator.render.yaml_files import OneALine, yaml_file

MAX_CONFIG_MAP_BYTES = 2**20  # Kubernetes'
MAX_RULE_BYTES = 2**19  # the operator's, which puts rules into ConfigMaps of its own

_LABELS = {"app.kubernetes.io/part-of": "driftgauge"}
_EXPORTER = "driftgauge-exporter"
_ALL = KUBERNETES_FOLDER
_RULES = f"{_ALL}/rules"
_DASHBOARDS = f"{_ALL}/{DASHBOARDS_FOLDER}"
_MONITOR = f"{_ALL}/servicemonitor.yaml"
_ABOUT_MONITOR = """How the Prometheus operator finds the exporter: by a Service that has the label
`app.kubernetes.io/name: driftgauge` and a port named `metrics`.
The label `pod` is dropped, so that a new pod goes on with the same series."""


def _shared(registry: Registry) -> Files:
    rules = [_rules_path(None), *(_rules_path(predictor.id) for predictor in registry.predictors)]
    drawn = map(_dashboard_path, dashboard_files(registry))
    return {
        _MONITOR: yaml_file(_MONITOR, _service_monitor(), _ABOUT_MONITOR),
        **_objects(exporter_rules(registry), SHARED_DASHBOARDS, dashboards.render.shared(registry)),
        **_kustomization(_ALL, [_MONITOR, _RULES, _DASHBOARDS], "All that driftgauge generates."),
        **_kustomization(_RULES, rules, "The alert rules."),
        **_kustomization(_DASHBOARDS, drawn, "The dashboards."),
    }


def _predictor(predictor: Predictor, rules: Rules) -> Files:
    drawn = dashboards.render.predictor(predictor, rules)
    return _objects(predictor_rules(predictor, rules), (predictor_dashboard(predictor),), drawn)


render = Renderer(_shared, _predictor)


def _objects(rules: RuleFile, drawn: Iterable[DashboardFile], json_files: Files) -> Files:
    """The objects of a rule file and of dashboards.

    Raises:
        RenderError: one of them is larger than the cluster takes.
    """
    path = _rules_path(rules.predictor)
    paths = {_dashboard_path(file): file for file in drawn}
    files = {path: yaml_file(path, _prometheus_rule(rules), rules.about)}
    files |= {path: yaml_file(path, _config_map(file, json_files), file.about) for path, file in paths.items()}
    problems = list(_too_large(path, len(files[path]), "of the Prometheus operator", MAX_RULE_BYTES))
    for path, file in paths.items():
        problems += _too_large(path, len(json_files[file.path]), "of a ConfigMap", MAX_CONFIG_MAP_BYTES)
    if problems:
        raise RenderError({"Kubernetes would refuse what the registry asks for": problems})
    return files


def _too_large(path: str, size: int, whose: str, most: int) -> Iterator[str]:
    """What the cluster would refuse, the operator even silently."""
    if size > most:
        yield f"{path}: {size:,} bytes, the limit {whose} is {most:,}; let an alert watch several features by a glob"


def _rules_path(predictor: str | None) -> str:
    return f"{_RULES}/{EXPORTER_STEM}.yaml" if predictor is None else f"{_RULES}/predictors/{stem(predictor)}.yaml"


def _dashboard_path(file: DashboardFile) -> str:
    return f"{_ALL}/{file.path.removesuffix('.json')}.yaml"


def _prometheus_rule(file: RuleFile) -> dict[str, Any]:
    name = _EXPORTER if file.predictor is None else rules_name(file.predictor)
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": name, "labels": _LABELS},
        "spec": {"groups": file.groups},
    }


def _config_map(file: DashboardFile, json_files: Mapping[str, bytes]) -> dict[str, Any]:
    """The sidecar writes each key as a file, so a key must not be another's: the dashboard's UID is nobody else's."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": file.uid,
            "labels": {**_LABELS, "grafana_dashboard": "1"},
            "annotations": {"grafana_folder": file.folder},
        },
        "data": {f"{file.uid}.json": json_files[file.path].decode()},
    }


def _service_monitor() -> dict[str, Any]:
    endpoint = {
        "port": "metrics",
        "interval": "60s",
        "scrapeTimeout": "30s",
        "relabelings": [
            {"targetLabel": "instance", "replacement": "driftgauge"},
            {"action": "labeldrop", "regex": "pod"},
        ],
    }
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": _EXPORTER, "labels": _LABELS},
        "spec": {"selector": {"matchLabels": {"app.kubernetes.io/name": "driftgauge"}}, "endpoints": [endpoint]},
    }


def _kustomization(folder: str, paths: Iterable[str], about: str) -> Files:
    path = f"{folder}/kustomization.yaml"
    resources = OneALine(path.removeprefix(f"{folder}/") for path in paths)
    content = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources}
    return {path: yaml_file(path, content, about)}
