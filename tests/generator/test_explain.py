"""`driftgauge explain`: the findings' pages for those who have no docs folder."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from generator.cli import main
from generator.rulebook import RULES
from tests.registry.examples import PAGES


def explain(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments])


@pytest.mark.parametrize("code", RULES)
def test_it_prints_the_finding_s_page(code: str) -> None:
    assert explain(code).stdout == (PAGES / f"{code}.md").read_text(encoding="utf-8")


def test_without_a_code_it_lists_them_all() -> None:
    lines = explain().stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(RULES)
    assert all(line.endswith(rule.summary) for line, (_, rule) in zip(lines, sorted(RULES.items()), strict=True))


def test_a_misspelt_code_gets_the_nearest() -> None:
    done = explain("unknown-taem")
    assert done.exit_code == 2
    assert "did you mean `unknown-team`?" in done.stderr
