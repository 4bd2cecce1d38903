"""Grafana dashboards: the fleet, one a predictor, and one for any feature."""

from __future__ import annotations

from generator import conventions
from generator.model import Registry
from generator.render.dashboards import feature, fleet, predictor


def render(registry: Registry) -> dict[str, bytes]:
    """The dashboards' JSON by path, relative to the output folder."""
    return {
        conventions.FLEET_DASHBOARD_FILE: fleet.render(registry.predictors),
        conventions.FEATURE_DASHBOARD_FILE: feature.render(),
        **{conventions.predictor_dashboard_file(one.id): predictor.render(one) for one in registry.predictors},
    }
