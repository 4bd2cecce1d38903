"""The feature dashboard: one file for every feature of every model, chosen by variables."""

from __future__ import annotations

from collections.abc import Sequence

from generator import catalogue, conventions
from generator.promql import selector
from generator.render.dashboards import fields, grafana, marks, panels
from generator.render.dashboards.fields import Json
from generator.render.dashboards.grafana import About, Placed, Query, Section
from generator.render.dashboards.links import TAG
from generator.render.dashboards.queries import DAY, WEEK, chosen, latest, models
from metrics_exporter.windows import Window

NOW, BEFORE = "now", "a week earlier"
_MODEL = (chosen("predictor", "predictor"), chosen("model_id", "model"))
_SERIES = (*_MODEL, chosen("feature", "feature"))
_DEFAULTS, _NULLS, _UNSEEN = "ml_feature_default_ratio", "ml_feature_null_ratio", "ml_feature_unseen_ratio"
_SCORE = "ml_feature_drift_score"
_NO_FEATURE = "No such feature in this model and window"
_NO_NUMBERS = "No numbers: the feature is categorical, or had no values"
_NO_CATEGORIES = "Numeric, or no full day of history yet"
_STYLE = (
    fields.by_name(NOW, color=fields.fixed("blue"), custom__lineWidth=2),
    fields.by_name(BEFORE, color=fields.fixed("gray"), custom__lineStyle=fields.DASHED),
)


def render(windows: Sequence[Window]) -> bytes:
    """The JSON of the dashboard."""
    path = conventions.FEATURE_DASHBOARD_FILE
    return grafana.dashboard(
        uid=conventions.FEATURE_DASHBOARD_UID,
        title="Feature",
        description=f"One feature of one model, now and a week earlier. {conventions.generated_mark(path)}.",
        tags=[TAG],
        variables=_variables(windows),
        sections=[
            Section(_overview()),
            Section(_presence(), "Is it there, and known?", 10),
            Section(_drift(), "Is it like it was?", 30),
            Section(_numbers(), "Its values, when they are numbers", 20),
        ],
        links=[
            grafana.page_link("Fleet", f"/d/{conventions.FLEET_DASHBOARD_UID}", keep_variables=True),
            grafana.tag_link("Predictors", TAG),
        ],
        annotations=[
            marks.promotions(_MODEL[0]),
            marks.definition_changes(_MODEL[0], conventions.METRICS_FOLDER),
        ],
    )


def _variables(windows: Sequence[Window]) -> list[Json]:
    models_of, features_of = selector(catalogue.MODEL_INFO, _MODEL[0]), selector(_DEFAULTS, *_MODEL)
    return [
        grafana.datasource_variable(),
        grafana.query_variable("predictor", "Predictor", f"label_values({catalogue.MODEL_INFO}, predictor)"),
        grafana.query_variable("model", "Model", f"label_values({models_of}, model_id)"),
        grafana.query_variable("feature", "Feature", f"label_values({features_of}, feature)"),
        grafana.choice_variable("window", "Window", list(map(str, windows))),
    ]


def _overview() -> list[Placed]:
    predictions = panels.about(1, catalogue.PREDICTIONS, title="Model's predictions", no_value="The model made none")
    role = About(4, "Role", "What the model is to its predictor, by the registry.", "string", "Not seen for an hour")
    return [
        grafana.stat(predictions, Query(latest(catalogue.PREDICTIONS, *_MODEL), "predictions"), width=6),
        _stat(2, _DEFAULTS),
        _stat(3, _NULLS),
        grafana.stat(role, Query(f"group by (role) ({models(*_MODEL)})", "{{role}}"), text_mode="name", width=6),
    ]


def _presence() -> list[Placed]:
    return [
        _course(11, _DEFAULTS, _NO_FEATURE, soft_high=0.05, width=6),
        _course(12, _NULLS, _NO_FEATURE, soft_high=0.05, width=6),
        _course(13, _UNSEEN, _NO_CATEGORIES, soft_high=0.05, width=6),
        _course(14, catalogue.FEATURE_VALUES, _NO_FEATURE, width=6),
    ]


def _drift() -> list[Placed]:
    score = panels.about(32, _SCORE, no_value=panels.NO_SCORE)
    return [
        panels.psi(31, "ml_feature", "PSI", _SERIES),
        grafana.timeseries(
            score,
            [Query(latest(_SCORE, *_SERIES, window=DAY), "score")],
            low=0,
            soft_high=1.5,
            thresholds=fields.threshold_steps(None, 1),
        ),
    ]


def _numbers() -> list[Placed]:
    return [
        _distribution(21, "Distribution", "blue"),
        _distribution(22, "Distribution a week earlier", "gray", offset=WEEK),
        _course(23, "ml_feature_mean", _NO_NUMBERS),
        _course(24, "ml_feature_stddev", _NO_NUMBERS),
        _course(25, "ml_feature_min", _NO_NUMBERS),
        _course(26, "ml_feature_max", _NO_NUMBERS),
    ]


def _stat(panel_id: int, metric: str) -> Placed:
    told = panels.about(panel_id, metric, no_value="No such feature")
    return grafana.stat(told, Query(latest(metric, *_SERIES), told.title.lower()), width=6)


def _course(panel_id: int, metric: str, no_value: str, *, soft_high: float | None = None, width: int = 12) -> Placed:
    """A metric over time, and the same range a week earlier as a dashed line."""
    now, before = latest(metric, *_SERIES), latest(metric, *_SERIES, offset=WEEK)
    return grafana.timeseries(
        panels.about(panel_id, metric, no_value=no_value),
        [Query(now, NOW), Query(before, BEFORE)],
        low=catalogue.BY_NAME[metric].low,
        soft_high=soft_high,
        overrides=_STYLE,
        width=width,
    )


def _distribution(panel_id: int, title: str, color: str, *, offset: str = "") -> Placed:
    metric = "ml_feature_quantile"
    more = "Nine of ten values lie in the band, half of them in its darker part; the line is the median."
    told = panels.about(panel_id, metric, title=title, no_value=_NO_NUMBERS, more=more)
    return panels.distribution(told, metric, _SERIES, color=color, offset=offset)
