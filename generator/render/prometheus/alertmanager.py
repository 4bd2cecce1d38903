"""An example of the Alertmanager configuration: by severity, to the team's Slack channel or PagerDuty service."""

from __future__ import annotations

from typing import Any

from generator.conventions import PROMETHEUS_FOLDER, UNREACHABLE_RULE, health_rule_name, stem
from generator.model import AlertSeverity, Registry, Team
from generator.render.yaml_files import yaml_file

_FILE = f"{PROMETHEUS_FOLDER}/alertmanager.example.yaml"
_ABOUT = """An example: copy what you need into your Alertmanager's configuration, which is yours to keep.
Secrets are read from files; `platform` gets the alerts about the exporter itself.
Put your Grafana's address in the place of https://grafana.example.com."""
_SECRETS = "/etc/alertmanager/secrets"
_PLATFORM = "platform"
_LINE = """{{ .Annotations.summary }}
{{ with .Annotations.dashboard }}<https://grafana.example.com{{ . }}|Panel>{{ end }}\
{{ with .Annotations.runbook_url }} <{{ . }}|Runbook>{{ end }}
"""
_SLACK = {
    "title": "{{ len .Alerts.Firing }} firing, {{ len .Alerts.Resolved }} resolved: {{ .CommonLabels.predictor }}",
    "text": "".join(
        [
            *("{{ range .Alerts.Firing }}", _LINE, "{{ end }}"),
            *("{{ with .Alerts.Resolved }}*Resolved*\n{{ range . }}", _LINE, "{{ end }}{{ end }}"),
        ]
    ),
}
_PAGERDUTY = {
    "description": "{{ with index .Alerts 0 }}{{ .Annotations.summary }}{{ end }}"
    "{{ if gt (len .Alerts) 1 }} (1 of {{ len .Alerts }} alerts){{ end }}",
    "client": "driftgauge",
    "client_url": "https://grafana.example.com{{ with index .Alerts 0 }}{{ .Annotations.dashboard }}{{ end }}",
    "details": {
        "firing": "{{ range .Alerts.Firing }}{{ .Annotations.description }}\n{{ end }}",
        "resolved": "{{ range .Alerts.Resolved }}{{ .Annotations.summary }}\n{{ end }}",
        "runbook": "{{ with index .Alerts 0 }}{{ .Annotations.runbook_url }}{{ end }}",
    },
}
_OWN = 'driftgauge=~".+"'


def render(registry: Registry) -> dict[str, bytes]:
    """The example, by path relative to the output folder."""
    receivers = [receiver for team in registry.teams for receiver in _receivers(team)]
    content = {
        "route": {
            "receiver": _PLATFORM,
            "group_by": ["predictor", "model_id", "severity"],  # one message a model
            "group_wait": "1m",
            "group_interval": "10m",
            "repeat_interval": "12h",
            "routes": [route for team in registry.teams for route in _routes(team)],
        },
        "inhibit_rules": [
            {  # a model that is silent says nothing of its features
                "source_matchers": ['driftgauge="freshness"'],
                "target_matchers": ['driftgauge="threshold"'],
                "equal": ["predictor", "model_id"],
            },
            {  # a log that is not read says nothing of its models
                "source_matchers": ['driftgauge="exporter"', 'severity="page"'],
                "target_matchers": ['driftgauge=~"freshness|threshold"'],
                "equal": ["log"],
            },
            {  # an exporter that is gone says nothing of any
                "source_matchers": [_matcher("alertname", health_rule_name(UNREACHABLE_RULE))],
                "target_matchers": ['driftgauge=~"freshness|threshold"'],
            },
        ],
        "receivers": [{"name": _PLATFORM}, *receivers],
    }
    return {_FILE: yaml_file(_FILE, content, _ABOUT)}


def _routes(team: Team) -> list[dict[str, Any]]:
    return [
        {"receiver": receiver, "matchers": [_OWN, _matcher("team", team.id), _matcher("severity", str(severity))]}
        for severity, receiver in _receiver_names(team).items()
    ]


def _receivers(team: Team) -> list[dict[str, Any]]:
    names, secret = _receiver_names(team), f"{_SECRETS}/{stem(team.id)}"
    receivers: list[dict[str, Any]] = []
    if AlertSeverity.PAGE in names:
        pagerduty = {"routing_key_file": f"{secret}-pagerduty-routing-key", "component": team.pagerduty_service}
        receivers.append({"name": names[AlertSeverity.PAGE], "pagerduty_configs": [pagerduty | _PAGERDUTY]})
    if AlertSeverity.NOTIFY in names:
        slack = {"api_url_file": f"{secret}-slack-url", "channel": team.slack_channel, "send_resolved": True}
        receivers.append({"name": names[AlertSeverity.NOTIFY], "slack_configs": [slack | _SLACK]})
    return receivers


def _receiver_names(team: Team) -> dict[AlertSeverity, str]:
    reached = {AlertSeverity.PAGE: team.pagerduty_service, AlertSeverity.NOTIFY: team.slack_channel}
    return {severity: f"{team.id} {severity}" for severity, name in reached.items() if name}


def _matcher(label: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{label}="{escaped}"'
