"""Sloth, built once from the Go module proxy, and registries of its own for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.processes import Cost, best

_VERSION = "v0.16.0"
_MODULE = "github.com/slok/sloth/cmd/sloth"
_TOOLS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "driftgauge-tools" / "go"
_RULES_AN_OBJECTIVE = 17
_REPEATS = 3

_OBJECTIVE = """\
version: prometheus/v1
service: predictor_{number}
slos:
  - name: defaults
    objective: 99
    sli:
      events:
        error_query: sum(rate(ml_defaults_total{{predictor="predictor_{number}"}}[{{{{.window}}}}]))
        total_query: sum(rate(ml_rows_total{{predictor="predictor_{number}"}}[{{{{.window}}}}]))
    alerting:
      name: Defaults of predictor {number}
      page_alert: {{labels: {{severity: page}}}}
      ticket_alert: {{labels: {{severity: notify}}}}
"""


def generate(rules: int) -> tuple[Cost, int]:
    """What it costs Sloth to generate about so many rules, a file an objective, and how many there were.

    Raises:
        FileNotFoundError: there is no Go to build it with.
        CalledProcessError: it can't be built.
    """
    program = _program()
    with tempfile.TemporaryDirectory() as scratch:
        objectives, output = Path(scratch, "objectives"), Path(scratch, "output")
        objectives.mkdir()
        output.mkdir()
        for number in range(rules // _RULES_AN_OBJECTIVE + 1):
            (objectives / f"{number}.yaml").write_text(_OBJECTIVE.format(number=number), encoding="utf-8")
        spent = best([program, "generate", "-i", objectives, "-o", output], _REPEATS)
        texts = [file.read_text(encoding="utf-8") for file in output.glob("*.yaml")]
        return spent, sum(text.count("- record: ") + text.count("- alert: ") for text in texts)


def _program() -> Path:
    program = _TOOLS / f"sloth-{_VERSION}"
    if program.exists():
        return program
    if (go := shutil.which("go")) is None:
        raise FileNotFoundError("it is built with Go, which is not on this machine")
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "go.mod").write_text("module tools\n\ngo 1.26\n", encoding="utf-8")
        for arguments in (["get", "-tool", f"{_MODULE}@{_VERSION}"], ["build", "-o", "sloth", _MODULE]):
            subprocess.run([go, *arguments], cwd=scratch, check=True, capture_output=True)
        program.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(Path(scratch, "sloth"), program)
    return program
