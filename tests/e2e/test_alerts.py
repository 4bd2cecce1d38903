"""Incidents in the log fire the alerts that they should, and no others, and these reach the owner."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests import real_parts
from tests.e2e.conftest import Stack
from tests.real_parts import Prometheus

pytestmark = pytest.mark.slow

SURGE = {
    "alertname": "arrival_delay: aircraft-seats-defaults",
    "driftgauge": "threshold",
    "log": "default",
    "predictor": "arrival_delay",
    "model_id": "arrival_delay_v3",
    "feature": "aircraft_seats",
    "team": "operations",
    "severity": "notify",
}
STUCK = {
    "alertname": "cancellation: cancellation-rate-high",
    "driftgauge": "threshold",
    "log": "default",
    "predictor": "cancellation",
    "model_id": "cancellation_v1",
    "team": "network",
    "severity": "page",
}


def firing(prometheus: Prometheus) -> list[dict[str, str]]:
    alerts: list[dict[str, Any]] = prometheus.api("alerts")["alerts"]
    return [alert["labels"] for alert in alerts if alert["state"] == "firing"]


def test_the_incidents_fire_their_alerts_and_nothing_else_does(stack: Stack) -> None:
    real_parts.wait_until(
        "alert of both incidents",
        lambda: all(incident in firing(stack.prometheus) for incident in (SURGE, STUCK)),
        timeout=60,
    )
    assert sorted(firing(stack.prometheus), key=str) == sorted([SURGE, STUCK], key=str)


def test_a_notification_reaches_the_teams_slack_channel(stack: Stack) -> None:
    message = stack.receiver.wait_for("message in Slack", lambda message: message.path == "/slack/operations")
    assert message.content["channel"] == "#ml-operations"
    assert "arrival_delay" in str(message.content["attachments"])
    assert re.search(
        r"<https://grafana\.example\.com/d/dg-arrival-delay-\w+\?viewPanel=\d+\|Panel>", str(message.content)
    )


def test_a_page_reaches_the_teams_pagerduty_service(stack: Stack) -> None:
    event = stack.receiver.wait_for("page", lambda message: message.path == "/v2/enqueue").content
    assert event["routing_key"] == "key-of-network"
    assert event["event_action"] == "trigger"
    assert event["payload"]["component"] == "network-ml"


def test_nobody_else_is_told(stack: Stack) -> None:
    stack.receiver.wait_for("message in Slack", lambda message: message.path == "/slack/operations")
    stack.receiver.wait_for("page", lambda message: message.path == "/v2/enqueue")
    assert {message.path for message in stack.receiver.messages} == {"/slack/operations", "/v2/enqueue"}
