"""The fleet dashboard: every predictor found in the metrics, registered or not, and the exporter's own health."""

from __future__ import annotations

from collections.abc import Sequence

from generator import catalogue, conventions
from generator.model import Predictor
from generator.promql import matcher, quote
from generator.render.dashboards import fields, grafana, health, links, panels
from generator.render.dashboards.fields import Json
from generator.render.dashboards.grafana import About, Placed, Query, Section
from generator.render.dashboards.links import TAG
from generator.render.dashboards.queries import WEEK, labelled, latest, models, moved
from metrics_exporter.definitions import UNREGISTERED, Role
from metrics_exporter.windows import Window

MOVED = 15
LINES = 10
_RATIOS = {"ml_feature_default_ratio": "defaults", "ml_feature_null_ratio": "nulls"}
_SEPARATOR = "\x1f"  # in no name that anybody writes
_NO_PREDICTOR = "No predictor has been seen: is the exporter scraped?"
_NO_HISTORY = "Nothing to compare: no week of history yet"

_COLUMNS = {
    "predictor": "Predictor",
    "Value #C": "Predictions",
    "Value #D": "vs. last week",
    "Value #E": "Window age",
    "Value #F": "Worst defaults",
    "Value #G": "Worst nulls",
    "team": "Team",
    "model_id": "Primary model",
    "Value #A": "Models",
    "dashboard": "Dashboard",
}


def render(predictors: Sequence[Predictor], windows: Sequence[Window]) -> bytes:
    """The JSON of the dashboard; the registered predictors lend their dashboards' addresses."""
    path = conventions.FLEET_DASHBOARD_FILE
    return grafana.dashboard(
        uid=conventions.FLEET_DASHBOARD_UID,
        title="Fleet",
        description=f"All predictors at a glance, registered or not. {conventions.generated_mark(path)}.",
        tags=[TAG],
        variables=[
            grafana.datasource_variable(),
            grafana.choice_variable("window", "Window", list(map(str, windows))),
        ],
        sections=[
            Section([_alerts(), _predictors(predictors), _traffic(), _behind()]),
            Section(
                [_moved_features(), _moved_ratios(), _moved_predictions()],
                "What moved most in a week (shadows left out)",
                20,
            ),
            Section([_unregistered()], "Not registered", 30),
            Section(health.panels(), "The exporter's own health", 40),
        ],
        links=[
            grafana.tag_link("Predictors", TAG),
            grafana.page_link("Features", f"/d/{conventions.FEATURE_DASHBOARD_UID}", keep_variables=True),
        ],
    )


def _predictors(predictors: Sequence[Predictor]) -> Placed:
    told = About(
        1,
        "Predictors",
        "Every predictor in the metrics, over all its models. Click a name for its dashboard (of one that is not "
        "registered: for its features). The worst are the shares of predictions in which a feature was replaced by its "
        "default, or missing.\n\n**When the window grows old,** the exporter or the log is behind. **When a "
        "ratio rises,** the source of a feature is missing.",
        "short",
        _NO_PREDICTOR,
    )
    return grafana.table(
        told,
        [Query(expr, table=True) for expr in _predictor_queries()],
        transformations=fields.columns(_COLUMNS, merged=True),
        sort_by="Predictions",
        overrides=_predictor_columns(predictors),
        width=18,
        height=10,
    )


def _predictor_queries() -> list[str]:
    """Each yields a value a predictor; `_COLUMNS` names them by their letter, A to G."""
    models_of = f"count by (predictor, team) (group by (predictor, team, model_id) ({models()}))"
    owned = f'label_replace({models_of}, "team", "not registered", "team", "")'
    volume = f"sum by (predictor) ({latest(catalogue.PREDICTIONS)})"
    week_ago = f"sum by (predictor) ({latest(catalogue.PREDICTIONS, offset=WEEK)})"
    return [
        f'label_replace({owned}, "dashboard", {quote("$1")}, "predictor", "(.*)")',
        f"group by (predictor, model_id) ({models(matcher('role', Role.PRIMARY))})",
        volume,
        f"{volume} / ({week_ago} > 0) - 1",
        f"max by (predictor) (time() - {latest(catalogue.WINDOW_END)})",
        *(f"max by (predictor) ({latest(ratio)})" for ratio in _RATIOS),
    ]


def _predictor_columns(predictors: Sequence[Predictor]) -> list[Json]:
    """Units and links. The hidden column's text is the UID of the dashboard to open, which the link then reads."""
    uids = {one.id: {"text": conventions.predictor_dashboard_uid(one.origin)} for one in predictors}
    not_registered = {"pattern": "^[\\s\\S]*$", "result": {"text": conventions.FEATURE_DASHBOARD_UID}}
    to_uid = [*([{"type": "value", "options": uids}] if uids else []), {"type": "regex", "options": not_registered}]
    link = links.to_predictor(uid=links.field("dashboard"), predictor=links.field("predictor"))
    ratio = {"decimals": 1, "max": 1, "min": 0, "unit": "percentunit"}
    return [
        fields.by_name("Predictor", links=[link.to_json()]),
        fields.by_name("Models", custom__width=70),
        fields.by_name("Predictions", custom__width=95),
        fields.by_name("vs. last week", custom__width=110, decimals=0, unit="percentunit"),
        fields.by_name("Window age", custom__width=110, unit="s"),
        fields.by_regex("/^Worst /", custom__cellOptions=fields.CELL_GAUGE, custom__width=130, **ratio),
        fields.by_name("Dashboard", mappings=to_uid, custom__hidden=True, custom__hideFrom={"viz": True}),
    ]


