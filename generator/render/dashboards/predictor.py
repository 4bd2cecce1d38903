"""The dashboard of a predictor: its models side by side, its features ranked, its alerts drawn."""

from __future__ import annotations

from generator import catalogue, conventions
from generator.model import Evaluation, Feature, Model, Predictor
from generator.promql import any_matcher, matcher, quote, selector
from generator.render.dashboards import alerts, fields, grafana, links, marks, panels, words
from generator.render.dashboards.grafana import About, Placed, Query, Section
from generator.render.dashboards.links import TAG
from generator.render.dashboards.queries import DAY, WEEK, among, latest, moved, ranked

RANKED = 25
LINES = 10
EXPECTED = 6  # of the features: a panel each
_MEAN, _QUANTILE = "ml_prediction_mean", "ml_prediction_quantile"
_DEFAULTS, _NULLS = "ml_feature_default_ratio", "ml_feature_null_ratio"
_SCORE = "ml_feature_drift_score"
_LABELLED = "ml_evaluation_labelled_ratio"
_NO_PREDICTIONS = "No predictions in this time range"
_NO_FEATURES = "No features in this time range"
_IN_THE_PREDICTIONS_UNIT = frozenset({"mae", "rmse", "bias", "median_absolute_error"})


def render(predictor: Predictor) -> bytes:
    """The JSON of the predictor's dashboard."""
    path = conventions.predictor_dashboard_file(predictor.id)
    definitions = (conventions.definitions_file(predictor.id), conventions.CATALOGUE_DEFINITIONS_FILE)
    sections = [
        Section(_overview(predictor)),
        Section(_predictions(predictor), "Predictions", 100),
        Section(_features(predictor), "Features", 200),
    ]
    if expected := _expected(predictor):
        sections.append(Section(expected, "Expected values", 400))
    if predictor.evaluation is not None:
        sections.append(Section(_evaluation(predictor, predictor.evaluation), "Evaluation against actuals", 300))
    if predictor.alerts:
        sections.append(Section(alerts.panels(predictor), "Alerts", 900))
    return grafana.dashboard(
        uid=conventions.predictor_dashboard_uid(predictor.origin),
        title=words.title(predictor.title),
        description=f"The models and features of {words.code(predictor.id)}. {conventions.generated_mark(path)}.",
        tags=[TAG],
        variables=[
            grafana.datasource_variable(),
            grafana.choice_variable("window", "Window", list(map(str, predictor.windows))),
        ],
        sections=sections,
        links=[
            grafana.page_link("Fleet", f"/d/{conventions.FLEET_DASHBOARD_UID}", keep_variables=True),
            grafana.page_link("Features", _features_url(predictor), keep_variables=True),
            grafana.tag_link("Other predictors", TAG),
        ],
        annotations=[marks.promotions(_of(predictor)), marks.definition_changes(_of(predictor), *definitions)],
    )


def _features_url(predictor: Predictor) -> str:
    chosen = f"var-predictor={links.encoded(predictor.id)}&var-model={links.encoded(predictor.primary.id)}"
    return f"/d/{conventions.FEATURE_DASHBOARD_UID}?{chosen}"


def _of(predictor: Predictor) -> str:
    """Its series, also those from before it was renamed: the lines go on."""
    return any_matcher("predictor", (predictor.id, *predictor.was))


def _overview(predictor: Predictor) -> list[Placed]:
    primary = (_of(predictor), matcher("model_id", predictor.primary.id))
    age = f"time() - {latest(catalogue.WINDOW_END, *primary)}"
    return [
        grafana.text(
            1, "Who and what", "Owner and models, as the registry has them.", _who(predictor), width=10, height=6
        ),
        grafana.stat(
            About(2, "Predictions", "Of the primary model in the latest window.", "short", "No window yet"),
            Query(latest(catalogue.PREDICTIONS, *primary), "predictions"),
            height=6,
        ),
        grafana.stat(
            About(
                3,
                "Age of the latest window",
                "Time since the end of the latest window. It grows to one window and the settling time, then falls "
                "back; when it grows on, the exporter or its warehouse is behind: see the fleet dashboard.",
                "s",
                "No window yet",
            ),
            Query(age, "age"),
            height=6,
        ),
        grafana.alert_list(
            4,
            "Alerts",
            "What fires, or is about to, for this predictor. Each names the panel below that shows why.",
            f"{{{_of(predictor)}}}",
            width=6,
            height=6,
        ),
    ]


def _who(predictor: Predictor) -> str:
    team = predictor.team
    reached = [words.code(name) for name in (team.slack_channel, team.pagerduty_service) if name]
    shadows = [words.code(model.id) for model in predictor.models[1:]]
    lines = [
        f"**{words.markdown(predictor.title)}** ({words.code(predictor.id)}, {words.markdown(predictor.task)})",
        f"Team **{words.markdown(team.id)}**" + (f", reached at {' and '.join(reached)}" if reached else ""),
        f"Primary: {words.code(predictor.primary.id)}. Shadows: {', '.join(shadows) or 'none'}",
    ]
    if team.runbook_url:
        lines.append(words.link("Runbook", team.runbook_url))
    return "\n\n".join(lines)


