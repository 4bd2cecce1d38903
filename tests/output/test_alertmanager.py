"""The Alertmanager example, run by the real one: one message a model, and none about what a silent model says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from generator.render import prometheus
from tests.output.examples import registry
from tests.real_parts import Message, alertmanager, post, receiver

EXAMPLE = "prometheus/alertmanager.example.yaml"


def config(url: str) -> dict[str, Any]:
    """The example as it is, but quick, and with a local receiver in the place of Slack and PagerDuty."""
    content: dict[str, Any] = yaml.safe_load(prometheus.render(registry())[EXAMPLE])
    content["route"] |= {"group_wait": "1s", "group_interval": "1s"}
    content["receivers"] = [
        {"name": one["name"], "webhook_configs": [{"url": f"{url}/{one['name'].replace(' ', '-')}"}]}
        for one in content["receivers"]
    ]
    return content


def alert(kind: str, model: str, feature: str = "", severity: str = "notify", log: str = "default") -> dict[str, Any]:
    labels = {"alertname": f"{kind} {feature}", "driftgauge": kind, "team": "logistics", "severity": severity}
    return {"labels": {**labels, "log": log, "predictor": "eta_prediction", "model_id": model, "feature": feature}}


def features(message: Message) -> list[str]:
    return sorted(one["labels"].get("feature", "") for one in message.content["alerts"])


def test_one_message_a_model_and_none_of_a_silent_one(tmp_path: Path) -> None:
    with receiver() as mailbox, alertmanager(config(mailbox.url), tmp_path) as service:
        silent = [alert("threshold", "eta_v13", "distance"), alert("freshness", "eta_v13", severity="page")]
        drifting = [alert("threshold", "eta_v12", feature) for feature in ("distance", "prep_time", "stairs")]
        post(f"{service.url}/api/v2/alerts", [*silent, *drifting])
        notified = mailbox.wait_for("Slack message", lambda message: message.path == "/logistics-notify")
        paged = mailbox.wait_for("page", lambda message: message.path == "/logistics-page")
        messages = list(mailbox.messages)
    assert features(notified) == ["distance", "prep_time", "stairs"]
    assert {one["labels"]["model_id"] for one in notified.content["alerts"]} == {"eta_v12"}
    assert [one["labels"]["driftgauge"] for one in paged.content["alerts"]] == ["freshness"]
    assert len(messages) == 2


def test_a_log_that_is_not_read_silences_its_own_models_alone(tmp_path: Path) -> None:
    stale = {"alertname": "stale", "driftgauge": "exporter", "severity": "page", "log": "default"}
    with receiver() as mailbox, alertmanager(config(mailbox.url), tmp_path) as service:
        models = [
            alert("threshold", "eta_v12", "distance"),
            alert("freshness", "eta_v13"),
            alert("threshold", "b", log="b"),
        ]
        post(f"{service.url}/api/v2/alerts", [{"labels": stale}, *models])
        mailbox.wait_for("message to the platform team", lambda message: message.path == "/platform")
        notified = mailbox.wait_for("Slack message", lambda message: message.path == "/logistics-notify")
        assert len(mailbox.messages) == 2
    assert [one["labels"]["log"] for one in notified.content["alerts"]] == ["b"]
