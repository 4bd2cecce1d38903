"""The documentation's examples: registry files, or a part of a predictor that the rest is added to."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from tests.real_parts import ROOT

PAGES = ROOT / "docs" / "findings"

_TEAMS = """\
version: 1
teams:
  logistics:
    slack: {channel: "#ml-logistics"}
    pagerduty: {service: logistics-ml}
    runbook_url: https://runbooks.example.com/ml
predictors:
  eta_prediction:
"""
_REQUIRED = {"team": "logistics", "task": "regression", "models": "{primary: eta_v12}"}


def complete(example: str) -> str:
    """A whole registry file: the example itself, or the predictor that it is a part of."""
    if example.startswith("version: "):
        return f"{example}\n"
    given = set(re.findall(r"^(\w+):", example, flags=re.MULTILINE))
    missing = "".join(f"    {key}: {value}\n" for key, value in _REQUIRED.items() if key not in given)
    return _TEAMS + missing + textwrap.indent(f"{example}\n", "    ")


def example(page: Path, heading: str) -> str | None:
    """The YAML example under a heading of a finding's page, None where words say it."""
    _, _, below = page.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    block = re.match(r"\n```yaml\n(.*?)\n```\n", below, flags=re.DOTALL)
    return block[1] if block else None
