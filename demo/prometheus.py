"""Prometheus and Alertmanager, where they are installed, over the exporter and the generated rules."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from demo.answers import ask, is_up
from demo.processes import DemoError, Processes, free_port
from demo.report import Check, Outcome, checked

_PROMETHEUS_PORT, _ALERTMANAGER_PORT = 9090, 9093
_START = 30.0  # seconds
_SCRAPE = 30.0
_EVERY = "2s"  # nobody wants to wait for a minute in a demo
_QUERY = 'max by (predictor) (ml_predictions{window="1d"})'
_RULES = Path("output/prometheus/rules")
_SCRAPE_EXAMPLE = Path("output/prometheus/scrape.example.yaml")
_ALERTMANAGER_EXAMPLE = Path("output/prometheus/alertmanager.example.yaml")


@dataclass(frozen=True)
class Companion:
    """A running program to look at; `takes_up` is the command that makes it read what was generated anew."""

    title: str
    url: str
    takes_up: str | None = None


def run_alertmanager(processes: Processes, folder: Path) -> tuple[Check, Companion | None]:
    """Start Alertmanager with the generated routing."""
    binary = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if binary is None:
        gain = "not on PATH; it would group the alerts, a message a model, and route them to their teams"
        return Check("alertmanager", Outcome.SKIPPED, gain), None
    config = folder / "alertmanager.yml"
    config.write_text(yaml.safe_dump(_without_messages(_load(_ALERTMANAGER_EXAMPLE))), encoding="utf-8")
    url = f"http://127.0.0.1:{free_port(_ALERTMANAGER_PORT)}"
    process = processes.start(
        "alertmanager",
        [
            binary,
            f"--config.file={config}",
            f"--storage.path={_emptied(folder / 'alertmanager')}",
            f"--web.listen-address={url.removeprefix('http://')}",
            "--cluster.listen-address=",
        ],
    )
    process.wait_until(lambda: is_up(f"{url}/-/ready"), _START)
    return checked("alertmanager", [], "runs with the generated routing, and messages nobody"), Companion(
        "Alertmanager: what fires, grouped and routed", url
    )


def run_prometheus(
    processes: Processes, folder: Path, exporter: str, alertmanager: Companion | None
) -> tuple[list[Check], Companion | None]:
    """Start Prometheus with the generated rules and scrape configuration, and ask it a question."""
    binary = shutil.which("prometheus")
    if binary is None:
        gain = "not on PATH; it would scrape the exporter, keep the history, and evaluate the generated rules"
        return [Check("prometheus", Outcome.SKIPPED, gain)], None
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(_configuration(exporter, alertmanager), sort_keys=False), encoding="utf-8")
    url = f"http://127.0.0.1:{free_port(_PROMETHEUS_PORT)}"
    process = processes.start(
        "prometheus",
        [
            binary,
            f"--config.file={config}",
            f"--storage.tsdb.path={_emptied(folder / 'prometheus')}",
            f"--web.listen-address={url.removeprefix('http://')}",
            "--web.enable-lifecycle",  # takes up regenerated rules on request
        ],
    )
    process.wait_until(lambda: is_up(f"{url}/-/ready"), _START)
    process.wait_until(lambda: any(value == 1 for _, value in query(url, "up")), _SCRAPE)
    checks = [_check_query(url), _check_rules(url), *_promtool(config, exporter)]
    reload = f"curl -X POST {url}/-/reload    # Prometheus takes up the changed rule"
    return checks, Companion("Prometheus: alerts, rules and queries", f"{url}/alerts", reload)


def query(url: str, expression: str) -> list[tuple[dict[str, str], float]]:
    """Labels and values of an instant query."""
    result = _api(url, "query", query=expression)["result"]
    return [(sample["metric"], float(sample["value"][1])) for sample in result]


def _check_query(url: str) -> Check:
    answer = sorted((labels["predictor"], value) for labels, value in query(url, _QUERY))
    wrong = [] if answer else [f"no answer to {_QUERY}"]
    shown = ", ".join(f"{predictor} {value:,.0f}" for predictor, value in answer)
    return checked("prometheus", wrong, f"its scrape is up; predictions of the last day: {shown}")


def _check_rules(url: str) -> Check:
    rules = [rule for group in _api(url, "rules")["groups"] for rule in group["rules"]]
    wrong = [f"{rule['name']}: {rule['lastError']}" for rule in rules if rule["health"] == "err"]
    if not rules:
        wrong.append(f"no rules from {_RULES}")
    return checked("rules", wrong, f"{len(rules)} loaded")


def _promtool(config: Path, exporter: str) -> Iterator[Check]:
    binary = shutil.which("promtool")
    if binary is None:
        yield Check("promtool", Outcome.SKIPPED, "not on PATH; it would check rules, configuration and metrics")
        return
    rules = [str(file) for file in sorted(_RULES.glob("*.yaml"))]
    metrics = ask(f"{exporter}/metrics", "text/plain").body
    yield _tool([binary, "check", "rules", *rules])
    yield _tool([binary, "check", "config", str(config)])
    yield _tool([binary, "check", "metrics"], metrics)


def _tool(command: list[str], given: str | None = None) -> Check:
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)
    name = " ".join(["promtool", *command[1:3]])
    failures = [] if done.returncode == 0 else [done.stderr or done.stdout]
    return checked(name, failures, "passes")


def _configuration(exporter: str, alertmanager: Companion | None) -> dict[str, Any]:
    """The generated scrape configuration, pointed at the exporter, with the generated rules."""
    jobs = _load(_SCRAPE_EXAMPLE)["scrape_configs"]
    for job in jobs:
        job.update(static_configs=[{"targets": [exporter.removeprefix("http://")]}], scrape_interval=_EVERY)
        job.update(scrape_timeout=_EVERY)
    receivers = [{"static_configs": [{"targets": [alertmanager.url.removeprefix("http://")]}]}] if alertmanager else []
    return {
        "global": {"evaluation_interval": _EVERY},
        "rule_files": [str(_RULES.resolve() / "*.yaml")],
        "alerting": {"alertmanagers": receivers},
        "scrape_configs": jobs,
    }


def _without_messages(config: dict[str, Any]) -> dict[str, Any]:
    """The same routes to the same receivers, which show in Alertmanager and send nothing."""
    kept: dict[str, Any] = {key: config[key] for key in ("route", "inhibit_rules") if key in config}
    return {**kept, "receivers": [{"name": receiver["name"]} for receiver in config["receivers"]]}


def _load(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DemoError(f"{file} is missing; run `driftgauge generate`") from None
    if not isinstance(content, dict):
        raise DemoError(f"{file} is not as generated; run `driftgauge generate`")
    return content


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _api(url: str, path: str, **parameters: str) -> Any:
    return json.loads(ask(f"{url}/api/v1/{path}?{urlencode(parameters)}").body)["data"]
