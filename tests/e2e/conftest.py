"""The whole chain, running: log → exporter → Prometheus with weeks of history → Alertmanager → receiver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import real_parts
from tests.e2e import world as worlds
from tests.e2e.artifacts import OUTPUT, RULE_FILES
from tests.real_parts import PROMETHEUS_MAJORS, Prometheus, PrometheusBinaries, Receiver

RESEND = "--rules.alert.resend-delay=5s"  # the first alerts may come before Prometheus has found the Alertmanager
SECRETS = "/etc/alertmanager/secrets"


@dataclass(frozen=True)
class World:
    """The log with its incidents, a running exporter over it, and the samples of the weeks before."""

    log: Path
    exporter: str
    samples: Path


@dataclass(frozen=True)
class Stack:
    """A Prometheus that scrapes the exporter and evaluates the generated rules, and what its alerts arrive at."""

    prometheus: Prometheus
    receiver: Receiver


@pytest.fixture(scope="session")
def scrape_example() -> dict[str, Any]:
    """The generated Prometheus configuration."""
    return _yaml(OUTPUT / "prometheus" / "scrape.example.yaml")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, scrape_example: dict[str, Any]) -> Iterator[World]:
    """One world for all tests: making it takes the longest."""
    folder = tmp_path_factory.mktemp("world")
    log, history, samples = folder / "log.duckdb", folder / "history", folder / "samples.openmetrics"
    now = datetime.now(UTC)
    worlds.make_log(log, now, worlds.INCIDENTS)
    job = scrape_example["scrape_configs"][0]
    target = {"job": job["job_name"], "instance": job["relabel_configs"][0]["replacement"]}
    worlds.write_openmetrics(samples, worlds.replay(log, history, worlds.moments(now)), target)
    arguments: list[str | Path] = [
        "--definitions",
        worlds.DEFINITIONS,
        "--warehouse",
        f"duckdb:{log}",
        "--history",
        history,
    ]
    with real_parts.exporter([*arguments, "--lookback-days", "3"], folder / "exporter") as exporter:
        yield World(log, exporter.url, samples)


@pytest.fixture(scope="session", params=PROMETHEUS_MAJORS, ids=lambda major: f"prometheus{major}")
def stack(
    request: pytest.FixtureRequest,
    world: World,
    scrape_example: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """Both versions of Prometheus, one after the other, each with an Alertmanager of its own."""
    binaries = PrometheusBinaries.require(request.param)
    folder = tmp_path_factory.mktemp(f"prometheus{binaries.major}")
    worlds.backfill(binaries, world.samples, folder / "data")
    with ExitStack() as running:
        receiver = running.enter_context(real_parts.receiver())
        alertmanager = running.enter_context(real_parts.alertmanager(_routing(folder, receiver), folder))
        config = _scraping(scrape_example, world.exporter, alertmanager.url)
        prometheus = running.enter_context(real_parts.prometheus(binaries, config, folder, flags=[RESEND]))
        real_parts.wait_until("first scrape", lambda: prometheus.query('up{job="driftgauge"} == 1'))
        # Only now: one that has run for weeks knows the exporter before it evaluates a rule.
        prometheus.reload({**config, "rule_files": [_rules(folder)]})
        yield Stack(prometheus, receiver)


def _scraping(example: dict[str, Any], exporter: str, alertmanager: str) -> dict[str, Any]:
    """The generated example with this machine's addresses, in fast motion."""
    job = {
        **example["scrape_configs"][0],
        "scrape_interval": "2s",
        "scrape_timeout": "2s",
        "static_configs": [{"targets": [exporter.removeprefix("http://")]}],
    }
    targets = [alertmanager.removeprefix("http://")]
    return {
        "global": {"evaluation_interval": "2s"},
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": targets}]}]},
        "scrape_configs": [job],
    }


def _rules(folder: Path) -> str:
    """The generated rules, in fast motion; the pattern of their files."""
    rules = folder / "rules"
    rules.mkdir()
    for file in RULE_FILES:
        content = _yaml(file)
        for group in content["groups"]:
            group["interval"] = "2s"
        (rules / file.name).write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(rules / "*.yaml")


def _routing(folder: Path, receiver: Receiver) -> dict[str, Any]:
    """The generated example with secrets of the test's own, addresses of this machine, and less patience."""
    secrets = folder / "secrets"
    secrets.mkdir()
    text = (OUTPUT / "prometheus" / "alertmanager.example.yaml").read_text(encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(text.replace(SECRETS, str(secrets)))
    for configured in config["receivers"]:
        for slack in configured.get("slack_configs", ()):
            Path(slack["api_url_file"]).write_text(f"{receiver.url}/slack/{configured['name'].split()[0]}")
        for pagerduty in configured.get("pagerduty_configs", ()):
            Path(pagerduty["routing_key_file"]).write_text(f"key-of-{configured['name'].split()[0]}")
    config["global"] = {"pagerduty_url": f"{receiver.url}/v2/enqueue"}
    config["route"]["group_wait"] = "1s"
    return config


def _yaml(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content
