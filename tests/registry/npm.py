"""Packages from npm that tests need: installed once into the tools' cache, at a fixed version."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.real_parts import missing, require

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "driftgauge-tools" / "npm"


def package(name: str, version: str) -> Path:
    """The folder of an npm package, with what it depends on beside it; skips the test where it can't be had."""
    home = CACHE / f"{name.replace('/', '+')}-{version}"
    folder = home / "node_modules" / name
    if not folder.is_dir():
        _install(f"{name}@{version}", home)
    return folder


def _install(wanted: str, home: Path) -> None:
    npm = require("npm")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", scratch, wanted]
        run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if run.returncode:
            missing(f"npm can't install {wanted}: {run.stderr.strip()[-300:]}")
        if not home.exists():  # another test process may have been faster
            shutil.copytree(scratch, home, symlinks=True)
