"""The fleet dashboard: every predictor found in the metrics, registered or not, and the exporter's own health."""

from __future__ import annotations

from collections.abc import Sequence

from generator import catalogue, conventions
from generator.model import Predictor
from generator.promql import matcher, quote
from generator.render.dashboards import grafana, links
from generator.render.dashboards.grafana import About, Json, Placed, Query, Section
from generator.render.dashboards.links import TAG
from generator.render.dashboards.queries import WEEK, extremes, labelled, latest, models, moved
from metrics_exporter.definitions import UNREGISTERED, WINDOW_SECONDS, OwnMetric, Role

MOVED = 15
_DEFAULTS, _NULLS = "ml_feature_default_ratio", "ml_feature_null_ratio"
_RATIOS = {_DEFAULTS: "defaults", _NULLS: "nulls"}
_SEPARATOR = "\x1f"  # in no name that anybody writes
_NO_HISTORY = "Nothing to compare: no week of history yet"


def render(predictors: Sequence[Predictor]) -> bytes:
    """The JSON of the dashboard; the registered predictors lend their dashboards' addresses."""
    path = conventions.FLEET_DASHBOARD_FILE
    return grafana.dashboard(
        uid=conventions.FLEET_DASHBOARD_UID,
        title="Fleet",
        description=f"All predictors at a glance, registered or not. {conventions.generated_mark(path)}.",
        tags=[TAG],
        variables=[grafana.datasource_variable(), grafana.choice_variable("window", "Window", list(WINDOW_SECONDS))],
        sections=[
            Section(_overview(predictors)),
            Section(_moves(), "What moved most", 20),
            Section(_unregistered(), "Not registered", 30),
            Section(_exporter(), "The exporter's own health", 40),
        ],
        links=[
            grafana.tag_link("Predictors", TAG),
            grafana.page_link("Features", f"/d/{conventions.FEATURE_DASHBOARD_UID}", keep_variables=True),
        ],
    )


def _overview(predictors: Sequence[Predictor]) -> list[Placed]:
    return [
        _predictors(predictors),
        grafana.alert_list(
            2,
            "Alerts",
            "What fires, or is about to, for any predictor. Each alert links to the panel that shows why.",
            '{predictor=~".+"}',
            width=7,
            height=14,
        ),
        grafana.timeseries(
            About(
                3,
                "Predictions per window",
                "Of all models, shadows too; the ten largest predictors. When it rises: more traffic, retries, or rows "
                "written twice. When it falls to 0: the predictor is not called, or its log is not written.",
                "short",
                "No predictor has been seen",
            ),
            [Query(_largest(), "{{predictor}}")],
            low=0,
        ),
        grafana.timeseries(
            About(
                4,
                "Windows that predictors are behind",
                "Age of each predictor's latest window, in windows: between 1 and 2 is on time. When it rises by and "
                "by, the exporter or the warehouse is behind: see the exporter's health below.",
                "none",
                "No predictor has been seen",
            ),
            [Query(f"topk(10, max by (predictor) (time() - {latest(catalogue.WINDOW_END)}))", "{{predictor}}")],
            low=0,
        ),
    ]


def _largest() -> str:
    total = f"sum by (predictor) ({latest(catalogue.PREDICTIONS)})"
    return f"topk(10, {total})"


def _predictors(predictors: Sequence[Predictor]) -> Placed:
    """A row a predictor. The column `dashboard` is hidden: it maps a predictor to the UID of its dashboard."""
    info = models()
    dashboards = f'label_replace(count by (predictor, team) ({info}), "dashboard", {quote("$1")}, "predictor", "(.*)")'
    team = f'label_replace({dashboards}, "team", "not registered", "team", "")'
    primary = f"group by (predictor, model_id) ({models(matcher('role', Role.PRIMARY))})"
    volume = f"sum by (predictor) ({latest(catalogue.PREDICTIONS)})"
    age = f"max by (predictor) (time() - {latest(catalogue.WINDOW_END)})"
    queries = [
        team,
        primary,
        volume,
        f"{volume} / (sum by (predictor) ({latest(catalogue.PREDICTIONS, offset=WEEK)}) > 0) - 1",
        age,
        f"max by (predictor) ({latest(_DEFAULTS)})",
        f"max by (predictor) ({latest(_NULLS)})",
    ]
    names = {
        "predictor": "Predictor",
        "team": "Team",
        "model_id": "Primary model",
        "Value #A": "Models",
        "Value #C": "Predictions",
        "Value #D": "In a week",
        "Value #E": "Age of window",
        "Value #F": "Worst default ratio",
        "Value #G": "Worst null ratio",
        "dashboard": "Dashboard",
    }
    about = About(
        1,
        "Predictors",
        "Every predictor in the metrics, over all its models. Click a name for its dashboard (of one that is not "
        "registered: for its features). A window that grows old means that the exporter or the log is behind; a rising "
        "default or null ratio means that the source of a feature is missing.",
        "short",
        "No predictor has been seen: is the exporter scraped?",
    )
    return grafana.table(
        about,
        [Query(expr, table=True) for expr in queries],
        transformations=grafana.columns(names, merged=True),
        sort_by="Predictions",
        overrides=_predictor_columns(predictors),
        width=17,
        height=14,
    )


