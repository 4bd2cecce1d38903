"""A finding is a module, a page, a scenario and an id: none without the others, and the page's examples are true."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from generator.findings import Rule, Severity
from generator.load import load_registry
from generator.rulebook import RULES
from tests.real_parts import ROOT
from tests.registry.examples import PAGES, complete, example, write_profiles

ROOMS = ("findings.syntax", "findings.shape", "checks")
SCENARIOS = ROOT / "tests" / "scenarios" / "findings"
CODES = sorted(RULES)

# What a scenario can't bring about has a test of its own: test_name_collision.py, test_jsonnet.py.
WITHOUT_SCENARIO = {"jsonnet-missing", "name-collision"}


def _modules() -> dict[str, Rule]:
    found = {}
    for room in ROOMS:
        for file in (ROOT / "generator" / room.replace(".", "/")).glob("*.py"):
            if file.stem not in {"__init__"}:
                rule = import_module(f"generator.{room}.{file.stem}").RULE
                assert rule.code == file.stem.replace("_", "-"), file
                found[rule.code] = rule
    return found


def test_every_module_is_found_under_its_id() -> None:
    assert _modules() == RULES


def test_every_finding_has_a_page_and_no_page_is_left_over() -> None:
    assert sorted(page.stem for page in PAGES.glob("*.md")) == sorted([*CODES, "README"])


def test_every_finding_has_a_scenario_and_no_scenario_is_left_over() -> None:
    assert {file.stem for file in SCENARIOS.glob("*.txtar")} == set(CODES) - WITHOUT_SCENARIO


@pytest.mark.parametrize("code", sorted(set(CODES) - WITHOUT_SCENARIO))
def test_the_scenario_shows_the_finding(code: str) -> None:
    rule = RULES[code]
    text = (SCENARIOS / f"{code}.txtar").read_text(encoding="utf-8")
    assert f"{rule.severity}[{code}]: " in text
    assert f"-- exit --\n{int(rule.severity is Severity.ERROR)}\n" in text


@pytest.mark.parametrize("code", CODES)
def test_the_page_says_what_the_finding_is_about(code: str) -> None:
    rule = RULES[code]
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    summary = rule.summary[0].lower() + rule.summary[1:]
    assert text.startswith(f"# {code}\n\n**{rule.severity.capitalize()}**: {summary}.\n\n")
    assert "\n## Wrong\n" in text
    assert "\n## Right\n" in text


@pytest.mark.parametrize("code", CODES)
def test_the_page_s_examples_are_true(code: str, tmp_path: Path) -> None:
    page = PAGES / f"{code}.md"
    for heading, is_found in (("Wrong", True), ("Right", False)):
        if (text := example(page, heading)) is not None:
            folder = tmp_path / heading
            folder.mkdir()
            (folder / "a.yaml").write_text(complete(text), encoding="utf-8")
            write_profiles(folder)
            found = {finding.code for finding in load_registry(folder).findings}
            assert code in found if is_found else not found


def test_the_index_lists_every_finding() -> None:
    rows = [
        f"| [{rule.code}]({rule.code}.md) | {rule.severity} | {rule.summary} |"
        for rule in sorted(RULES.values(), key=lambda rule: rule.code)
    ]
    assert "\n".join(rows) in (PAGES / "README.md").read_text(encoding="utf-8")
