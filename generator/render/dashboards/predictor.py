"""The dashboard of a predictor: its models side by side, its features ranked, its alerts drawn."""

from __future__ import annotations

from generator import catalogue, conventions
from generator.model import Evaluation, Model, Predictor
from generator.promql import matcher, quote
from generator.render.dashboards import alerts, grafana, links, words
from generator.render.dashboards.grafana import About, Json, Placed, Query, Section
from generator.render.dashboards.links import TAG
from generator.render.dashboards.queries import WEEK, extremes, furthest, latest, models, moved, ranked
from metrics_exporter.definitions import Role

RANKED = 25
MOVED = 10
_QUANTILES = (("0.95", "P95"), ("0.75", "P75"), ("0.5", "median"), ("0.25", "P25"), ("0.05", "P5"))
_ERRORS = frozenset({"mae", "rmse", "mse", "bias", "median_absolute_error"})  # in the prediction's unit (mse: squared)


def render(predictor: Predictor) -> bytes:
    """The JSON of the predictor's dashboard."""
    path = conventions.predictor_dashboard_file(predictor.id)
    sections = [
        Section(_overview(predictor)),
        Section(_predictions(predictor), "Predictions", 100),
        Section(_features(predictor), "Features", 200),
    ]
    if predictor.evaluation is not None:
        sections.append(Section(_evaluation(predictor, predictor.evaluation), "Evaluation against actuals", 300))
    if predictor.alerts:
        sections.append(Section(alerts.panels(predictor), "Alerts", 900))
    return grafana.dashboard(
        uid=conventions.predictor_dashboard_uid(predictor.id),
        title=words.plain(predictor.title),
        description=f"The models and features of {words.markdown(predictor.id)}. {conventions.generated_mark(path)}.",
        tags=[TAG],
        variables=[
            grafana.datasource_variable(),
            grafana.choice_variable("window", "Window", predictor.windows),
        ],
        sections=sections,
        links=[
            grafana.page_link("Fleet", f"/d/{conventions.FLEET_DASHBOARD_UID}", keep_variables=True),
            grafana.page_link("Features", _features_url(predictor), keep_variables=True),
            grafana.tag_link("Other predictors", TAG),
        ],
        annotations=[_promotions(predictor)],
    )


def _features_url(predictor: Predictor) -> str:
    chosen = f"var-predictor={links.encoded(predictor.id)}&var-model={links.encoded(predictor.primary.id)}"
    return f"/d/{conventions.FEATURE_DASHBOARD_UID}?{chosen}"


def _of(predictor: Predictor) -> str:
    return matcher("predictor", predictor.id)


def _promotions(predictor: Predictor) -> Json:
    """A mark where a model is primary that was not one step before, while another was."""
    primary = (_of(predictor), matcher("role", Role.PRIMARY))
    now, before = models(*primary, back="5m"), models(*primary, offset="$__interval")
    expr = f"group by (model_id) ({now}) unless on (model_id) {before} and on () group ({before})"
    return grafana.annotation("Promotions", expr, "{{model_id}} becomes primary", "purple")


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
    reached = [words.markdown(name) for name in (team.slack_channel, team.pagerduty_service) if name]
    shadows = [words.markdown(model.id) for model in predictor.models[1:]]
    lines = [
        f"**{words.markdown(predictor.title)}** ({words.markdown(predictor.id)}, {words.markdown(predictor.task)})",
        f"Team **{words.markdown(team.id)}**" + (f", reached at {' and '.join(reached)}" if reached else ""),
        f"Primary: **{words.markdown(predictor.primary.id)}**. Shadows: {', '.join(shadows) or 'none'}",
    ]
    if team.runbook_url:
        lines.append(words.link("Runbook", team.runbook_url))
    return "\n\n".join(lines)


def _describe(metric: str, more: str = "") -> str:
    entry = catalogue.BY_NAME[metric]
    return f"{entry.definition.help} When it rises: {entry.rise}{more}"


def _predictions(predictor: Predictor) -> list[Placed]:
    of, unit = _of(predictor), words.unit_id(predictor.unit)
    colours = alerts.colours(predictor)
    week_ago = grafana.by_regex("/a week earlier$/", custom__lineStyle={"fill": "dash", "dash": [6, 6]})
    primary = matcher("model_id", predictor.primary.id)
    mean = "ml_prediction_mean"
    panels = [
        grafana.timeseries(
            About(101, "Predictions per window", _describe(catalogue.PREDICTIONS), "short", "No predictions"),
            [
                Query(latest(catalogue.PREDICTIONS, of), "{{model_id}}"),
                Query(latest(catalogue.PREDICTIONS, of, primary, offset=WEEK), "{{model_id}}, a week earlier"),
            ],
            low=0,
            overrides=[*colours, week_ago],
        ),
        grafana.timeseries(
            About(102, "Mean prediction", _describe(mean), unit, "No predictions"),
            [
                Query(latest(mean, of), "{{model_id}}"),
                Query(latest(mean, of, primary, offset=WEEK), "{{model_id}}, a week earlier"),
            ],
            overrides=[*colours, week_ago],
        ),
        *(_distribution(predictor, model, index) for index, model in enumerate(predictor.models)),
    ]
    return [*panels, _beside_primary(predictor)] if len(predictor.models) > 1 else panels