def _predictor_columns(predictors: Sequence[Predictor]) -> list[Json]:
    uids = {one.id: {"text": conventions.predictor_dashboard_uid(one.id)} for one in predictors}
    to_uid = [
        {"type": "value", "options": uids},
        {"type": "regex", "options": {"pattern": "^.*$", "result": {"text": conventions.FEATURE_DASHBOARD_UID}}},
    ]
    to_predictor = links.to_predictor(
        "Open its dashboard", uid=links.field("dashboard"), predictor=links.field("predictor")
    )
    gauge = {"custom__cellOptions": grafana.cell_gauge(), "unit": "percentunit", "min": 0, "max": 1}
    return [
        grafana.by_name("Predictor", links=[to_predictor.to_json()]),
        grafana.by_name("In a week", unit="percentunit"),
        grafana.by_name("Age of window", unit="s"),
        grafana.by_regex("/^Worst /", **gauge),
        grafana.by_name("Dashboard", mappings=to_uid, custom__hidden=True, custom__hideFrom={"viz": True}),
    ]


def _moves() -> list[Placed]:
    ratios = " or ".join(labelled(f"({moved(metric)})", "what", what) for metric, what in _RATIOS.items())
    return [
        _moved_table(
            About(
                21,
                "Feature means",
                "Mean now minus mean at the same hour a week ago, in standard deviations of that hour: rises on top, "
                "falls below. Beyond ±1 the feature is hardly what it was. Click it, and compare the distributions.",
                "suffix: σ",
                _NO_HISTORY,
            ),
            extremes(moved("ml_feature_mean", by="ml_feature_stddev"), MOVED),
            {"predictor": "Predictor", "model_id": "Model", "feature": "Feature", "Value": "Moved by"},
        ),
        _moved_table(
            About(
                22,
                "Default and null ratios",
                "The ratio now minus the ratio at the same hour a week ago: rises on top, falls below. A rise means "
                "that the source of the feature is missing more often. Click it to see since when.",
                "percentunit",
                _NO_HISTORY,
            ),
            extremes(f"({ratios})", MOVED),
            {"predictor": "Predictor", "model_id": "Model", "feature": "Feature", "what": "What", "Value": "Moved by"},
        ),
        _moved_table(
            About(
                23,
                "Mean predictions",
                "Mean prediction now minus the mean at the same hour a week ago, in standard deviations of that hour. "
                "A move without a moved feature is a new model or a new population; look at the predictor's dashboard.",
                "suffix: σ",
                _NO_HISTORY,
            ),
            extremes(moved("ml_prediction_mean", by="ml_prediction_stddev"), MOVED),
            {"predictor": "Predictor", "model_id": "Model", "Value": "Moved by"},
        ),
    ]


def _moved_table(about: About, expr: str, names: dict[str, str]) -> Placed:
    to_feature = links.to_feature(
        "Look at this feature",
        predictor=links.field("predictor"),
        model=links.field("model_id"),
        feature=links.field("feature"),
    )
    overrides = [grafana.by_name("Feature", links=[to_feature.to_json()])] if "feature" in names else []
    return grafana.table(
        about,
        [Query(expr, table=True)],
        transformations=grafana.columns(names),
        sort_by="Moved by",
        overrides=overrides,
        width=8,
    )


