"""Terraform, where it is installed: are the generated roots formatted, and what would they make?"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from demo.report import Check, Outcome, checked

_OUTPUT = Path("output")
_SECONDS = 120
# Contact points that are said to exist need no secrets; planning what is new asks no Grafana.
_VARIABLES = {
    "TF_VAR_grafana_url": "http://127.0.0.1:3000",
    "TF_VAR_grafana_auth": "none",
    "TF_VAR_prometheus_data_source_uid": "prometheus",
    "TF_VAR_contact_point": "platform",
    "TF_VAR_slack_contact_point": "slack",
    "TF_VAR_pagerduty_contact_point": "pagerduty",
}
_ATTACHED = "TF_REATTACH_PROVIDERS"  # a provider that runs already: there is nothing to install
_TO_ADD = re.compile(r"Plan: (\d+) to add")


def check_terraform(folder: Path) -> Iterator[Check]:
    """`fmt -check` of all roots, and a plan of each where its provider can be had; works in a copy in `folder`."""
    binary = shutil.which("terraform")
    if binary is None:
        gain = "not on PATH; it would plan the dashboards, rules and contact points into your Grafana"
        yield Check("terraform", Outcome.SKIPPED, gain)
        return
    done = _run([binary, "fmt", "-check", "-recursive", str(_OUTPUT / "terraform")])
    unformatted = [f"not formatted: {name}" for name in done.stdout.split()]
    yield checked("terraform fmt", unformatted or _failure(done), "all files are formatted")
    yield _plan_roots(binary, _copied(folder))


def _copied(folder: Path) -> Path:
    """A copy of the output, since `init` writes into the root it is run in; without what people keep there."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(
        _OUTPUT, folder / "output", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "backend.tf")
    )
    (folder / "plugins").mkdir()
    return folder


def _plan_roots(binary: str, folder: Path) -> Check:
    environment = {**os.environ, **_VARIABLES, "TF_PLUGIN_CACHE_DIR": str((folder / "plugins").resolve())}
    planned, failures = [], []
    for root in sorted(path.parent for path in folder.glob("output/terraform/*/versions.tf")):
        terraform = [binary, f"-chdir={root}"]
        if _ATTACHED not in os.environ and _run([*terraform, "init", "-backend=false"], environment).returncode:
            gain = "Grafana's provider can't be installed from here; with it, the plan of each root would be shown"
            return Check("terraform plan", Outcome.SKIPPED, gain)
        done = _run([*terraform, "plan", "-input=false", "-no-color"], environment)
        failures += [f"{root.name}: {problem}" for problem in _failure(done)]
        planned += [f"{root.name} {count}" for count in _TO_ADD.findall(done.stdout)]
    return checked("terraform plan", failures, f"to add: {', '.join(planned)}")


def _run(command: list[str], environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False, env=environment)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no end within {_SECONDS} seconds")


def _failure(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [] if done.returncode == 0 else [done.stderr or done.stdout]
