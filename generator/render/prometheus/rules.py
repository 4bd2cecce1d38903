"""Rule files: one a predictor, and one for the exporter's own health."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from generator.conventions import EXPORTER_STEM, PROMETHEUS_FOLDER, stem
from generator.health import health_rules
from generator.model import Registry
from generator.render.yaml_files import yaml_file
from generator.rules import Rule, duration, rules_of
from generator.wording import Unit, show

INTERVAL_SECONDS = 60

_SHOWN = {
    Unit.NUMBER: "{{ $value | humanize }}",
    Unit.RATIO: "{{ $value | humanizePercentage }}",
    Unit.SECONDS: "{{ $value | humanizeDuration }}",
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


def rule_files(registry: Registry) -> Iterator[RuleFile]:
    """The exporter's file, then one a predictor."""
    health = _groups("driftgauge exporter", health_rules(registry.logs))
    yield RuleFile(EXPORTER_STEM, None, "The exporter's own health.", health)
    for predictor in registry.predictors:
        about = f"Alerts of the predictor {predictor.id!r}, team {predictor.team.id!r}."
        groups = _groups(predictor.id, rules_of(predictor))
        yield RuleFile(stem(predictor.id), predictor.id, about, groups)


def render(registry: Registry) -> dict[str, bytes]:
    """Rule files, by path relative to the output folder."""
    files = {f"{PROMETHEUS_FOLDER}/rules/{file.stem}.yaml": file for file in rule_files(registry)}
    return {path: yaml_file(path, {"groups": file.groups}, file.about) for path, file in files.items()}


def _groups(name: str, rules: Iterable[Rule]) -> list[dict[str, Any]]:
    return [{"name": name, "interval": duration(INTERVAL_SECONDS), "rules": [_rule(rule) for rule in rules]}]


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
