"""The formats that findings are reported in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from generator.cli import main
from generator.findings import Finding, Place, Severity
from generator.report import github, json_report, sarif, text
from tests.registry import npm

PLACE = Place("registry/a b%.yaml", 3, 5, 9)
OTHER = Place("registry/other.yaml", 1, 1, 4)
WHOLE = Place("registry/empty.yaml")
KEY = Place("registry/fleet.jsonnet", key_path="predictors.eta.alerts[0].above")
FINDINGS = (
    Finding(PLACE, "unknown-key", Severity.ERROR, "`a\nb`, 100 % wrong: no key", "did you mean `b`?", (OTHER,)),
    Finding(WHOLE, "empty-file", Severity.ERROR, "the file is empty", "remove it"),
    Finding(KEY, "confusable-names", Severity.WARNING, "two names", "take one"),
)

WRONG = """\
version: 1
teams:
  logistics: {slack: {channel: "#ml-logistics"}}
  Logistics: {slack: {chanel: "#ml-logistics"}}
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "a.yaml").write_text(WRONG, encoding="utf-8")
    return Path("registry")


def validate(*arguments: str, color: bool = False) -> Result:
    return CliRunner().invoke(main, ["validate", *arguments], color=color)


def test_json_tells_everything(registry: Path) -> None:
    result = validate("--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["errors"], report["warnings"]) == (1, 1)
    assert report["findings"][0] == {
        "code": "confusable-names",
        "severity": "warning",
        "file": "registry/a.yaml",
        "line": 4,
        "column": 3,
        "end_column": 12,
        "message": "the team `Logistics` differs from `logistics` in case or punctuation only",
        "advice": "if both are meant, people will take one for the other; if not, write it as at the first place",
        "explanation": "driftgauge explain confusable-names",
        "related": [{"file": "registry/a.yaml", "line": 3, "column": 3, "end_column": 12}],
    }


def test_json_names_the_key_where_there_is_no_line() -> None:
    reported = json.loads(json_report.render(FINDINGS))["findings"]
    assert reported[1]["file"] == "registry/empty.yaml"
    assert "line" not in reported[1]
    assert reported[2]["key_path"] == "predictors.eta.alerts[0].above"


def test_github_escapes_what_its_commands_are_made_of() -> None:
    first, second, third = github.render(FINDINGS).splitlines()
    assert first == (
        "::error file=registry/a b%25.yaml,title=unknown-key,line=3,endLine=3,col=5,endColumn=8::"
        "`a%0Ab`, 100 %25 wrong: no key%0Adid you mean `b`?%0AAlso: registry/other.yaml:1:1"
        "%0ASee `driftgauge explain unknown-key`"
    )
    assert second.startswith("::error file=registry/empty.yaml,title=empty-file::the file is empty%0A")
    assert third.startswith("::warning file=registry/fleet.jsonnet,title=confusable-names::predictors.eta.alerts")


def test_sarif_meets_its_published_schema(registry: Path) -> None:
    package = npm.package("@microsoft/jest-sarif", "1.0.0-beta.0")
    schema = json.loads((package / "lib" / "schemas" / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    for log in (sarif.render(FINDINGS), sarif.render(()), validate("--format", "sarif").stdout):
        jsonschema.Draft4Validator(schema).validate(json.loads(log))


def test_sarif_places_results_in_the_repository() -> None:
    run = json.loads(sarif.render(FINDINGS))["runs"][0]
    first, second, third = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [f.code for f in FINDINGS]
    physical = first["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "registry/a%20b%25.yaml"
    assert physical["region"] == {"startLine": 3, "startColumn": 5, "endColumn": 9}
    assert first["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "registry/other.yaml"
    assert "region" not in second["locations"][0]["physicalLocation"]
    assert third["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == KEY.key_path


def test_sarif_names_an_absolute_path_as_a_file() -> None:
    finding = Finding(Place("/srv/r/a.yaml", 1, 1, 2), "tab", Severity.ERROR, "a tab", "a space")
    location: dict[str, Any] = json.loads(sarif.render([finding]))["runs"][0]["results"][0]["locations"][0]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "file:///srv/r/a.yaml"


def test_text_is_plain_unless_a_terminal_reads_it(registry: Path) -> None:
    assert "\x1b" not in validate().stdout
    findings = (Finding(Place("registry/a.yaml", 4, 3, 12), "confusable-names", Severity.WARNING, "two", "one"),)
    coloured = text.render(findings, colour=True)
    assert "\x1b[33m\x1b[1mwarning[confusable-names]\x1b[0m" in coloured
    assert text.render(findings) == _without_colour(coloured)


def _without_colour(coloured: str) -> str:
    for code in ("\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    return coloured


def test_text_underlines_in_terminal_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    line = "  한국어: {tem: e\u0301}\t# \x1b[31m"
    Path("a.yaml").write_text(f"{line}\n", encoding="utf-8")
    shown = text.render([Finding(Place("a.yaml", 1, 9, 12), "unknown-key", Severity.ERROR, "no", "yes")])
    excerpt, underline = shown.splitlines()[3:5]
    assert excerpt == "1 |   한국어: {tem: e\u0301} # \ufffd[31m"
    # Three Korean letters take six cells, so the key begins three cells further right than its column says.
    assert underline == "  |            ^^^"


def test_text_shows_the_part_of_a_long_line_that_matters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(f"{'x' * 5000}HERE{'y' * 5000}\n", encoding="utf-8")
    shown = text.render([Finding(Place("a.yaml", 1, 5001, 5005), "unknown-key", Severity.ERROR, "no", "yes")])
    excerpt, underline = shown.splitlines()[3:5]
    assert len(excerpt) < 130
    assert excerpt.index("HERE") == underline.index("^^^^")


def test_text_does_without_a_line_that_is_gone() -> None:
    shown = text.render([Finding(Place("gone.yaml", 3, 1, 2), "tab", Severity.ERROR, "a tab", "a space")])
    assert shown.splitlines()[1:3] == [" --> gone.yaml:3:1", "  = help: a space"]


@pytest.mark.parametrize(
    ("content", "code", "last_line"),
    [
        (WRONG, 1, "1 error and 1 warning in 1 file"),
        ("version: 1\n", 0, "1 file, 0 teams, 0 predictors, 0 alerts: no findings"),
        (
            'version: 1\nteams: {a-b: {slack: {channel: "#x"}}, a_b: {slack: {channel: "#x"}}}\n',
            0,
            "1 file, 2 teams, 0 predictors, 0 alerts: 1 warning",
        ),
    ],
)
def test_the_last_line_sums_up(registry: Path, content: str, code: int, last_line: str) -> None:
    (registry / "a.yaml").write_text(content, encoding="utf-8")
    result = validate()
    assert result.exit_code == code
    assert result.stderr.splitlines()[-1] == last_line


def test_a_folder_that_is_not_there_is_wrong_usage(registry: Path) -> None:
    assert validate("nowhere").exit_code == 2
    assert validate("--format", "xml").exit_code == 2
    assert validate("--format", "sarif", "--json").exit_code == 2
