"""The same alerts for Prometheus and Alertmanager, with examples of the configuration around them."""

from __future__ import annotations

from generator.alerting.rules import Rules
from generator.model import Predictor, Registry
from generator.render.prometheus import alertmanager, scrape
from generator.render.prometheus.rules import exporter_rules, predictor_rules, written
from generator.render.renderer import Files, Renderer


def _shared(registry: Registry) -> Files:
    return {**written(exporter_rules(registry)), **alertmanager.render(registry), **scrape.render()}


def _predictor(predictor: Predictor, rules: Rules) -> Files:
    return written(predictor_rules(predictor, rules))


render = Renderer(_shared, _predictor)
