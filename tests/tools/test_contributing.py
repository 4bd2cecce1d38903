"""CONTRIBUTING's example of a new statistic is true to the letter: its snippets make the metric."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real_parts import ROOT

COPIED = ("generator", "metrics_exporter", "tests", "registry", "demo", "pyproject.toml")
# Where each snippet goes, in their order: a file, and the text that it follows; None: the end of the file.
PLACES = (
    ("metrics_exporter/definitions.py", '    READING = "reading"\n'),
    ("metrics_exporter/statistics/quantiles.py", None),
    ("metrics_exporter/statistics/__init__.py", "    Statistic.UNSEEN_RATIO: Scalar(ratios.unseen_ratio),\n"),
    ("generator/catalogue.py", 'a tail when only the outer ones do.",\n        ),\n'),
    ("tests/e2e/test_numbers.py", None),
)
SHOW = """
import io
from metrics_exporter.serving.exposition import families, render
from metrics_exporter.serving.view import groups
from tests.exporter.serving.builders import MAX_AGE, NOW, definitions, profile, report, window

defined, out = definitions(), io.BytesIO()
shown = groups(defined, [report(window([profile(), profile(feature="distance")]))], NOW, MAX_AGE)
render(families(defined.catalogue.metrics), shown, out)
print(out.getvalue().decode())
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project with the example's snippets in their places."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    for (name, before), snippet in zip(PLACES, snippets(), strict=True):
        file = tmp_path / name
        text = file.read_text(encoding="utf-8")
        if before is None:
            file.write_text(f"{text}\n\n{snippet}", encoding="utf-8")
        else:
            assert text.count(before) == 1, (name, before)
            file.write_text(text.replace(before, before + snippet), encoding="utf-8")
    return tmp_path


def snippets() -> list[str]:
    """The Python of the section, without the indentation of the list that it is in."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Add a statistic\n")[2].partition("\n## ")[0]
    found = re.findall(r"^   ```python\n(.*?)^   ```$", section, re.MULTILINE | re.DOTALL)
    return [re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in found]


def test_the_example_of_a_statistic_is_a_metric(copy: Path) -> None:
    text = _run(copy, "-c", SHOW)
    assert 'ml_feature_iqr{predictor="eta",model_id="eta_v1",feature="distance",window="1h"} 1\n' in text
    assert 'ml_prediction_iqr{predictor="eta",model_id="eta_v1",window="1h"} 1\n' in text


@pytest.mark.slow
def test_the_example_is_held_to_the_raw_log_like_all_others(copy: Path) -> None:
    numbers = copy / "tests" / "e2e" / "test_numbers.py"
    text = numbers.read_text(encoding="utf-8")
    numbers.write_text(text.replace('APPROXIMATE = ("_quantile",)', 'APPROXIMATE = ("_quantile", "_iqr")'))
    (copy / ".cache").symlink_to(ROOT / ".cache")
    _run(copy, "-c", "from generator.cli import main; main()", "generate")
    told = _run(copy, "-m", "pytest", "-q", "-n0", "--no-cov", str(numbers), "-k", "same_series or interquartile")
    assert "6 passed" in told


def _run(folder: Path, *arguments: str) -> str:
    """Run the copy, also where a test of it starts the installed command."""
    run = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