def _distribution(predictor: Predictor, model: Model, index: int) -> Placed:
    entry = catalogue.BY_NAME["ml_prediction_quantile"]
    mine = (_of(predictor), matcher("model_id", model.id))
    queries = [Query(latest(entry.name, *mine, matcher("quantile", quantile)), name) for quantile, name in _QUANTILES]
    description = f"Nine of ten predictions lie in the band, half of them in its darker part. {entry.rise}"
    about = About(
        110 + index,
        f"Distribution of {words.plain(model.id)} ({model.role})",
        description,
        words.unit_id(predictor.unit),
        "No predictions",
    )
    return grafana.timeseries(about, queries, overrides=grafana.band(alerts.colour(index)), calcs=["lastNotNull"])


def _beside_primary(predictor: Predictor) -> Placed:
    of, mean = _of(predictor), "ml_prediction_mean"
    primary = quote(predictor.primary.id)
    difference = (
        f"{latest(mean, of, f'model_id!={primary}')} - on (predictor) group_left () "
        f"{latest(mean, of, f'model_id={primary}')}"
    )
    about = About(
        103,
        "Mean prediction beside the primary's",
        "The shadow's mean minus the primary's: 0 when they agree on the whole. A jump means that one of them changed, "
        "or reads a feature differently; compare their features before a promotion.",
        words.unit_id(predictor.unit),
        "No predictions of both",
    )
    return grafana.timeseries(about, [Query(difference, "{{model_id}}")], overrides=alerts.colours(predictor))


def _features(predictor: Predictor) -> list[Placed]:
    return [
        _ranked(predictor, 201, "Default ratio, ranked", "ml_feature_default_ratio", "No feature used its default"),
        _ranked(predictor, 202, "Null ratio, ranked", "ml_feature_null_ratio", "No feature is missing anywhere"),
        _course(predictor, 203, "Default ratio of the primary, over time", "ml_feature_default_ratio"),
        _course(predictor, 204, "Null ratio of the primary, over time", "ml_feature_null_ratio"),
        _moved(predictor),
    ]


def _ranked(predictor: Predictor, panel_id: int, title: str, metric: str, no_value: str) -> Placed:
    about = About(panel_id, title, _describe(metric, " Click a value for the feature."), "percentunit", no_value)
    to_feature = links.to_feature(
        "Look at this feature", predictor=links.encoded(predictor.id), model=links.COLUMN, feature=links.field(0)
    )
    return grafana.table(
        about,
        [Query(ranked(metric, _of(predictor), count=RANKED), table=True)],
        transformations=grafana.matrix("feature", "model_id"),
        sort_by=predictor.primary.id,
        overrides=[
            grafana.by_regex(
                r"/^(?!feature\\model_id$)/", custom__cellOptions=grafana.cell_gauge(), links=[to_feature.to_json()]
            ),
            grafana.by_name("feature\\model_id", displayName="Feature"),
        ],
        low=0,
        high=1,
    )


def _course(predictor: Predictor, panel_id: int, title: str, metric: str) -> Placed:
    of = (_of(predictor), matcher("model_id", predictor.primary.id))
    about = About(
        panel_id,
        title,
        _describe(metric, " Only the features that reach highest are drawn."),
        "percentunit",
        "No features in the log",
    )
    to_feature = links.to_feature(
        "Look at this feature",
        predictor=links.encoded(predictor.id),
        model=links.label("model_id"),
        feature=links.label("feature"),
    )
    expr = furthest(metric, *of, count=MOVED)
    return grafana.timeseries(about, [Query(expr, "{{feature}}")], low=0, soft_high=0.05, links=[to_feature])


def _moved(predictor: Predictor) -> Placed:
    change = moved("ml_feature_mean", _of(predictor), by="ml_feature_stddev")
    about = About(
        205,
        "Features whose mean moved most in a week",
        "Mean now minus mean at the same hour a week ago, in standard deviations of that hour: rises on top, falls "
        "below. Beyond ±1 the feature is hardly what it was; look at its distribution.",
        "suffix: σ",
        "Nothing to compare: no numbers, or no week of history",
    )
    to_feature = links.to_feature(
        "Look at this feature",
        predictor=links.encoded(predictor.id),
        model=links.field("model_id"),
        feature=links.field("feature"),
    )
    return grafana.table(
        about,
        [Query(extremes(change, MOVED), table=True)],
        transformations=grafana.columns({"feature": "Feature", "model_id": "Model", "Value": "Moved by"}),
        sort_by="Moved by",
        overrides=[grafana.by_name("Feature", links=[to_feature.to_json()])],
        width=24,
    )


def _evaluation(predictor: Predictor, evaluation: Evaluation) -> list[Placed]:
    labelled = "ml_evaluation_labelled_ratio"
    about = About(301, "Labelled ratio", _describe(labelled), "percentunit", "No actuals yet")
    series = [Query(latest(labelled, _of(predictor)), "{{model_id}}")]
    colours = alerts.colours(predictor)
    return [
        *(_metric(predictor, name, 310 + index) for index, name in enumerate(evaluation.metrics)),
        grafana.timeseries(about, series, low=0, high=1, overrides=colours),
    ]


def _metric(predictor: Predictor, name: str, panel_id: int) -> Placed:
    of = (_of(predictor), matcher("metric", name))
    description = _describe("ml_evaluation", " The dashed line is the same figure on the training evaluation set.")
    unit = words.unit_id(predictor.unit if name in _ERRORS else None)
    training = f"max by (model_id) (last_over_time(ml_training_evaluation{{{','.join(of)}}}[1h]))"
    dashed = grafana.by_regex("/, in training$/", custom__lineStyle={"fill": "dash", "dash": [4, 8]})
    return grafana.timeseries(
        About(panel_id, words.plain(name), description, unit, "No window has matured yet"),
        [Query(latest("ml_evaluation", *of), "{{model_id}}"), Query(training, "{{model_id}}, in training")],
        overrides=[*alerts.colours(predictor), dashed],
    )
