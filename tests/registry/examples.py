"""The documentation's examples: registry files, or a part of a predictor that the rest is added to."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from metrics_exporter.training_profiles import SCHEMA_VERSION, Numbers, Summary, TrainingProfile
from metrics_exporter.training_profiles import text as written
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


def write_profiles(folder: Path) -> None:
    """The training profiles that examples name, and a training set, which is none."""
    profiles = folder / "profiles"
    profiles.mkdir()
    (profiles / "training.csv").write_text("distance,label\n1.5,2\n", encoding="utf-8")
    shape = Numbers(mean=1, standard_deviation=0, minimum=1, maximum=1, grid=(1.0,) * 99, grid_rows=10)
    distance = Summary(values=10, nulls=0, infinities=0, unparsable=0, numbers=shape)
    for model_id in ("eta_v12", "eta_v13"):
        profile = TrainingProfile(
            schema_version=SCHEMA_VERSION,
            predictor="eta_prediction",
            model_id=model_id,
            rows=10,
            features={"distance": distance},
        )
        (profiles / f"{model_id}.json").write_text(written(profile), encoding="utf-8")


def example(page: Path, heading: str) -> str | None:
    """The YAML example under a heading of a finding's page, None where words say it."""
    _, _, below = page.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    block = re.match(r"\n```yaml\n(.*?)\n```\n", below, flags=re.DOTALL)
    return block[1] if block else None
