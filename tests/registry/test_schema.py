"""The JSON Schema and the reference page: complete, fresh, and of one mind with the loader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from generator.cli import main
from generator.load import load_registry
from generator.spec import reference, schema
from generator.spec.v1 import ALERT_METRICS
from tests.real_parts import ROOT
from tests.registry.examples import PAGES, complete, example

COMMITTED = ROOT / "registry" / "registry.schema.json"
REFERENCE = ROOT / "docs" / "registry.md"


def _keys(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every key of the schema: its path, what the schema says of it, and whether it must be there."""
    if isinstance(node, list):
        for item in node:
            yield from _keys(item, path)
    elif isinstance(node, dict):
        for key, value in node.get("properties", {}).items():
            yield f"{path}.{key}", value, key in node.get("required", ())
        for key, value in node.items():
            if key == "properties":
                for name, below in value.items():
                    yield from _keys(below, f"{path}.{name}")
            elif key not in {"default", "examples"}:
                yield from _keys(value, path)


KEYS = sorted({path: (node, required) for path, node, required in _keys(schema.schema())}.items())


def test_committed_schema_is_fresh() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema.text(), (
        "run `driftgauge schema > registry/registry.schema.json`"
    )


def test_reference_page_is_fresh() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference.text(), (
        "run `python -m generator.spec.reference > docs/registry.md`"
    )


def test_the_command_prints_it() -> None:
    result = CliRunner().invoke(main, ["schema"])
    assert result.exit_code == 0
    assert result.output == schema.text()


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(schema.schema())


@pytest.mark.parametrize(("path", "node", "required"), [(path, *rest) for path, rest in KEYS])
def test_every_key_has_description_examples_and_default(path: str, node: dict[str, Any], required: bool) -> None:
    assert node["description"].endswith("."), path
    assert node["examples"], path
    jsonschema.validate(node["examples"][0], node)
    if "default" in node:
        assert not required
        jsonschema.validate(node["default"], node)


def test_it_knows_every_metric_and_names_no_null() -> None:
    alert = schema.schema()["properties"]["predictors"]["additionalProperties"]["properties"]["alerts"]["items"]
    assert alert["properties"]["metric"]["enum"] == list(ALERT_METRICS)
    assert '"null"' not in schema.text()
    assert "$ref" not in schema.text()


@pytest.mark.parametrize("path", sorted((ROOT / "registry").glob("*.yaml")), ids=lambda path: path.name)
def test_the_registry_meets_it_and_names_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=registry.schema.json\n")
    jsonschema.validate(yaml.safe_load(text), schema.schema())


@pytest.mark.parametrize("page", sorted(PAGES.glob("[a-z]*.md")), ids=lambda page: page.stem)
def test_what_the_loader_accepts_meets_it(page: Path) -> None:
    if (right := example(page, "Right")) is not None:
        jsonschema.validate(yaml.safe_load(complete(right)), schema.schema())


@pytest.mark.parametrize("code", ["unknown-key", "missing-key", "wrong-type", "unknown-choice", "out-of-range"])
def test_what_is_misshapen_does_not_meet_it(code: str) -> None:
    wrong = example(PAGES / f"{code}.md", "Wrong")
    assert wrong is not None
    assert list(jsonschema.Draft7Validator(schema.schema()).iter_errors(yaml.safe_load(complete(wrong))))


def test_the_reference_page_names_every_key() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    for path, (node, required) in KEYS:
        key = path.rpartition(".")[2]
        assert (f"| **`{key}`** | " if required else f"| `{key}` | ") in text, path
        assert node["description"] in text


@pytest.mark.parametrize("language", ["yaml", "jsonnet"])
def test_the_reference_page_s_examples_are_true(language: str, tmp_path: Path) -> None:
    text = re.findall(rf"```{language}\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), flags=re.DOTALL)[0]
    (tmp_path / f"example.{language}").write_text(text, encoding="utf-8")
    if language == "jsonnet":
        teams = 'version: 1\nteams:\n  logistics: {slack: {channel: "#ml"}}\n'
        (tmp_path / "teams.yaml").write_text(teams, encoding="utf-8")
    loaded = load_registry(tmp_path)
    assert loaded.findings == ()
    assert loaded.registry is not None
