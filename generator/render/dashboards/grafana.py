"""The adapter: the only module that knows grafanalib and the shape of Grafana's JSON.

grafanalib writes fields of Grafana 6 and leaves others out. Here what it writes of an empty panel, pruned, is the frame
of all panels of that kind, which are completed and laid out; so it is with dashboards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from grafanalib import core

from generator.render.dashboards.encoding import encoded, filled, pruned
from generator.render.dashboards.fields import Json

SCHEMA_VERSION = 41  # Grafana 12.0's; later ones migrate it when they load it
GRID_WIDTH = 24
ROW_HEIGHT = 1
INTERVAL = "5m"  # windows come by the hour: a finer step shows nothing more

DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}

_COLUMNS: Json = {"minWidth": 110}  # Grafana's own 150 would push columns out of the panel


@dataclass(frozen=True)
class Query:
    """A PromQL query; `legend` names its series, `instant` asks for the values now, `table` for them as a table."""

    expr: str
    legend: str = ""
    table: bool = False
    instant: bool = False


@dataclass(frozen=True)
class Link:
    """A data link or panel link: its title and address."""

    title: str
    url: str

    def to_json(self) -> Json:
        """As Grafana writes it."""
        return {"title": self.title, "url": self.url, "targetBlank": False}


@dataclass(frozen=True)
class About:
    """What every panel tells its reader.

    Attributes:
        id: stable, unique in its dashboard: alerts and people link to it.
        title: a few words.
        description: Markdown; what it shows, what a rise means, what to do.
        unit: Grafana's id of the unit of the values.
        no_value: the words where the values would be when there are none.
    """

    id: int
    title: str
    description: str
    unit: str
    no_value: str


@dataclass(frozen=True)
class Placed:
    """A panel and the room it takes, in grid units (24 across); where it goes is computed."""

    panel: Json
    width: int
    height: int


@dataclass(frozen=True)
class Section:
    """Panels below a heading; without a title they stand at the top, without a heading."""

    panels: Sequence[Placed]
    title: str = ""
    id: int = 0


def _frame(panel: core.Panel, *dropped: str) -> Json:
    """What all panels of a kind have."""
    return {key: value for key, value in pruned(panel).items() if key not in dropped}


_TIMESERIES = _frame(
    core.TimeSeries(
        dataSource=DATASOURCE,
        lineInterpolation="stepAfter",
        showPoints="never",
        tooltipMode="multi",
        tooltipSort="desc",
        maxDataPoints=None,
        extraJson={"options": {"legend": {"showLegend": True}}},
    )
)
_STAT = _frame(
    core.Stat(
        dataSource=DATASOURCE,
        interval=INTERVAL,
        color={"mode": "thresholds"},
        reduceCalc="lastNotNull",
        maxDataPoints=None,
        extraJson={"options": {"wideLayout": True}},
    )
)
_TABLE = _frame(
    core.Table(
        dataSource=DATASOURCE,
        interval=INTERVAL,
        thresholds=[{"color": "text"}],
        maxDataPoints=None,
        extraJson={"fieldConfig": {"defaults": {"custom": _COLUMNS}}},
    ),
    "color",  # grafanalib writes it here, too
)
_TEXT = _frame(core.Text(maxDataPoints=None), "fieldConfig")
_ROW = _frame(core.RowPanel(maxDataPoints=None), "fieldConfig")
_DASHBOARD: Json = pruned(
    core.Dashboard(
        title="",
        schemaVersion=SCHEMA_VERSION,
        timezone="utc",  # windows are UTC hours and days
        time=core.Time("now-7d", "now"),
        timePicker=core.TimePicker(refreshIntervals=["1m", "5m", "15m", "1h"], timeOptions=None),
        refresh="5m",
        graphTooltip=core.GRAPH_TOOLTIP_MODE_SHARED_CROSSHAIR,
    )
)
_ALERT_LIST: Json = {
    "type": core.ALERTLIST_TYPE,  # of today; grafanalib's own is the one before unified alerting
    "options": {
        "dashboardAlerts": False,
        "groupMode": "default",
        "maxItems": 50,
        "sortOrder": 3,  # the newest first
        "stateFilter": {"error": True, "firing": True, "noData": True, "normal": False, "pending": True},
        "viewMode": "list",
    },
}


def timeseries(
    about: About,
    queries: Sequence[Query],
    *,
    low: float | None = None,
    high: float | None = None,
    soft_low: float | None = None,
    soft_high: float | None = None,
    thresholds: Sequence[Json] = (),
    overrides: Sequence[Json] = (),
    links: Sequence[Link] = (),
    calcs: Sequence[str] = ("lastNotNull", "min", "max"),
    legend: str = "table",
    worst: str = "",
    interval: str = INTERVAL,
    width: int = 12,
    height: int = 8,
) -> Placed:
    """Lines over time.

    Args:
        about: the panel's words.
        queries: what it draws.
        low: the axis begins here, and nowhere else.
        high: the axis ends here, and nowhere else.
        soft_low: the axis reaches down to here at least.
        soft_high: the axis reaches up to here at least.
        thresholds: steps, drawn as dashed lines and areas.
        overrides: of single series.
        links: of every point.
        calcs: what the legend says of each line.
        legend: a "table" or a "list".
        worst: which end of the lines is the bad one, "max" or "min": the legend is sorted by it, the worst on top.
        interval: the least step.
        width: in grid units.
        height: in grid units.
    """
    style = {"mode": "dashed+area" if thresholds else "off"}
    defaults = {
        "links": [link.to_json() for link in links],
        "min": low,
        "max": high,
        "custom": {"thresholdsStyle": style, "axisSoftMin": soft_low, "axisSoftMax": soft_high},
        "thresholds": {"steps": list(thresholds) or [{"color": "green"}]},
    }
    options = {"legend": {"displayMode": legend, "calcs": list(calcs), **_sorting(worst)}}
    panel = _queried(_TIMESERIES, about, queries, defaults, overrides, interval=interval, options=options)
    return Placed(panel, width, height)


def _sorting(worst: str) -> Json:
    return {"sortBy": worst.capitalize(), "sortDesc": worst == "max"} if worst else {}


def stat(
    about: About,
    query: Query,
    *,
    thresholds: Sequence[Json] = (),
    text_mode: str = "auto",
    width: int = 4,
    height: int = 4,
) -> Placed:
    """One number, with its course behind it."""
    defaults = {"thresholds": {"steps": list(thresholds) or [{"color": "text"}]}}
    return Placed(_queried(_STAT, about, [query], defaults, options={"textMode": text_mode}), width, height)


def table(
    about: About,
    queries: Sequence[Query],
    *,
    transformations: Sequence[Json],
    sort_by: str,
    overrides: Sequence[Json] = (),
    low: float | None = None,
    high: float | None = None,
    width: int = 12,
    height: int = 9,
) -> Placed:
    """Rows of the values now, greatest first by the column `sort_by`."""
    own: Json = {
        "options": {"sortBy": [{"displayName": sort_by, "desc": True}]},
        "transformations": list(transformations),
    }
    panel = _queried(_TABLE, about, queries, {"min": low, "max": high}, overrides, **own)
    return Placed(panel, width, height)


def text(panel_id: int, title: str, description: str, content: str, *, width: int = 24, height: int = 4) -> Placed:
    """Markdown."""
    own = {"id": panel_id, "title": title, "description": description, "options": {"content": content}}
    return Placed(filled(_TEXT, own), width, height)


def alert_list(
    panel_id: int, title: str, description: str, label_filter: str, *, width: int = 8, height: int = 4
) -> Placed:
    """The alerts that fire or are about to, among those whose labels the filter matches."""
    options = {"alertInstanceLabelFilter": label_filter}
    own = {"id": panel_id, "title": title, "description": description, "options": options}
    return Placed(filled(_ALERT_LIST, own), width, height)


def datasource_variable() -> Json:
    """The variable that every panel reads its data source from."""
    return _variable("datasource", "Data source", "datasource", query="prometheus", refresh=1)


def query_variable(name: str, label: str, query: str) -> Json:
    """A variable whose values Prometheus knows; read again when the time range changes."""
    request = {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"}
    return _variable(name, label, "query", query=request, refresh=2) | {"datasource": DATASOURCE, "definition": query}


def choice_variable(name: str, label: str, values: Sequence[str]) -> Json:
    """A variable with fixed values, the first of them chosen."""
    variable = _variable(name, label, "custom", query=",".join(values), refresh=0)
    options = [{"selected": value == values[0], "text": value, "value": value} for value in values]
    return variable | {"current": options[0], "options": options, "sort": 0}


def annotation(name: str, expr: str, title: str, color: str, *, text: str = "") -> Json:
    """Marks on all panels wherever the expression has a value; pointing at one shows title and text."""
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": color,
        "titleFormat": title,
        "textFormat": text,
        "target": {"expr": expr, "refId": "Anno"},
    }


def tag_link(title: str, tag: str) -> core.DashboardLink:
    """A drop-down of the dashboards with a tag."""
    return core.DashboardLink(title=title, tags=[tag], asDropdown=True, includeVars=False, keepTime=True)


def page_link(title: str, url: str, *, keep_variables: bool = False) -> core.DashboardLink:
    """A link at the dashboard's top that keeps the time range."""
    return core.DashboardLink(title=title, uri=url, type="link", icon="dashboard", includeVars=keep_variables)


