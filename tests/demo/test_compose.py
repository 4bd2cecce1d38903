"""The compose file, as far as it can be checked without a container engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.cli import command
from tests.real_parts import ROOT, PrometheusBinaries, require

COMPOSE = ROOT / "demo" / "compose.yaml"
GRAFANA = ROOT / "demo" / "grafana" / "provisioning"


def _load(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return _load(COMPOSE)["services"]


def _mounts(service: dict[str, Any]) -> dict[str, Path]:
    """Container path → host path, of what is mounted from here."""
    parts = [volume.split(":") for volume in service["volumes"] if volume.startswith(".")]
    return {target: (COMPOSE.parent / source).resolve() for source, target, _ in parts}


def test_images_are_pinned_and_ports_are_this_machines_alone(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {"prometheus", "grafana"}
    for service in services.values():
        assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", service["image"])
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_what_is_mounted_exists_and_is_read_only(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        assert all(path.exists() for path in _mounts(service).values())
        assert all(volume.endswith(":ro") for volume in service["volumes"] if volume.startswith("."))


def test_prometheus_scrapes_the_demos_port_on_the_host(services: dict[str, dict[str, Any]]) -> None:
    prometheus = services["prometheus"]
    assert "host.docker.internal:host-gateway" in prometheus["extra_hosts"]
    config = _load(_mounts(prometheus)["/etc/prometheus/prometheus.yml"])
    (job,) = config["scrape_configs"]
    port = next(option.default for option in command.params if option.name == "port")
    assert job["static_configs"] == [{"targets": [f"host.docker.internal:{port}"]}]


def test_prometheus_labels_what_it_scrapes_as_the_generated_example_does(services: dict[str, dict[str, Any]]) -> None:
    (ours,) = _load(_mounts(services["prometheus"])["/etc/prometheus/prometheus.yml"])["scrape_configs"]
    (example,) = _load(ROOT / "output" / "prometheus" / "scrape.example.yaml")["scrape_configs"]
    for key in ("job_name", "relabel_configs"):
        assert ours.get(key) == example.get(key)


def test_prometheus_accepts_its_configuration(
    services: dict[str, dict[str, Any]], prometheus_binaries: PrometheusBinaries, tmp_path: Path
) -> None:
    mounts = _mounts(services["prometheus"])
    config = mounts["/etc/prometheus/prometheus.yml"].read_text(encoding="utf-8")
    here = tmp_path / "prometheus.yml"
    rules = mounts["/etc/prometheus/rules"]
    here.write_text(config.replace("/etc/prometheus/rules", str(rules)), encoding="utf-8")
    assert list(rules.glob("*.yaml"))
    prometheus_binaries.check("check", "config", here)


def test_dashboards_are_provisioned_from_where_they_are_mounted(services: dict[str, dict[str, Any]]) -> None:
    mounts = _mounts(services["grafana"])
    (provider,) = _load(GRAFANA / "dashboards" / "driftgauge.yaml")["providers"]
    folder = mounts[provider["options"]["path"]]
    assert folder == ROOT / "output" / "dashboards"
    home = Path(services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (folder / home.name).is_file()
    assert mounts["/etc/grafana/provisioning"] == GRAFANA


def test_dashboards_find_the_provisioned_data_source(services: dict[str, dict[str, Any]]) -> None:
    (source,) = _load(GRAFANA / "datasources" / "prometheus.yaml")["datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    assert source["url"] == "http://prometheus:9090"
    for file in (ROOT / "output" / "dashboards").rglob("*.json"):
        dashboard = json.loads(file.read_text(encoding="utf-8"))
        variables = [v for v in dashboard["templating"]["list"] if v["type"] == "datasource"]
        assert [variable["query"] for variable in variables] == [source["type"]]
        allowed = {f"${{{variables[0]['name']}}}", source["uid"], "-- Grafana --", "-- Dashboard --"}
        uids = re.findall(r'"datasource": \{[^{}]*?"uid": "([^"]*)"', json.dumps(dashboard))
        assert set(uids) <= allowed


def test_it_is_what_the_compose_specification_allows() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE]
    done = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_docker_compose_reads_it() -> None:
    read = [require("compose"), "--file", COMPOSE, "config", "--format", "json"]
    done = subprocess.run(read, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["name"] == "driftgauge-demo"
    mounted = {v["source"] for service in told["services"].values() for v in service["volumes"] if v["type"] == "bind"}
    assert all(Path(source).exists() for source in mounted)
