"""An example of the Prometheus configuration: scrape the exporter, evaluate the rules, tell the Alertmanager."""

from __future__ import annotations

from generator.conventions import PROMETHEUS_FOLDER
from generator.render.yaml_files import yaml_file

_FILE = f"{PROMETHEUS_FOLDER}/scrape.example.yaml"
_ABOUT = "An example: copy what you need into your Prometheus' configuration, which is yours to keep."


def render() -> dict[str, bytes]:
    """The example, by path relative to the output folder."""
    job = {
        "job_name": "driftgauge",
        "scrape_interval": "60s",
        "scrape_timeout": "30s",
        "static_configs": [{"targets": ["localhost:9877"]}],
        # A fixed instance: an exporter that moves to another host goes on with the same series.
        "relabel_configs": [{"target_label": "instance", "replacement": "driftgauge"}],
    }
    content = {
        "global": {"scrape_interval": "60s", "evaluation_interval": "60s"},
        "rule_files": ["rules/*.yaml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["localhost:9093"]}]}]},
        "scrape_configs": [job],
    }
    return {_FILE: yaml_file(_FILE, content, _ABOUT)}
