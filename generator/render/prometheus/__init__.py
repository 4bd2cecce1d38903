"""The same alerts for Prometheus and Alertmanager, with examples of the configuration around them."""

from __future__ import annotations

from generator.model import Registry
from generator.render.prometheus import alertmanager, rules, scrape


def render(registry: Registry) -> dict[str, bytes]:
    """Rule files, and examples of the Alertmanager's and the Prometheus' configuration."""
    return {**rules.render(registry), **alertmanager.render(registry), **scrape.render()}