def _predictions(predictor: Predictor) -> list[Placed]:
    shared = [
        _beside_a_week_earlier(predictor, 101, catalogue.PREDICTIONS, title="Predictions per window"),
        _beside_a_week_earlier(predictor, 102, _MEAN, title="Mean prediction", unit=words.unit_id(predictor.unit)),
        *(_distribution(predictor, model, index) for index, model in enumerate(predictor.models)),
        _drift_of_primary(predictor),
    ]
    return [*shared, _beside_primary(predictor)] if len(predictor.models) > 1 else shared


def _beside_a_week_earlier(predictor: Predictor, panel_id: int, metric: str, *, title: str, unit: str = "") -> Placed:
    """A metric of every model, and the primary's a week earlier as a dashed line."""
    of, primary = _of(predictor), matcher("model_id", predictor.primary.id)
    week_earlier = fields.by_regex("/, a week earlier$/", color=fields.fixed("gray"), custom__lineStyle=fields.DASHED)
    return grafana.timeseries(
        panels.about(panel_id, metric, title=title, unit=unit, no_value=_NO_PREDICTIONS),
        [
            Query(latest(metric, of), "{{model_id}}"),
            Query(latest(metric, of, primary, offset=WEEK), "{{model_id}}, a week earlier"),
        ],
        low=catalogue.BY_NAME[metric].low,
        overrides=[*alerts.colours(predictor), week_earlier],
    )


def _distribution(predictor: Predictor, model: Model, index: int) -> Placed:
    told = panels.about(
        110 + index,
        _QUANTILE,
        title=words.title(f"Distribution of {model.id} ({model.role})"),
        unit=words.unit_id(predictor.unit),
        no_value=_NO_PREDICTIONS,
        more="Nine of ten predictions lie in the band, half of them in its darker part; the line is the median.",
    )
    mine = (_of(predictor), matcher("model_id", model.id))
    width = grafana.GRID_WIDTH // min(3, len(predictor.models))
    return panels.distribution(told, _QUANTILE, mine, color=alerts.colour(index), width=width)


def _drift_of_primary(predictor: Predictor) -> Placed:
    primary = (_of(predictor), matcher("model_id", predictor.primary.id))
    return panels.psi(104, "ml_prediction", "PSI of the primary's predictions", primary)


def _beside_primary(predictor: Predictor) -> Placed:
    of, primary = _of(predictor), quote(predictor.primary.id)
    others, served = latest(_MEAN, of, f"model_id!={primary}"), latest(_MEAN, of, f"model_id={primary}")
    told = About(
        103,
        "Mean prediction minus the primary's",
        "0 when a shadow and the primary agree on the whole.\n\n**When it jumps,** one of them changed, or reads a "
        "feature differently: compare their features before a promotion.",
        words.unit_id(predictor.unit),
        "No predictions of both",
    )
    difference = Query(f"{others} - on (predictor) group_left () {served}", "{{model_id}}")
    return grafana.timeseries(told, [difference], overrides=alerts.colours(predictor), width=24, height=6)


def _features(predictor: Predictor) -> list[Placed]:
    return [
        _ranked(predictor, 201, _DEFAULTS, "Default ratio, ranked", "No feature used its default, or nothing was read"),
        _ranked(predictor, 202, _NULLS, "Null ratio, ranked", "No feature is missing, or nothing was read"),
        _course(predictor, 203, _DEFAULTS, "Default ratio of the primary"),
        _course(predictor, 204, _NULLS, "Null ratio of the primary"),
        _drifted(predictor),
        _most_drifted(predictor),
        _moved(predictor),
    ]


def _drifted(predictor: Predictor) -> Placed:
    """How many features of each model drifted."""
    return grafana.timeseries(
        panels.about(206, catalogue.DRIFTED_FEATURES, no_value=panels.NO_SCORE),
        [Query(latest(catalogue.DRIFTED_FEATURES, _of(predictor), window=DAY), "{{model_id}}")],
        low=0,
        overrides=alerts.colours(predictor),
    )


def _most_drifted(predictor: Predictor) -> Placed:
    """The features that drifted most, down; the models across."""
    return _by_feature(
        predictor,
        panels.about(
            207, _SCORE, title="Drift score, ranked", no_value=panels.NO_SCORE, more="Click a value to see why."
        ),
        ranked(_SCORE, _of(predictor), count=RANKED, window=DAY),
        high=2,
        decimals=2,
    )


def _ranked(predictor: Predictor, panel_id: int, metric: str, title: str, no_value: str) -> Placed:
    """The worst features down, the models across."""
    told = panels.about(
        panel_id, metric, title=title, no_value=no_value, more="Click a value for that model's feature."
    )
    return _by_feature(predictor, told, ranked(metric, _of(predictor), count=RANKED), high=1, decimals=1)


