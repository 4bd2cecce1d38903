"""The schema in a real editor's hands: npm's yaml-language-server, which VS Code, Neovim, Helix and others run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real_parts import ROOT, require
from tests.registry import language_server, npm
from tests.registry.language_server import LanguageServer

WRONG = """\
# yaml-language-server: $schema=registry.schema.json
version: 1
teams:
  logistics: {slack: {channel: "#ml-logistics"}}
predictors:
  eta_prediction:
    team: logistics
    task: regresion
    models: {primary: eta_v12}
    alerts:
      - id: defaults
        metric: feature_default_ratio
        feature: all
        abov: 0.2
        severity: notify
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LanguageServer]:
    package = npm.package("yaml-language-server", "1.25.0")
    shutil.copy(ROOT / "registry" / "registry.schema.json", tmp_path)
    command: list[str | Path] = [require("npm").with_name("node"), package / "bin" / "yaml-language-server", "--stdio"]
    with language_server.running(command, tmp_path) as running:
        yield running


def test_it_underlines_what_is_wrong(server: LanguageServer, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG, encoding="utf-8")
    found = {(item["range"]["start"]["line"], item["message"]) for item in server.diagnostics(file)}
    lines = WRONG.splitlines()
    assert {line for line, _ in found} == {
        lines.index("    task: regresion"),
        lines.index("        abov: 0.2"),
    }
    assert any("abov" in message for _, message in found)
    assert any('"regression"' in message for _, message in found)


def test_it_completes_keys_and_values_and_explains_them(server: LanguageServer, tmp_path: Path) -> None:
    file = tmp_path / "half.yaml"
    text = WRONG.replace("        abov: 0.2\n", "        \n").replace("regresion", "")
    file.write_text(text, encoding="utf-8")
    server.diagnostics(file)
    lines = text.splitlines()
    assert {"above", "below", "outside", "change_above", "min_samples"} <= set(
        server.completions(file, lines.index("        "), 8)
    )
    task = lines.index("    task: ")
    assert {"regression", "binary", "ranking"} <= set(server.completions(file, task, len(lines[task])))
    metric = next(number for number, line in enumerate(lines) if "metric:" in line)
    assert "The metric's name, without" in server.hover(file, metric, 10)


def test_it_finds_nothing_in_the_registry_itself(server: LanguageServer, tmp_path: Path) -> None:
    for original in sorted((ROOT / "registry").glob("*.yaml")):
        file = Path(shutil.copy(original, tmp_path))
        assert server.diagnostics(file) == []
