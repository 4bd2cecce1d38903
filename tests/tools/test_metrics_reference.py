"""docs/metrics.md says what the catalogue and the exporter say."""

from __future__ import annotations

import subprocess
import sys

from generator.catalogue import BY_NAME
from metrics_exporter.definitions import OwnMetric
from tests.real_parts import ROOT

SCRIPT = ROOT / "scripts" / "metrics_reference.py"


def test_the_page_is_fresh_and_names_every_metric() -> None:
    check = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, timeout=60, check=False)
    assert check.returncode == 0, check.stderr
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert all(f"### `{name}`" in page for name in (*BY_NAME, *OwnMetric))