def _by_feature(predictor: Predictor, told: About, expr: str, *, high: float, decimals: int) -> Placed:
    """A table of features down and models across; every value leads to the feature of that model."""
    mine, primary = links.encoded(predictor.id), links.encoded(predictor.primary.id)
    of_model, of_primary = (
        links.to_feature(panels.LOOK_AT_FEATURE, predictor=mine, model=model, feature=links.field(0)).to_json()
        for model in (links.COLUMN, primary)
    )
    return grafana.table(
        told,
        [Query(expr, table=True)],
        transformations=fields.matrix("feature", "model_id"),
        sort_by=predictor.primary.id,
        overrides=[
            fields.by_regex(
                r"/^(?!feature\\model_id$)/", custom__cellOptions=fields.CELL_GAUGE, decimals=decimals, links=[of_model]
            ),
            fields.by_name("feature\\model_id", displayName="Feature", links=[of_primary]),
        ],
        low=0,
        high=high,
    )


def _course(predictor: Predictor, panel_id: int, metric: str, title: str) -> Placed:
    of = (_of(predictor), matcher("model_id", predictor.primary.id))
    more = f"The {LINES} features that it struck most: by the predictions concerned in any window of the time range."
    ratio = latest(metric, *of)
    struck = f"{ratio} * on (predictor, model_id) group_left () {latest(catalogue.PREDICTIONS, *of)}"
    return grafana.timeseries(
        panels.about(panel_id, metric, title=title, no_value=_NO_FEATURES, more=more),
        [Query(among(ratio, LINES, by=struck), "{{feature}}")],
        low=0,
        soft_high=0.05,
        links=[panels.feature_line_link(links.encoded(predictor.id))],
        worst="max",
    )


def _moved(predictor: Predictor) -> Placed:
    told = About(
        205,
        "Features whose mean moved most in a week",
        panels.MEANS_MOVED,
        "suffix:σ",
        "Nothing to compare: no numbers, or no week of history",
    )
    change = moved("ml_feature_mean", _of(predictor), by="ml_feature_stddev")
    mine = links.encoded(predictor.id)
    return panels.moves(told, change, LINES, ("feature", "model_id"), predictor=mine, width=24)


def _expected(predictor: Predictor) -> list[Placed]:
    """The extremes of features of which the registry says what makes sense, beside that; the most important ones."""
    known = (one for one in predictor.features if (one.expect_min, one.expect_max) != (None, None))
    chosen = sorted(known, key=lambda feature: -(feature.importance or 0))[:EXPECTED]
    return [_extremes(predictor, feature) for feature in chosen]


def _extremes(predictor: Predictor, feature: Feature) -> Placed:
    of = (_of(predictor), matcher("model_id", predictor.primary.id), matcher("feature", feature.name))
    told = About(
        conventions.expected_panel_id(feature.name),
        words.title(feature.name),
        "Smallest and greatest value of the primary's feature in each window; red is what the registry does not expect."
        "\n\n**When a line is in the red:** a unit mix-up, a sentinel such as -1 or 9999, or an `expect` that is too "
        "narrow.",
        words.unit_id(feature.unit),
        "No numbers: the feature is categorical, or had no values",
    )
    return grafana.timeseries(
        told,
        [Query(latest(metric, *of), name) for metric, name in (("ml_feature_max", "max"), ("ml_feature_min", "min"))],
        thresholds=fields.threshold_steps(feature.expect_min, feature.expect_max),
        width=8,
        height=6,
    )


def _evaluation(predictor: Predictor, evaluation: Evaluation) -> list[Placed]:
    labelled = panels.about(301, _LABELLED, no_value="No actuals yet")
    series = Query(latest(_LABELLED, _of(predictor)), "{{model_id}}")
    return [
        *(_metric(predictor, name, 310 + index) for index, name in enumerate(evaluation.metrics)),
        grafana.timeseries(labelled, [series], low=0, high=1, overrides=alerts.colours(predictor)),
    ]


def _metric(predictor: Predictor, name: str, panel_id: int) -> Placed:
    of = (_of(predictor), matcher("metric", name))
    training = f"max by (model_id) (last_over_time({selector('ml_training_evaluation', *of)}[1h]))"
    told = panels.about(
        panel_id,
        "ml_evaluation",
        title=words.title(name),
        unit=words.unit_id(predictor.unit if name in _IN_THE_PREDICTIONS_UNIT else None),
        no_value="No window has matured yet",
        more="Dashed: the same figure on the training evaluation set.",
    )
    dashed = fields.by_regex("/, in training$/", color=fields.fixed("gray"), custom__lineStyle=fields.DASHED)
    return grafana.timeseries(
        told,
        [Query(latest("ml_evaluation", *of), "{{model_id}}"), Query(training, "{{model_id}}, in training")],
        overrides=[*alerts.colours(predictor), dashed],
    )
