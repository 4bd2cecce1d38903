"""`docs/registry.md`, made from the schema: `python -m generator.spec.reference > docs/registry.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from generator.findings.shape import bad_duration, bad_window
from generator.spec.schema import Schema, schema
from generator.yaml_text import flow

_INTRODUCTION = """\
# The registry file

<!-- Made from generator/spec/v1.py by `python -m generator.spec.reference > docs/registry.md`. -->

The registry is the folder `registry/`: any number of `*.yaml`, `*.yml` and `*.jsonnet` files, a file a team as a rule.
`driftgauge validate` says what is wrong in it, all at once ([what it can find](findings/README.md)).

```yaml
# yaml-language-server: $schema=registry.schema.json
version: 1
teams:
  logistics:
    slack: {channel: "#ml-logistics"}
    pagerduty: {service: logistics-ml}
    runbook_url: https://runbooks.example.com/ml
predictors:
  eta_prediction:
    title: Delivery ETA
    team: logistics
    task: regression
    unit: minutes
    models: {primary: eta_v12, shadows: [eta_v13]}
    features:
      prep_time: {unit: seconds, importance: 0.41, expect: {min: 0, max: 7200}}
      postcode: {kind: categorical}
    alerts:
      - id: prep-time-defaults
        metric: feature_default_ratio
        feature: prep_time
        above: 0.2
        for: 2
        min_samples: 500
        severity: page
      - id: eta-moved
        metric: prediction_mean
        window: 1d
        change_above: 0.5
        severity: notify
```

**In the editor.** With the first line above, an editor with a YAML language server completes the keys, explains them
and underlines mistakes: VS Code with the extension YAML, Neovim, Helix, Emacs. The path counts from the file's own
folder. An editor that doesn't read the line takes the schema in its settings; JetBrains' have a page for it, *JSON
Schema Mappings*.
`driftgauge schema > registry/registry.schema.json` writes the schema that it names.

**YAML.** Read strictly: a duplicate or unknown key, an anchor, or an unquoted word that YAML readers disagree on (`no`,
`y`, `1_000`, `12:30`, `010`, `2024-11-24`) is an error that says what to write. Quote `"#channel"`.

