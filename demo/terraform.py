"""Terraform, where it is installed: are the generated roots formatted and valid?"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from demo.report import Check, Outcome, checked

_OUTPUT = Path("output")
_SECONDS = 60


def check_terraform(folder: Path) -> Iterator[Check]:
    """`fmt -check` of all roots; `validate` of each where its provider can be had. `folder` is for a scratch copy."""
    binary = shutil.which("terraform")
    if binary is None:
        gain = "not on PATH; it would plan the dashboards, rules and contact points into your Grafana"
        yield Check("terraform", Outcome.SKIPPED, gain)
        return
    done = _run([binary, "fmt", "-check", "-recursive", str(_OUTPUT / "terraform")])
    unformatted = [f"not formatted: {name}" for name in done.stdout.split()]
    yield checked("terraform fmt", unformatted or _failure(done), "all files are formatted")
    yield _validate(binary, folder)


def _validate(binary: str, folder: Path) -> Check:
    """In a copy, since `init` writes into the root it is run in."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_OUTPUT, folder, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
    roots = sorted(path for path in (folder / "terraform").iterdir() if path.is_dir())
    failures = []
    for root in roots:
        # With a provider attached by hand there is nothing to install.
        if (
            "TF_REATTACH_PROVIDERS" not in os.environ
            and _run([binary, f"-chdir={root}", "init", "-backend=false"]).returncode
        ):
            gain = "the provider can't be installed from here; with it, each root would be checked against its schema"
            return Check("terraform validate", Outcome.SKIPPED, gain)
        done = _run([binary, f"-chdir={root}", "validate", "-no-color"])
        failures += [f"{root.name}: {problem}" for problem in _failure(done)]
    return checked("terraform validate", failures, f"{len(roots)} roots: {', '.join(root.name for root in roots)}")


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no end within {_SECONDS} seconds")


def _failure(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [] if done.returncode == 0 else [" ".join((done.stderr or done.stdout).split())]
