"""A monitoring mixin: dashboards and rules as Jsonnet, by the conventions of monitoring.mixins.dev."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from generator.conventions import MIXIN_FOLDER, generated_mark
from generator.model import Registry
from generator.render.dashboard_files import dashboard_files
from generator.render.prometheus.rules import rule_files

_FILE = f"{MIXIN_FOLDER}/mixin.libsonnet"
_ABOUT = """The dashboards are imported from their JSON beside this folder: vendor the whole output folder.
`prometheusRules` are recording rules, of which there are none."""


def render(registry: Registry) -> dict[str, bytes]:
    """The mixin, which lists what there is, and a file of alerts a predictor; by path relative to the output folder."""
    files, alerts = {}, []
    for file in rule_files(registry):
        name = f"alerts/{file.stem}.libsonnet"
        alerts.append(name)
        path = f"{MIXIN_FOLDER}/{name}"
        files[path] = _jsonnet(path, file.about, [_literal(file.groups)])
    drawn = {f"{file.uid}.json": f"../{file.path}" for file in dashboard_files(registry)}
    return {_FILE: _jsonnet(_FILE, _ABOUT, _mixin(drawn, alerts)), **files}


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
