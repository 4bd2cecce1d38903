"""Jsonnet registries: the same model as from YAML, and nothing that they could do to the machine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from generator.findings.syntax import jsonnet_missing
from generator.load import load_registry
from generator.spec import jsonnet_child, jsonnet_reader
from generator.spec.jsonnet_child import Outcome, evaluate
from generator.spec.sources import Source
from tests.real_parts import ROOT

TEAMS = 'version: 1\nteams: {logistics: {slack: {channel: "#ml"}}}\n'


def codes(folder: Path) -> list[str]:
    return [finding.code for finding in load_registry(folder).findings]


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    return folder


def test_the_same_registry_in_both_languages_is_the_same_model(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "registry" / "profiles", tmp_path / "profiles")
    for file in (ROOT / "registry").glob("*.yaml"):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        (tmp_path / file.with_suffix(".jsonnet").name).write_text(json.dumps(content), encoding="utf-8")
    loaded = load_registry(tmp_path)
    assert loaded.findings == ()
    assert loaded.registry == load_registry(ROOT / "registry").registry


def test_an_import_below_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    write(tmp_path / "lib", a__libsonnet="{ team: 'logistics', task: 'regression' } + (import 'b.libsonnet')")
    write(tmp_path / "lib", b__libsonnet="{ title: importstr '../title.txt', models: { primary: 'm' } }")
    write(tmp_path, title__txt="Delivery", teams__yaml=TEAMS)
    write(tmp_path, fleet__jsonnet="{ version: 1, predictors: { eta: import 'lib/a.libsonnet' } }")
    loaded = load_registry(tmp_path)
    assert loaded.findings == ()
    assert loaded.registry is not None
    assert loaded.registry.predictors[0].title == "Delivery"


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("../secret", Outcome.IMPORT_OUTSIDE),
        ("/etc/hostname", Outcome.IMPORT_OUTSIDE),
        ("link", Outcome.IMPORT_OUTSIDE),
        ("nothing", Outcome.IMPORT_MISSING),
    ],
)
@pytest.mark.parametrize("keyword", ["import", "importstr", "importbin"])
def test_imports_reach_no_further(keyword: str, name: str, outcome: Outcome, tmp_path: Path) -> None:
    write(tmp_path, secret="{}")
    folder = tmp_path / "registry"
    folder.mkdir()
    (folder / "link").symlink_to("../secret")
    file = folder / "a.jsonnet"
    file.write_text(f"{{ version: 1, x: {keyword} '{name}' }}", encoding="utf-8")
    assert evaluate(file, folder) == (outcome, name)
    (finding,) = load_registry(folder).findings
    assert (finding.code, finding.place.line) == ("jsonnet-import", 1)
    assert file.read_text(encoding="utf-8")[finding.place.column - 1 : finding.place.end_column - 1] == f"'{name}'"


def test_an_import_within_an_import_is_told_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, a__jsonnet="(import 'lib.libsonnet') + { version: 1 }", lib__libsonnet="import 'nothing'")
    (finding,) = load_registry(tmp_path).findings
    assert (finding.code, Path(finding.place.file).name, finding.place.line) == ("jsonnet-import", "a.jsonnet", 0)


def test_a_refused_import_that_is_not_used_does_no_harm_but_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonnet"
    file.write_text("local x = importstr '/etc/hostname'; { version: 1, title: x }", encoding="utf-8")
    assert evaluate(file, tmp_path) == (Outcome.IMPORT_OUTSIDE, "/etc/hostname")


@pytest.mark.parametrize(
    "endless",
    [
        "std.foldl(function(text, _) text + text, std.range(1, 60), 'x')",
        "local again(n) = again(n + 1) tailstrict; again(0)",
        "std.foldl(function(n, _) n + 1, std.range(1, 2000000000), 0)",
        "local f(n) = if n < 2 then n else f(n - 1) + f(n - 2); { version: 1, x: f(60) }",
    ],
)
def test_what_takes_too_much_is_stopped(endless: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonnet_child, "MAX_SECONDS", 2)
    write(tmp_path, a__jsonnet=endless, b__yaml=TEAMS)
    assert codes(tmp_path) == ["jsonnet-limit"]


def test_a_result_that_is_too_large_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, a__jsonnet="std.repeat('x', 1000)") / "a.jsonnet"
    monkeypatch.setattr(jsonnet_child, "MAX_OUTPUT", 999)
    assert evaluate(file, tmp_path) == (Outcome.TOO_LARGE, "")


def test_a_process_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a__jsonnet="{ version: 1 }")
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    monkeypatch.setattr(jsonnet_child, "MAX_SECONDS", 0.2)  # the parent waits twice as long
    assert codes(tmp_path) == ["jsonnet-limit"]


def test_nesting_without_measure(tmp_path: Path) -> None:
    write(tmp_path, a__jsonnet="{ version: 1, x: " + "[" * 400 + "]" * 400 + " }")
    assert codes(tmp_path) == ["unknown-key"]


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("{ version: 1,\n  x: y }", "Jsonnet: Unknown variable: y", (2, 6, 7)),
        ("{ version: 1,\n  x: error 'no  way' }", "Jsonnet: no way", (2, 6, 21)),
        ("local x = [\n  1 +\n];\nx", 'Jsonnet: Unexpected: "]" while parsing terminal', (3, 1, 2)),
        ("{ a: self.b, b: self.a }", "Jsonnet: max stack frames exceeded.", (1, 6, 12)),
        ("{ version: 1, x: assert false; 1 }", "Jsonnet: Assertion failed", (1, 18, 33)),
        ("function(x) x", "Jsonnet: Missing argument: x", (0, 0, 0)),
    ],
)
def test_errors_are_at_their_place(
    text: str, message: str, position: tuple[int, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, a__jsonnet=text)
    finding = load_registry(Path()).findings[0]
    assert (finding.code, finding.message) == ("jsonnet-error", message)
    assert (finding.place.line, finding.place.column, finding.place.end_column) == position
    assert finding.place.file == "a.jsonnet"


def test_an_error_in_an_import_is_at_its_place_there(tmp_path: Path) -> None:
    write(tmp_path, a__jsonnet="import 'lib.libsonnet'", lib__libsonnet="{ version: 1,\n  x: }")
    (finding,) = load_registry(tmp_path).findings
    assert finding.message == 'Jsonnet: Unexpected: "}" while parsing terminal'
    assert (Path(finding.place.file).name, finding.place.line, finding.place.column) == ("lib.libsonnet", 2, 6)


def test_null_is_a_key_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path, a__jsonnet="{ version: 1, teams: { a: { slack: { channel: '#a' }, runbook_url: null } } }")
    assert codes(tmp_path) == []
    write(tmp_path, a__jsonnet="{ version: 1, teams: null }")
    assert codes(tmp_path) == ["wrong-type"]


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = write(tmp_path, a__jsonnet="{ version: 1 }") / "a.jsonnet"
    monkeypatch.setitem(sys.modules, "_gojsonnet", None)
    outcome, _ = evaluate(file, tmp_path)
    assert outcome == Outcome.NOT_INSTALLED
    # The child of a real run has an interpreter of its own: one without the extra stands in for it.
    interpreter = tmp_path / "python"
    interpreter.write_text(f"#!/bin/sh\nexit {int(outcome)}\n", encoding="utf-8")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    findings = load_registry(tmp_path).findings
    assert [finding.code for finding in findings] == [jsonnet_missing.RULE.code]
    assert "driftgauge[jsonnet]" in findings[0].advice


@pytest.mark.parametrize(
    ("script", "code", "message"),
    [
        (
            "echo 'Traceback' >&2; echo 'No module named generator' >&2; exit 1",
            "jsonnet-error",
            "No module named generator",
        ),
        ("exit 7", "jsonnet-error", "its process ended with 7"),
        ("echo 'fatal error: out of memory' >&2; exit 2", "jsonnet-limit", "too much memory"),
        ("kill -9 $$", "jsonnet-limit", "too much memory"),
    ],
)
def test_a_process_that_ends_otherwise(
    script: str, code: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    write(tmp_path, a__jsonnet="{ version: 1 }")
    (finding,) = load_registry(tmp_path).findings
    assert finding.code == code
    assert message in finding.message


def test_what_is_no_json_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\nprintf '{'\n", encoding="utf-8")
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    document, findings = jsonnet_reader.read(Source(tmp_path / "a.jsonnet", "a.jsonnet", ""), tmp_path)
    assert document is None
    assert [finding.code for finding in findings] == ["jsonnet-limit"]


def test_the_child_writes_json_and_says_how_it_went(tmp_path: Path) -> None:
    file = write(tmp_path, a__jsonnet="{ version: 1 }") / "a.jsonnet"
    command = [sys.executable, "-m", "generator.spec.jsonnet_child", str(file), str(tmp_path), "10"]
    run = subprocess.run(command, capture_output=True, check=False, timeout=60, cwd=ROOT)
    assert (run.returncode, json.loads(run.stdout)) == (Outcome.FINE, {"version": 1})