def dashboard(
    *,
    uid: str,
    title: str,
    description: str,
    tags: Sequence[str],
    variables: Sequence[Json],
    sections: Sequence[Section],
    links: Sequence[core.DashboardLink],
    annotations: Sequence[Json] = (),
) -> bytes:
    """The JSON of a dashboard: panels laid out, keys sorted, nulls gone."""
    own = {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": tags,
        "templating": core.Templating(list(variables)),
        "annotations": core.Annotations(list(annotations)),
        "links": links,
    }
    return encoded(_DASHBOARD | pruned(own) | {"panels": list(_laid_out(sections))})


def _queried(
    frame: Json,
    about: About,
    queries: Sequence[Query],
    defaults: Json,
    overrides: Sequence[Json] = (),
    **more: Any,
) -> Json:
    """The frame with a panel's words and queries, its series' looks and what `more` it has in it."""
    own = {
        "id": about.id,
        "title": about.title,
        "description": about.description,
        "fieldConfig": {
            "defaults": {"noValue": about.no_value, "unit": about.unit, **defaults},
            "overrides": list(overrides),
        },
        "targets": [_target(query, letter) for query, letter in zip(queries, ascii_uppercase, strict=False)],
    }
    return filled(frame, own | more)


def _target(query: Query, letter: str) -> Json:
    """With the keys that Grafana's own editor writes; grafanalib's target has others."""
    instant = query.table or query.instant
    return {
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "format": "table" if query.table else "time_series",
        "instant": instant,
        "range": not instant,
        "legendFormat": query.legend or "__auto",
        "refId": letter,
    }


def _variable(name: str, label: str, kind: str, *, query: object, refresh: int) -> Json:
    template = core.Template(name=name, label=label, query="", type=kind, refresh=refresh, options=[{"selected": True}])
    json_data: Json = template.to_json_data()
    dropped = ("auto", "auto_min", "auto_count", "current", "options")
    return {key: value for key, value in json_data.items() if key not in dropped} | {"query": query}


def _laid_out(sections: Iterable[Section]) -> Iterable[Json]:
    """Give every panel its place: left to right, then on to the next line; headings take a line of their own."""
    top = 0
    for section in sections:
        if section.title:
            position = {"h": ROW_HEIGHT, "w": GRID_WIDTH, "x": 0, "y": top}
            yield _ROW | {"id": section.id, "title": section.title, "gridPos": position}
            top += ROW_HEIGHT
        left = line_height = 0
        for placed in section.panels:
            if left + placed.width > GRID_WIDTH:
                top, left, line_height = top + line_height, 0, 0
            yield placed.panel | {"gridPos": {"h": placed.height, "w": placed.width, "x": left, "y": top}}
            left, line_height = left + placed.width, max(line_height, placed.height)
        top += line_height
