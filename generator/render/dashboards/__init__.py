"""Grafana dashboards: the fleet, one a predictor, and one for any feature."""

from __future__ import annotations

from generator import conventions
from generator.model import Predictor, Registry
from generator.render.dashboards import feature, fleet, predictor
from generator.render.renderer import Files, Renderer


def _shared(registry: Registry) -> Files:
    return {
        conventions.FLEET_DASHBOARD_FILE: fleet.render(registry.predictors),
        conventions.FEATURE_DASHBOARD_FILE: feature.render(),
    }


def _predictor(one: Predictor) -> Files:
    return {conventions.predictor_dashboard_file(one.id): predictor.render(one)}


render = Renderer(_shared, _predictor)