def _alerts() -> Placed:
    return grafana.alert_list(
        2,
        "Alerts",
        "What fires, or is about to, for any predictor, or for the exporter itself. Each alert links to the panel that "
        "shows why.",
        '{driftgauge=~".+"}',
        width=6,
        height=10,
    )


def _traffic() -> Placed:
    more = "All models, shadows too; the largest predictors. At 0 the predictor is not called, or its log not written."
    told = panels.about(3, catalogue.PREDICTIONS, title="Predictions per window", no_value=_NO_PREDICTOR, more=more)
    total = f"topk({LINES}, sum by (predictor) ({latest(catalogue.PREDICTIONS)}))"
    return grafana.timeseries(told, [Query(total, "{{predictor}}")], low=0, worst="max")


def _behind() -> Placed:
    told = About(
        4,
        "Age of the latest window",
        "Of the predictors that are furthest behind, at every full hour. With hourly windows one hour is on time, with "
        "daily ones anything up to a day and an hour.\n\n**When it rises beyond:** the exporter or the warehouse is "
        "behind; see the exporter's health below.",
        "suffix:h",
        _NO_PREDICTOR,
    )
    hours = f"(time() - {latest(catalogue.WINDOW_END)}) / 3600"
    age = f"topk({LINES}, max by (predictor) ({hours}))"
    return grafana.timeseries(told, [Query(age, "{{predictor}}")], low=0, worst="max", interval="1h")


def _moved_features() -> Placed:
    told = About(
        21,
        "Feature means",
        panels.MEANS_MOVED,
        "suffix:σ",
        _NO_HISTORY,
    )
    change = _served(moved("ml_feature_mean", by="ml_feature_stddev"))
    return panels.moves(told, change, MOVED, ("feature", "predictor", "model_id"))


def _served(change: str) -> str:
    """Without the shadows, which mostly repeat what their primary says."""
    return f"({change} unless on (predictor, model_id) {models(matcher('role', Role.SHADOW))})"


def _moved_ratios() -> Placed:
    told = About(
        22,
        "Default and null ratios",
        "The ratio now minus the ratio at the same hour a week ago: rises on top, falls below.\n\n**When it rises:** "
        "the source of the feature is missing more often; click it to see since when.",
        "percentunit",
        _NO_HISTORY,
    )
    changes = " or ".join(labelled(f"({moved(metric)})", "what", what) for metric, what in _RATIOS.items())
    labels = ("feature", "what", "predictor", "model_id")
    return panels.moves(told, _served(f"({changes})"), MOVED, labels, decimals=1)


def _moved_predictions() -> Placed:
    told = About(
        23,
        "Mean predictions",
        "Mean now minus the mean at the same hour a week ago, in standard deviations of that day.\n\n**A move** "
        "without a moved feature is a new model or a new population: look at the predictor's dashboard.",
        "suffix:σ",
        _NO_HISTORY,
    )
    change = _served(moved("ml_prediction_mean", by="ml_prediction_stddev"))
    return panels.moves(told, change, MOVED, ("predictor", "model_id"), width=24, height=6)


def _unregistered() -> Placed:
    told = About(
        31,
        "Models that no registry file names",
        "They are monitored all the same; an owner, a title and alerts are missing. Paste the line below `predictors:` "
        "of a file in `registry/` and fill in team and task (or, where a team is shown, add the model to the predictor "
        "that is there), then open a pull request.",
        "short",
        "Every model is registered, or none was seen",
    )
    unregistered = f"group by (predictor, model_id, team) ({models(matcher('role', UNREGISTERED))})"
    known = f"{latest(catalogue.PREDICTIONS)} * on (predictor, model_id) group_left (team) {unregistered}"
    names = {"predictor": "Predictor", "model_id": "Model", "team": "Team", "Value": "Predictions", "yaml": "To paste"}
    to_features = links.to_feature(
        "Look at its features", predictor=links.field("predictor"), model=links.field("model_id"), feature=""
    )
    return grafana.table(
        told,
        [Query(_with_yaml(known), table=True)],
        transformations=fields.columns(names),
        sort_by="Predictions",
        overrides=[
            fields.by_name("Predictor", custom__width=180, links=[to_features.to_json()]),
            fields.by_name("Model", custom__width=180),
            fields.by_name("Team", custom__width=110),
            fields.by_name("Predictions", custom__width=95),
            fields.by_name("To paste", custom__minWidth=600, custom__inspect=True),
        ],
        width=24,
        height=6,
    )


def _with_yaml(expr: str) -> str:
    """A label `yaml` with what to write for the model: a new predictor, or one more model of its team's predictor."""
    new = '"$1": {title: "$1", team: TEAM, task: regression, models: {primary: "$2"}}'
    more = 'shadows: ["$3"]   # in the models of "$2"'
    joined = f'label_join({expr}, "owned", {quote(_SEPARATOR)}, "team", "predictor", "model_id")'
    unowned = f"label_replace({joined}, {quote('yaml')}, {quote(new)}, {quote('owned')}, {_owned('')})"
    return f"label_replace({unowned}, {quote('yaml')}, {quote(more)}, {quote('owned')}, {_owned('(.+)')})"


def _owned(team: str) -> str:
    return quote(f"{team}{_SEPARATOR}(.*){_SEPARATOR}(.*)")
