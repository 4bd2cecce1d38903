"""What CI runs exists: the workflow's commands, the scripts, the make targets."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.real_parts import DRIFTGAUGE, ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
SCRIPTS = [ROOT / ".ci" / "run", *sorted((ROOT / "scripts").iterdir())]


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def commands(workflow: Path) -> list[str]:
    lines = (line.strip() for step in steps(workflow) for line in step.get("run", "").splitlines())
    return [line for line in lines if line.startswith("driftgauge ")]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_step_runs_or_uses_and_actions_are_pinned(workflow: Path) -> None:
    for step in steps(workflow):
        assert ("run" in step) != ("uses" in step), step
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])


@pytest.mark.parametrize("command", [line for workflow in WORKFLOWS for line in commands(workflow)])
def test_every_driftgauge_command_of_a_workflow_succeeds_here(command: str) -> None:
    arguments = shlex.split(command)[1:]
    run = subprocess.run([DRIFTGAUGE, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_executable_and_shell_scripts_parse(script: Path) -> None:
    interpreter = re.split("[ /]", script.read_text().splitlines()[0])[-1]
    if interpreter in {"sh", "bash"}:
        subprocess.run([interpreter, "-n", script], check=True, timeout=10)
    assert script.stat().st_mode & 0o111


def test_help_lists_every_target() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True).stdout
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    assert re.findall(r"make (\w+) ", listed.partition("Options")[0]) == phony[1].split()
