"""What is in `deploy/`, as the tools of its kinds see it, and the exporter where it lies as that says."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests import real_parts
from tests.real_parts import DRIFTGAUGE, ROOT

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "driftgauge.service"
MANIFESTS = [DEPLOY / "kubernetes" / "exporter.yaml", DEPLOY / "kubernetes" / "settings.yaml"]
MOST_EXPOSED = 15  # tenths of systemd's level of exposure, of 100


def _run(*command: str | Path, **options: Any) -> str:
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False, **options)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def _beside_python(name: str) -> Path:
    return Path(sys.executable).with_name(name)


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    assert _run(_beside_python("hadolint"), DEPLOY / "Dockerfile") == ""


def test_the_image_holds_what_is_installed_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    recipe = (DEPLOY / "Dockerfile").read_text()
    assert re.findall(r"^COPY (\w+) \1$", recipe, re.M) == packages
    extras = re.search(r"^ARG EXTRAS=(\S+)$", recipe, re.M)
    assert extras
    assert set(extras[1].split(",")) <= set(project["project"]["optional-dependencies"])
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert sent == {*packages, "LICENSE", "README.md", "pyproject.toml"}


@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_kubernetes_takes_the_manifests(version: str) -> None:
    said = _run(_beside_python("kubernetes-validate"), "--strict", "-k", version, *MANIFESTS)
    assert said.count(" passed for resource ") == 3
    listed = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())["resources"]
    assert listed == [path.name for path in MANIFESTS]


def test_what_the_image_is_set_to_is_what_the_pod_mounts() -> None:
    pod = _manifest("StatefulSet")["spec"]["template"]["spec"]
    container = pod["containers"][0]
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {_of_image("HISTORY"), "/tmp"}
    assert str(container["ports"][0]["containerPort"]) == _of_image("LISTEN").rpartition(":")[2]
    user = re.search(r"^USER (\d+):(\d+)$", (DEPLOY / "Dockerfile").read_text(), re.M)
    assert user
    security = pod["securityContext"]
    assert [*map(int, user.groups())] == [security["runAsUser"], security["runAsGroup"]]
    assert security["fsGroup"] == security["runAsGroup"]
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    assert container["args"][2] in {f"{path}/{name}" for path in mounts for name in _manifest("ConfigMap")["data"]}
    assert str(Path(container["env"][0]["value"]).parent) in mounts


def test_systemd_takes_the_unit_and_finds_it_shut(tmp_path: Path) -> None:
    tool = real_parts.require("systemd-analyze")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/driftgauge/bin/driftgauge", str(DRIFTGAUGE)))
    assert _run(tool, "verify", unit) == ""
    _run(tool, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", unit)


def test_the_exporter_runs_with_the_settings_of_the_pod_and_leaves_nothing_but_its_history(tmp_path: Path) -> None:
    for name in ("tmp", "home"):
        (tmp_path / name).mkdir()
    log = tmp_path / "log.duckdb"
    with duckdb.connect(str(log)) as connection:
        connection.execute(
            "CREATE TABLE predictions AS SELECT TIMESTAMP '2026-03-01 10:00:01' + to_seconds(i) AS sent_at, "
            "i::VARCHAR AS prediction_id, 'arrival_delay' AS predictor_name, 'm1' AS model_id, "
            "i::DOUBLE AS prediction_result, MAP {'distance': i::DOUBLE} AS features, []::VARCHAR[] AS "
            "default_values_used FROM range(100) AS t (i)"
        )
    config = tmp_path / "exporter.yaml"
    config.write_text(_manifest("ConfigMap")["data"]["exporter.yaml"])
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DRIFTGAUGE_WAREHOUSE": f"duckdb:{log}",
        "DRIFTGAUGE_DEFINITIONS": str(ROOT / "output" / "metrics"),
        "DRIFTGAUGE_HISTORY": str(tmp_path / "history"),
        "DRIFTGAUGE_LOG_FORMAT": _of_image("LOG_FORMAT"),
    }
    text = _run(
        *(DRIFTGAUGE, "export", "--config", config, "--once", "--now", "2026-03-01T11:15"), cwd="/", env=environment
    )
    assert re.search(r'^ml_predictions\{.*predictor="arrival_delay".*\} 100', text, re.M), text[-2000:]
    assert {path.name for path in tmp_path.iterdir()} == {"exporter.yaml", "history", "home", "log.duckdb", "tmp"}
    assert not [*(tmp_path / "tmp").iterdir(), *(tmp_path / "home").iterdir()]


def _of_image(setting: str) -> str:
    found = re.search(rf"\bDRIFTGAUGE_{setting}=(\S+)", (DEPLOY / "Dockerfile").read_text().partition("FROM")[2])
    assert found
    return found[1]


def _manifest(kind: str) -> dict[str, Any]:
    documents = [document for path in MANIFESTS for document in yaml.safe_load_all(path.read_text())]
    return next(document for document in documents if document["kind"] == kind)
