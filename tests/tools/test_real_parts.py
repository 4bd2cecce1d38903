"""The helpers that start real programs do what the other tests rely on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests import real_parts


def test_prometheus_scrapes_itself_and_answers(
    prometheus_binaries: real_parts.PrometheusBinaries, tmp_path: Path
) -> None:
    port = real_parts.free_port()
    config = {"scrape_configs": [{"job_name": "none", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]}
    with real_parts.prometheus(prometheus_binaries, config, tmp_path) as prometheus:
        assert prometheus.query("vector(7)")[0]["value"][1] == "7"
        build = prometheus.api("status/runtimeinfo")
        assert build["storageRetention"].startswith("10y")
    assert prometheus.process.poll() is not None


def test_an_expression_that_does_not_parse_fails_with_its_reason(
    prometheus_binaries: real_parts.PrometheusBinaries, tmp_path: Path
) -> None:
    with (
        real_parts.prometheus(prometheus_binaries, {}, tmp_path) as prometheus,
        pytest.raises(pytest.fail.Exception, match="parse error"),
    ):
        prometheus.query("sum(")


def test_alertmanager_delivers_to_the_receiver(tmp_path: Path) -> None:
    with real_parts.receiver() as receiver:
        config = {
            "route": {"receiver": "hook", "group_wait": "0s"},
            "receivers": [{"name": "hook", "webhook_configs": [{"url": f"{receiver.url}/hook"}]}],
        }
        with real_parts.alertmanager(config, tmp_path) as alertmanager:
            real_parts.post(f"{alertmanager.url}/api/v2/alerts", [{"labels": {"alertname": "Probe"}}])
            message = receiver.wait_for("notification", lambda message: message.path == "/hook")
    assert message.content["alerts"][0]["labels"] == {"alertname": "Probe"}


def test_a_server_that_ends_at_once_fails_with_what_it_printed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no such table'); raise SystemExit(3)"]
    url = f"http://127.0.0.1:{real_parts.free_port()}"
    with (
        pytest.raises(pytest.fail.Exception, match=r"exited with 3 .*\n.*no such table"),
        real_parts.running(command, url, "/", tmp_path / "log"),
    ):
        pass


@pytest.mark.parametrize("required", [False, True])
def test_a_missing_part_skips_or_fails(monkeypatch: pytest.MonkeyPatch, required: bool) -> None:
    monkeypatch.setenv("DRIFTGAUGE_REQUIRE_REAL_PARTS", str(int(required)))
    outcome = pytest.fail.Exception if required else pytest.skip.Exception
    with pytest.raises(outcome, match="npm is not on this machine: install"):
        real_parts.missing("npm is not on this machine: install Node.js with npm")


def test_the_receiver_keeps_what_it_is_sent() -> None:
    with real_parts.receiver() as receiver:
        answer = json.loads(real_parts.post(f"{receiver.url}/v2/enqueue", {"a": 1}))
    assert answer["status"] == "success"
    assert receiver.messages == [real_parts.Message("/v2/enqueue", {"a": 1})]
