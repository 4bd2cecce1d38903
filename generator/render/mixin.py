"""A monitoring mixin: dashboards and rules as Jsonnet, by the conventions of monitoring.mixins.dev."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from generator.alerting.rules import Rules
from generator.conventions import EXPORTER_STEM, MIXIN_FOLDER, generated_mark, stem
from generator.model import Predictor, Registry
from generator.render.dashboard_files import dashboard_files
from generator.render.prometheus.rules import RuleFile, exporter_rules, predictor_rules
from generator.render.renderer import Files, Renderer

_FILE = f"{MIXIN_FOLDER}/mixin.libsonnet"
_ABOUT = """The dashboards are imported from their JSON beside this folder: vendor the whole output folder.
`prometheusRules` are recording rules, of which there are none."""


def _shared(registry: Registry) -> Files:
    """The mixin, which lists what there is, and the alerts about the exporter."""
    alerts = [_alerts(one) for one in (EXPORTER_STEM, *(stem(predictor.id) for predictor in registry.predictors))]
    drawn = {f"{file.uid}.json": f"../{file.path}" for file in dashboard_files(registry)}
    return {_FILE: _jsonnet(_FILE, _ABOUT, _mixin(drawn, alerts)), **_written(exporter_rules(registry))}


def _predictor(predictor: Predictor, rules: Rules) -> Files:
    return _written(predictor_rules(predictor, rules))


render = Renderer(_shared, _predictor)


def _alerts(name: str) -> str:
    return f"alerts/{name}.libsonnet"


def _written(file: RuleFile) -> Files:
    path = f"{MIXIN_FOLDER}/{_alerts(file.stem)}"
    return {path: _jsonnet(path, file.about, [_literal(file.groups)])}


def _mixin(drawn: dict[str, str], alerts: Iterable[str]) -> Iterator[str]:
    yield "{"
    yield "  grafanaDashboards+:: {"
    yield from (f"    {_literal(name)}: import {_literal(path)}," for name, path in drawn.items())
    yield "  },"
    yield "  prometheusAlerts+:: {"
    yield "    groups+: std.flattenArrays(["
    yield from (f"      import {_literal(path)}," for path in alerts)
    yield "    ]),"
    yield "  },"
    yield "  prometheusRules+:: {"
    yield "    groups+: [],"
    yield "  },"
    yield "}"


def _jsonnet(path: str, about: str, lines: Iterable[str]) -> bytes:
    head = [f"# {line}" for line in (generated_mark(path), *about.splitlines())]
    return "".join(f"{line}\n" for line in (*head, "", *lines)).encode()


def _literal(value: Any) -> str:
    """JSON is Jsonnet."""
    return json.dumps(value, ensure_ascii=False, indent=2)
