"""The mixin, evaluated by Jsonnet, is what the other targets have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import _gojsonnet
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator import write
from generator.model import Registry
from generator.render import dashboards, prometheus, render
from tests.output.examples import registry
from tests.targets.hostile import NAMES, hostile

# As a repository of mixins puts several together, and as it changes what one of them says.
TOGETHER = """
local mixins = { prometheusAlerts+:: { groups+: [{ name: 'mine', rules: [] }] }, grafanaDashboards+:: { mine: {} } }
  + (import 'output/mixin/mixin.libsonnet');
{ alerts: mixins.prometheusAlerts, rules: mixins.prometheusRules, dashboards: mixins.grafanaDashboards }
"""


def evaluated(folder: Path, registry_: Registry, code: str = TOGETHER) -> Any:
    """What Jsonnet makes of `code` in a folder whose `output` has the mixin."""
    write.apply(folder / "output", render(registry_, ["mixin"]))

    def read(base: str, name: str) -> tuple[str, bytes]:
        path = Path(base, name)
        return str(path), path.read_bytes()

    return json.loads(_gojsonnet.evaluate_snippet(str(folder / "main.jsonnet"), code, import_callback=read))


def rule_groups(registry_: Registry) -> list[Any]:
    files = {path: content for path, content in prometheus.render(registry_).items() if "/rules/" in path}
    return [group for content in files.values() for group in yaml.safe_load(content)["groups"]]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_it_is_equal_to_the_other_targets(tmp_path: Path, names: list[str]) -> None:
    example = registry(*map(hostile, names))
    mixin = evaluated(tmp_path, example)
    assert mixin["alerts"]["groups"] == [{"name": "mine", "rules": []}, *rule_groups(example)]
    assert mixin["rules"] == {"groups": []}
    drawn = [json.loads(content) for content in dashboards.render(example).values()]
    assert mixin["dashboards"] == {"mine": {}, **{f"{one['uid']}.json": one for one in drawn}}


def test_a_rule_can_be_changed_where_it_is_used(tmp_path: Path) -> None:
    """The recipe in docs/targets.md."""
    code = """
    local mixin = (import 'output/mixin/mixin.libsonnet') + {
      prometheusAlerts+:: {
        groups: [
          group { rules: [rule { labels+: { cluster: 'eu' } } for rule in group.rules] }
          for group in super.groups
        ],
      },
    };
    mixin.prometheusAlerts
    """
    labels = [rule["labels"] for group in evaluated(tmp_path, registry(), code)["groups"] for rule in group["rules"]]
    assert len(labels) > 2
    assert {one["cluster"] for one in labels} == {"eu"}
    assert all("driftgauge" in one for one in labels)
