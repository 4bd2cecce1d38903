"""The feature dashboard: one file for every feature of every model, chosen by variables."""

from __future__ import annotations

from generator import catalogue, conventions
from generator.promql import variable
from generator.render.dashboards import grafana
from generator.render.dashboards.grafana import About, Json, Placed, Query, Section
from generator.render.dashboards.links import TAG
from generator.render.dashboards.queries import WEEK, latest, models
from metrics_exporter.definitions import WINDOW_SECONDS

NOW, BEFORE = "now", "a week earlier"
_MODEL = (f"predictor={variable('predictor')}", f"model_id={variable('model')}")
_SERIES = (*_MODEL, f"feature={variable('feature')}")
_QUANTILES = (("0.95", "P95"), ("0.75", "P75"), ("0.5", "median"), ("0.25", "P25"), ("0.05", "P5"))
_NO_NUMBERS = "No numbers: the feature is categorical, or had no values"
_STYLE = (
    grafana.by_name(NOW, color=grafana.fixed("blue"), custom__lineWidth=2),
    grafana.by_name(BEFORE, color=grafana.fixed("gray"), custom__lineStyle={"fill": "dash", "dash": [6, 6]}),
)


def render() -> bytes:
    """The JSON of the dashboard."""
    path = conventions.FEATURE_DASHBOARD_FILE
    return grafana.dashboard(
        uid=conventions.FEATURE_DASHBOARD_UID,
        title="Feature",
        description=f"One feature of one model, now and a week earlier. {conventions.generated_mark(path)}.",
        tags=[TAG],
        variables=_variables(),
        sections=[
            Section(_overview()),
            Section(_presence(), "Is it there?", 10),
            Section(_numbers(), "Its values, when they are numbers", 20),
            Section(_categories(), "Its values, when they are categories", 30),
        ],
        links=[
            grafana.page_link("Fleet", f"/d/{conventions.FLEET_DASHBOARD_UID}", keep_variables=True),
            grafana.tag_link("Predictors", TAG),
        ],
    )


def _variables() -> list[Json]:
    models_of = f"{catalogue.MODEL_INFO}{{{_MODEL[0]}}}"
    features_of = f"ml_feature_default_ratio{{{','.join(_MODEL)}}}"
    return [
        grafana.datasource_variable(),
        grafana.query_variable("predictor", "Predictor", f"label_values({catalogue.MODEL_INFO}, predictor)"),
        grafana.query_variable("model", "Model", f"label_values({models_of}, model_id)"),
        grafana.query_variable("feature", "Feature", f"label_values({features_of}, feature)"),
        grafana.choice_variable("window", "Window", list(WINDOW_SECONDS)),
    ]


def _now_and_before(metric: str) -> list[Query]:
    return [Query(latest(metric, *_SERIES), NOW), Query(latest(metric, *_SERIES, offset=WEEK), BEFORE)]


def _overview() -> list[Placed]:
    role = models(*_MODEL)
    return [
        grafana.stat(
            About(
                1,
                "Model's predictions",
                "Predictions of the model in the latest window: every ratio below is a share of them.",
                "short",
                "The model made none",
            ),
            Query(latest(catalogue.PREDICTIONS, *_MODEL)),
            width=6,
        ),
        _ratio_stat(2, "ml_feature_default_ratio", "No such feature in this model"),
        _ratio_stat(3, "ml_feature_null_ratio", "No such feature in this model"),
        grafana.stat(
            About(4, "Role", "What the model is to its predictor, by the registry.", "string", "Not seen for an hour"),
            Query(f"group by (role) ({role})", "{{role}}"),
            text_mode="name",
            width=6,
        ),
    ]


def _ratio_stat(panel_id: int, metric: str, no_value: str) -> Placed:
    entry = catalogue.BY_NAME[metric]
    about = About(
        panel_id, entry.title, f"{entry.definition.help} When it rises: {entry.rise}", "percentunit", no_value
    )
    return grafana.stat(about, Query(latest(metric, *_SERIES)), width=6)


def _ratio(panel_id: int, metric: str, no_value: str, *, width: int = 12) -> Placed:
    entry = catalogue.BY_NAME[metric]
    description = f"{entry.definition.help} When it rises: {entry.rise}"
    about = About(panel_id, entry.title, description, "percentunit", no_value)
    return grafana.timeseries(about, _now_and_before(metric), low=0, soft_high=0.05, overrides=_STYLE, width=width)


def _value(panel_id: int, metric: str, *, low: float | None = None) -> Placed:
    entry = catalogue.BY_NAME[metric]
    about = About(panel_id, entry.title, f"{entry.definition.help} When it rises: {entry.rise}", "short", _NO_NUMBERS)
    return grafana.timeseries(about, _now_and_before(metric), low=low, overrides=_STYLE, width=12)


def _presence() -> list[Placed]:
    values = catalogue.BY_NAME[catalogue.FEATURE_VALUES]
    about = About(
        13,
        values.title,
        f"{values.definition.help} When it rises: {values.rise}",
        "short",
        "No such feature in this model",
    )
    return [
        _ratio(11, "ml_feature_default_ratio", "No such feature in this model", width=8),
        _ratio(12, "ml_feature_null_ratio", "No such feature in this model", width=8),
        grafana.timeseries(about, _now_and_before(catalogue.FEATURE_VALUES), low=0, overrides=_STYLE, width=8),
    ]


def _numbers() -> list[Placed]:
    return [
        _quantiles(21, "Distribution", offset=""),
        _quantiles(22, "Distribution a week earlier", offset=WEEK),
        _value(23, "ml_feature_mean"),
        _value(24, "ml_feature_stddev", low=0),
        _value(25, "ml_feature_min"),
        _value(26, "ml_feature_max"),
    ]


def _quantiles(panel_id: int, title: str, *, offset: str) -> Placed:
    entry = catalogue.BY_NAME["ml_feature_quantile"]
    queries = [
        Query(latest(entry.name, *_SERIES, f'quantile="{quantile}"', offset=offset), name)
        for quantile, name in _QUANTILES
    ]
    description = f"Nine of ten values lie in the band, half of them in its darker part. {entry.rise}"
    about = About(panel_id, title, description, "short", _NO_NUMBERS)
    return grafana.timeseries(
        about, queries, overrides=grafana.band("gray" if offset else "blue"), calcs=["lastNotNull"]
    )


def _categories() -> list[Placed]:
    return [_ratio(31, "ml_feature_unseen_ratio", "Not categorical, or no full day of history yet", width=24)]
