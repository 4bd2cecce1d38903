"""The marks on the time axis: what was changed there by people, and so may be why a line jumps."""

from __future__ import annotations

from generator import catalogue
from generator.promql import matcher, selector
from generator.render.dashboards import grafana
from generator.render.dashboards.fields import Json
from metrics_exporter.definitions import OwnMetric, Role


def promotions(predictor: str) -> Json:
    """A mark where another model becomes primary; `predictor` is the matcher of whose."""
    primary = selector(catalogue.MODEL_INFO, predictor, matcher("role", Role.PRIMARY))
    return grafana.annotation("Promotions", _begins(primary, "model_id"), "{{model_id}} becomes primary", "purple")


def definition_changes(predictor: str, *paths: str) -> Json:
    """A mark where something else is measured, or otherwise; its text names the output's paths that tell what."""
    return grafana.annotation(
        "Definition changes",
        _begins(selector(OwnMetric.DEFINITION_INFO, predictor), "digest"),
        "Definition changed to {{digest}}",
        "orange",
        text=f"What changed: git log -p {' '.join(f'output/{path}' for path in paths)}",
    )


def _begins(series: str, label: str) -> str:
    """Where the label has a value that it did not have one step before, while it had another.

    Looking half an hour back bridges a restart, and is less than the hour after which the exporter looks for changes
    again: one that is taken back has a mark, too. Of several exporters, the first one to change makes the mark.
    """
    before = f"last_over_time({series}[30m] offset $__interval)"
    return f"group by ({label}) (last_over_time({series}[5m])) unless on ({label}) {before} and on () group ({before})"
