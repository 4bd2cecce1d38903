"""Rule files: one a predictor, and one for the exporter's own health."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from generator.alerting.health import health_rules
from generator.alerting.rules import Rule, Rules, duration
from generator.alerting.words import Format, show
from generator.conventions import EXPORTER_STEM, PROMETHEUS_FOLDER, stem
from generator.model import Predictor, Registry
from generator.render.renderer import Files
from generator.render.yaml_files import yaml_file

INTERVAL_SECONDS = 60

_SHOWN = {
    Format.NUMBER: "{{ $value | humanize }}",
    Format.RATIO: "{{ $value | humanizePercentage }}",
    Format.SECONDS: "{{ $value | humanizeDuration }}",
}


@dataclass(frozen=True)
class RuleFile:
    """A predictor's rules, or the exporter's.

    Attributes:
        stem: names the file; the same for each target that writes Prometheus' rules.
        predictor: None: the exporter's health.
        about: what the file is, for the person who opens it.
        groups: as Prometheus reads them.
    """

    stem: str
    predictor: str | None
    about: str
    groups: list[dict[str, Any]]


def exporter_rules(registry: Registry) -> RuleFile:
    """The file about the exporter's own health."""
    groups = _groups("driftgauge exporter", health_rules(registry.logs))
    return RuleFile(EXPORTER_STEM, None, "The exporter's own health.", groups)


def predictor_rules(predictor: Predictor, rules: Rules) -> RuleFile:
    """A predictor's file."""
    about = f"Alerts of the predictor {predictor.id!r}, team {predictor.team.id!r}."
    return RuleFile(stem(predictor.id), predictor.id, about, _groups(predictor.id, rules))


def written(file: RuleFile) -> Files:
    """The file as Prometheus reads it, by its path relative to the output folder."""
    path = f"{PROMETHEUS_FOLDER}/rules/{file.stem}.yaml"
    return {path: yaml_file(path, {"groups": file.groups}, file.about)}


def _groups(name: str, rules: Iterable[Rule]) -> list[dict[str, Any]]:
    return [{"name": name, "interval": duration(INTERVAL_SECONDS), "rules": [_rule(rule) for rule in rules]}]


def _in_grafana(rule: Rule) -> str:
    """The path of the rule's panel; whoever sends the message knows Grafana's address."""
    return f"/d/{rule.dashboard_uid}" + ("" if rule.panel_id is None else f"?viewPanel={rule.panel_id}")


def _rule(rule: Rule) -> dict[str, Any]:
    annotations = {
        "summary": show(rule.summary, _SHOWN[rule.format]),
        "description": show(rule.description, _SHOWN[rule.format]),
        "dashboard": _in_grafana(rule),
    }
    if rule.runbook_url:
        annotations["runbook_url"] = rule.runbook_url
    pending = {"for": duration(rule.pending_seconds)} if rule.pending_seconds else {}
    return {
        "alert": rule.name,
        "expr": rule.expression,
        **pending,
        "labels": dict(rule.labels),
        "annotations": annotations,
    }
