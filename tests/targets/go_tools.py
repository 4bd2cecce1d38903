"""What tests take from the Go module proxy: a module's files, and programs built once into the tools' cache."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.real_parts import missing, require

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "driftgauge-tools" / "go"
READER = Path(__file__).with_name("grafana_reader")

_OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
_KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5"
_KUSTOMIZE_VERSION = "v5.7.1"


@cache
def operator_crds() -> Path:
    """The folder of the Prometheus operator's CustomResourceDefinitions."""
    with tempfile.TemporaryDirectory() as scratch:
        told = _go(["mod", "download", "-json", _OPERATOR], Path(scratch))
    return Path(json.loads(told)["Dir"]) / "example" / "prometheus-operator-crd"


@cache
def kustomize() -> Path:
    """The program, built in about a minute the first time."""
    program = CACHE / f"kustomize-{_KUSTOMIZE_VERSION}"
    if not program.exists():
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            (folder / "go.mod").write_text("module tools\n\ngo 1.24\n")
            _go(["get", "-tool", f"{_KUSTOMIZE}@{_KUSTOMIZE_VERSION}"], folder)
            _build(_KUSTOMIZE, folder, program)
    return program


@cache
def grafana_reader() -> Path:
    """The program in `grafana_reader/`, which reads provisioning files as Grafana does."""
    program = CACHE / "grafana-reader"
    _build(".", READER, program)  # Go's own cache makes this a moment
    return program


def _build(package: str, folder: Path, program: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        built = Path(scratch) / "program"
        _go(["build", "-o", str(built), package], folder)
        built.replace(program)


def _go(arguments: Sequence[str], folder: Path) -> str:
    command = [require("go"), *arguments]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=400, check=False)
    if run.returncode:
        missing(f"go {' '.join(arguments)}: {run.stderr.strip()[-400:]}")
    return run.stdout
