"""Grafana dashboards: the fleet, one a predictor, and one for any feature."""

from __future__ import annotations

from generator import conventions
from generator.alerting.rules import Rules
from generator.model import Predictor, Registry
from generator.render.dashboards import feature, fleet, predictor
from generator.render.renderer import Files, Renderer
from metrics_exporter.definitions import DEFAULT_CADENCE
from metrics_exporter.windows import Window


def _shared(registry: Registry) -> Files:
    windows = _windows(registry)
    return {
        conventions.FLEET_DASHBOARD_FILE: fleet.render(registry.predictors, windows),
        conventions.FEATURE_DASHBOARD_FILE: feature.render(windows),
    }


def _windows(registry: Registry) -> list[Window]:
    """The windows to choose from: the usual ones first, which unregistered predictors have, too."""
    registered = {window for predictor in registry.predictors for window in predictor.windows}
    return [*DEFAULT_CADENCE, *sorted(registered.difference(DEFAULT_CADENCE))]


def _predictor(one: Predictor, _: Rules) -> Files:
    return {conventions.predictor_dashboard_file(one.id): predictor.render(one)}


render = Renderer(_shared, _predictor)
