"""Rule files: one a predictor, and one for the exporter's own health."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from generator.conventions import PROMETHEUS_FOLDER, stem
from generator.health import health_rules
from generator.model import Registry
from generator.render.yaml_files import yaml_file
from generator.rules import Rule, duration, rules_of
from generator.wording import Unit, show

EXPORTER_FILE = f"{PROMETHEUS_FOLDER}/rules/_exporter.yaml"
INTERVAL_SECONDS = 60

_SHOWN = {
    Unit.NUMBER: "{{ $value | humanize }}",
    Unit.RATIO: "{{ $value | humanizePercentage }}",
    Unit.SECONDS: "{{ $value | humanizeDuration }}",
}


def render(registry: Registry) -> dict[str, bytes]:
    """Rule files, by path relative to the output folder."""
    health = health_rules(registry.logs)
    files = {EXPORTER_FILE: _file(EXPORTER_FILE, "driftgauge exporter", health, "The exporter's own health.")}
    for predictor in registry.predictors:
        path = f"{PROMETHEUS_FOLDER}/rules/{stem(predictor.id)}.yaml"
        about = f"Alerts of the predictor {predictor.id!r}, team {predictor.team.id!r}."
        files[path] = _file(path, predictor.id, rules_of(predictor), about)
    return files


def _file(path: str, group: str, rules: Iterable[Rule], about: str) -> bytes:
    content = {
        "groups": [{"name": group, "interval": duration(INTERVAL_SECONDS), "rules": [_rule(rule) for rule in rules]}]
    }
    return yaml_file(path, content, about)


def _rule(rule: Rule) -> dict[str, Any]:
    annotations = {
        "summary": show(rule.summary, _SHOWN[rule.unit]),
        "description": show(rule.description, _SHOWN[rule.unit]),
    }
    if rule.runbook_url:
        annotations["runbook_url"] = rule.runbook_url
    return {
        "alert": rule.name,
        "expr": rule.expression,
        "labels": dict(rule.labels),
        "annotations": annotations,
    }
