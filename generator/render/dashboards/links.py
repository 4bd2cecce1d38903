"""Addresses from dashboard to dashboard: fleet → predictor → feature, with time range and variables kept."""

from __future__ import annotations

from urllib.parse import quote

from generator import conventions
from generator.render.dashboards.grafana import Link

TAG = "driftgauge"
_KEPT = "${__url_time_range}&var-datasource=${datasource:percentencode}"


def encoded(value: str) -> str:
    """A fixed value in an address; Grafana finds no variable in it."""
    return quote(value, safe="")


def label(name: str) -> str:
    """The label of the series that was clicked."""
    return f"${{__field.labels.{name}:percentencode}}"


def field(name: str | int) -> str:
    """The cell of the row that was clicked, by the field's name or place."""
    path = f"fields[{name}]" if isinstance(name, int) else f"fields.{name}"
    return f"${{__data.{path}:percentencode}}"


COLUMN = "${__field.name:percentencode}"
CHOSEN_WINDOW = "${window:percentencode}"


def to_feature(title: str, *, predictor: str, model: str, feature: str, window: str = CHOSEN_WINDOW) -> Link:
    """A link to the feature dashboard; the values are encoded already."""
    values = {"predictor": predictor, "model": model, "feature": feature, "window": window}
    variables = "".join(f"&var-{name}={value}" for name, value in values.items())
    return Link(title, f"/d/{conventions.FEATURE_DASHBOARD_UID}?{_KEPT}{variables}")


def to_predictor(*, uid: str, predictor: str) -> Link:
    """A link to the dashboard with this UID, a predictor's or, for one that has none, the feature dashboard."""
    return Link("Open its dashboard", f"/d/{uid}?{_KEPT}&var-predictor={predictor}&var-window={CHOSEN_WINDOW}")