**Jsonnet.** A `*.jsonnet` file evaluates to the same mapping as a YAML file; it may import files below the registry
folder. It needs the extra `jsonnet` (`pip install 'driftgauge[jsonnet]'`). See [Jsonnet](#jsonnet).

**Names.** Ids of predictors, models and features are those in the prediction log. They never change: Terraform
addresses and Grafana UIDs derive from them. Titles may change freely.

An alert's `feature` is a name, a glob or `all`. A feature that is really called `all`, or has `*` or `?` in its name,
is written by its exact name: `feature: {name: "a*b"}`.

**Who is trusted with what.** Who can merge a change to the registry chooses what is watched, whom it calls, and which
tables of the opened warehouse the exporter reads: `table` is a name in its catalogue, never a file, an address or a
function. `actuals` is SQL that is meant to be run with the exporter's rights, so it is reviewed like code, and the
exporter's user should be allowed to read and nothing else. Connection and secrets are in neither the registry nor
`output/`; whoever runs the exporter and Terraform has them.

**Durations** are a whole number and `s`, `m`, `h`, `d` or `w`: `10m`, `3h`, `21d`, `2w`.

**Windows** are a number and `m`, `h` or `d` that divide a day (`5m`, `15m`, `1h`, `6h`, `1d`), or `7d`, from Monday on.
The log is scanned for the longest window of which all others can be merged.

A key in bold has to be there.
"""

_JSONNET = """
## Jsonnet

Registries in which much repeats are shorter in Jsonnet:

```jsonnet
local defaults(id, above) = {
  id: id, metric: 'feature_default_ratio', feature: 'all', above: above, 'for': 2, min_samples: 500, severity: 'notify',
};
{
  version: 1,
  predictors: {
    [name]: {
      team: 'logistics',
      task: 'regression',
      models: { primary: name + '_v1' },
      alerts: [defaults('defaults', 0.2)],
    }
    for name in ['eta_prediction', 'prep_time_prediction']
  },
}
```

Files may be mixed with YAML files. Each is evaluated in a process of its own with a time and a memory limit; imports
reach files below the registry folder only, and neither the environment nor the network. Since the result has no lines,
findings name the key in it (`registry/fleet.jsonnet: predictors.eta_prediction.alerts[0].above`), and there are no
comments to silence a warning with: a predictor that needs a silence is written in YAML. A key that is `null` counts as
one that isn't there.

In a file of many predictors, put names together with `+` (`'eta_' + city`): formatting with `%` is itself written in
Jsonnet and takes a multiple of the time. 1,000 predictors of 60 features and 6 alerts take a second with the one, and
half a minute with the other. Several smaller files are [limited](findings/jsonnet-limit.md) one by one.
"""


def text() -> str:
    """The whole page."""
    return _INTRODUCTION + "".join(_sections("", schema())) + _JSONNET


def _sections(path: str, node: Schema) -> Iterator[str]:
    """A section for each mapping, outermost first."""
    if path:
        yield f"\n## `{path}`\n\n{node['description']}\n"
    else:
        yield "\n## The file\n\n"
    yield _table(node)
    for key, value in node["properties"].items():
        for below, mapping in _mappings(f"{path}.{key}" if path else key, value):
            yield from _sections(below, mapping)


def _mappings(path: str, node: Schema) -> Iterator[tuple[str, Schema]]:
    """The mappings with keys of their own that a value is, or holds by name or in a list."""
    if "properties" in node:
        yield path, node
    for choice in node.get("oneOf", ()):
        if "properties" in choice:
            kind = choice["properties"].get("kind")
            yield f"{path} (kind: {kind['const']})" if kind else path, choice
    if isinstance(named := node.get("additionalProperties"), dict):
        yield from _mappings(f"{path}.<name>", named)
    if "items" in node:
        yield from _mappings(f"{path}[]", node["items"])


def _table(node: Schema) -> str:
    required = node.get("required", ())
    rows = [_row(key, value, key in required) for key, value in node["properties"].items()]
    return "\n| key | value | default | meaning |\n|---|---|---|---|\n" + "".join(rows)


def _row(key: str, node: Schema, required: bool) -> str:
    default = _code(node["default"]) if node.get("default") not in (None, []) and "properties" not in node else ""
    example = f" Example: {_code(node['examples'][0])}" if _is_short(node) else ""
    name = f"**`{key}`**" if required else f"`{key}`"
    return f"| {name} | {_value(node)} | {default} | {_cell(node['description'])}{example} |\n"


def _is_short(node: Schema) -> bool:
    return "properties" not in node and "const" not in node and len(_code(node["examples"][0])) < 100


def _value(node: Schema) -> str:
    """What belongs at a key, in a few words."""
    match node:
        case {"enum": names}:
            what = _choice(names)
        case {"const": only}:
            what = _code(only)
        case {"oneOf": choices}:
            what = " or ".join(dict.fromkeys(map(_value, choices)))
        case {"pattern": bad_duration.PATTERN}:
            what = "duration"
        case {"pattern": bad_window.PATTERN}:
            what = "window"
        case {"type": "array", "items": items}:
            what = f"list of {_value(items)}"
        case {"additionalProperties": dict(named)}:
            what = f"name → {_value(named)}"
        case {"type": ("string" | "integer" | "number") as kind}:
            what = {"string": "text", "integer": "whole number", "number": "number"}[kind]
        case _:
            what = "mapping"
    return what


def _choice(names: list[object]) -> str:
    if "predictions" in names:
        return "a [metric](metrics.md)"
    return "name" if len(names) > 8 else ", ".join(map(_code, names))


def _code(value: object) -> str:
    return f"`{_cell(flow(value))}`"


def _cell(text_: str) -> str:
    return text_.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(text())