def _unregistered() -> list[Placed]:
    unregistered = models(matcher("role", UNREGISTERED))
    volume = latest(catalogue.PREDICTIONS)
    known = (
        f"({volume}) * on (predictor, model_id) group_left (team) group by (predictor, model_id, team) ({unregistered})"
    )
    named = _paste(f'label_replace({known}, "team", "", "team", "")')
    return [
        grafana.table(
            About(
                31,
                "Models that no registry file names",
                "They are monitored all the same. What is missing is an owner, a title and alerts: paste the line into "
                "a file below `registry/`, under `predictors:` (or add the model to the predictor that is there), and "
                "open a pull request.",
                "short",
                "Every model is registered",
            ),
            [Query(named, table=True)],
            transformations=grafana.columns(
                {
                    "predictor": "Predictor",
                    "model_id": "Model",
                    "team": "Team",
                    "Value": "Predictions",
                    "paste": "Paste into the registry",
                }
            ),
            sort_by="Predictions",
            overrides=[
                grafana.by_name("Paste into the registry", custom__minWidth=480, custom__inspect=True),
                grafana.by_name(
                    "Predictor",
                    links=[
                        links.to_feature(
                            "Look at its features",
                            predictor=links.field("predictor"),
                            model=links.field("model_id"),
                            feature="",
                        ).to_json()
                    ],
                ),
            ],
            width=24,
            height=8,
        )
    ]


def _paste(expr: str) -> str:
    """A label `paste` with the YAML that registers the predictor, or adds the model to it."""
    pair = f'label_join({expr}, "pair", {quote(_SEPARATOR)}, "predictor", "model_id")'
    whole = '"$1": {title: "$1", team: YOUR_TEAM, task: regression, models: {primary: "$2"}}'
    return f'label_replace({pair}, "paste", {quote(whole)}, "pair", {quote(f"(.*){_SEPARATOR}(.*)")})'


def _exporter() -> list[Placed]:
    return [
        grafana.stat(
            About(
                41,
                "Since the last success",
                "Time since the exporter last finished a window. When it rises past a window's length: its query fails "
                "or hangs; its log and its status page say why.",
                "s",
                "The exporter is not scraped",
            ),
            Query(f"time() - max({OwnMetric.LAST_SUCCESS})", "age"),
        ),
        _own(
            42, "Rows", OwnMetric.ROWS, "Rows of the log in the last window.", "The log has more rows, or they repeat."
        ),
        _own(
            43,
            "Duplicate rows",
            OwnMetric.DUPLICATE_ROWS,
            "Rows that were in the log twice and counted once.",
            "The log is written twice: a retry, a replay.",
        ),
        _own(
            44,
            "Unparsable values",
            OwnMetric.UNPARSABLE_VALUES,
            "Text where a number belongs.",
            "A source changed its format: look at the newest deployment of the features' pipelines.",
        ),
        _own(
            45,
            "Series",
            OwnMetric.SERIES,
            "Series that the exporter serves.",
            "New models or features; or a feature's name holds an id, which the log's writer has to mend.",
        ),
        _own(
            46,
            "Dropped series",
            OwnMetric.DROPPED_SERIES,
            "Series beyond the exporter's limit.",
            "What is dropped is not monitored: see on the status page who grew, then raise the limit or mend it.",
        ),
        _events(47, "Missed windows", OwnMetric.MISSED_WINDOWS, "windows that were skipped after a downtime"),
        _events(48, "Errors", OwnMetric.ERRORS, "failures of any kind; the exporter's log names each"),
        grafana.timeseries(
            About(
                49,
                "Query time",
                "Seconds that the warehouse took for a window. When it rises: more rows, or a busy warehouse; when it "
                "nears the deadline, windows will be missed.",
                "s",
                "The exporter is not scraped",
            ),
            [Query(f"max({OwnMetric.QUERY_SECONDS})", "query time")],
            low=0,
            width=8,
        ),
    ]


def _own(panel_id: int, title: str, metric: OwnMetric, what: str, rise: str) -> Placed:
    about = About(panel_id, title, f"{what} When it rises: {rise}", "short", "The exporter is not scraped")
    return grafana.stat(about, Query(f"sum({metric})", title.lower()))


def _events(panel_id: int, title: str, metric: OwnMetric, what: str) -> Placed:
    about = About(
        panel_id,
        title,
        f"In the chosen time range: {what}. Anything above 0 deserves a look at the exporter's log.",
        "short",
        "The exporter is not scraped",
    )
    expr = f"sum(increase({metric}[$__range]))"
    return grafana.stat(about, Query(expr, title.lower()), thresholds=[{"color": "text"}, {"color": "red", "value": 1}])
