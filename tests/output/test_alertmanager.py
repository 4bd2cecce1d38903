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


def real_config(url: str) -> dict[str, Any]:
    """The example as it is, but quick, with its own Slack and PagerDuty receivers pointed at a local one."""
    content: dict[str, Any] = yaml.safe_load(prometheus.render(registry())[EXAMPLE])
    content["route"] |= {"group_wait": "1s", "group_interval": "1s"}
    for one in content["receivers"]:
        for slack in one.get("slack_configs", ()):
            del slack["api_url_file"]
            slack["api_url"] = f"{url}/slack"
        for pagerduty in one.get("pagerduty_configs", ()):
            del pagerduty["routing_key_file"]
            pagerduty |= {"routing_key": "0" * 32, "url": f"{url}/enqueue"}
    return content


def told(name: str, severity: str, **changes: Any) -> dict[str, Any]:
    """An alert with the annotations that rules have."""
    annotations = {
        "summary": f"{name} is too high",
        "description": f"{name} is too high.\nLook at: the panel.",
        "dashboard": "/d/dg-eta?viewPanel=7",
        "runbook_url": "https://runbooks.example.com/ml",
    }
    return alert("threshold", "eta_v12", name, severity) | {"annotations": annotations} | changes


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


def test_an_exporter_that_is_gone_silences_all_models(tmp_path: Path) -> None:
    gone = {"alertname": "driftgauge: exporter unreachable", "driftgauge": "exporter", "severity": "page"}
    with receiver() as mailbox, alertmanager(config(mailbox.url), tmp_path) as service:
        models = [alert("threshold", "eta_v12", "distance"), alert("freshness", "b", log="b", severity="page")]
        post(f"{service.url}/api/v2/alerts", [{"labels": gone}, *models])
        mailbox.wait_for("message to the platform team", lambda message: message.path == "/platform")
        assert len(mailbox.messages) == 1


def test_a_page_says_what_is_wrong_and_where_to_look(tmp_path: Path) -> None:
    with receiver() as mailbox, alertmanager(real_config(mailbox.url), tmp_path) as service:
        post(f"{service.url}/api/v2/alerts", [told("distance", "page"), told("prep_time", "page")])
        event = mailbox.wait_for("page", lambda message: message.path == "/enqueue").content
    payload = event["payload"]
    assert payload["summary"] == "distance is too high (1 of 2 alerts)"
    assert event["client"] == "driftgauge"
    assert event["client_url"] == "https://grafana.example.com/d/dg-eta?viewPanel=7"
    assert payload["custom_details"]["firing"] == "".join(
        f"{name} is too high.\nLook at: the panel.\n" for name in ("distance", "prep_time")
    )
    assert payload["custom_details"]["runbook"] == "https://runbooks.example.com/ml"


def test_slack_lists_what_is_resolved_apart_from_what_fires(tmp_path: Path) -> None:
    with receiver() as mailbox, alertmanager(real_config(mailbox.url), tmp_path) as service:
        firing, ended = told("distance", "notify"), told("prep_time", "notify")
        post(f"{service.url}/api/v2/alerts", [firing, ended])
        mailbox.wait_for("Slack message", lambda message: message.path == "/slack")
        over = {"startsAt": "2026-01-01T00:00:00Z", "endsAt": "2026-01-01T01:00:00Z"}
        post(f"{service.url}/api/v2/alerts", [firing, ended | over])
        message = mailbox.wait_for("resolution", lambda message: "Resolved" in str(message.content))
    (attachment,) = message.content["attachments"]
    above, below = attachment["text"].split("*Resolved*")
    assert attachment["title"] == "1 firing, 1 resolved: eta_prediction"
    assert ("distance is too high" in above, "prep_time" in above) == (True, False)
    assert ("prep_time is too high" in below, "distance" in below) == (True, False)
    assert "<https://grafana.example.com/d/dg-eta?viewPanel=7|Panel> <https://runbooks.example.com/ml|Runbook>" in above
