"""Panels that several dashboards have."""

from __future__ import annotations

from collections.abc import Sequence

from generator import catalogue
from generator.promql import matcher
from generator.render.dashboards import fields, grafana, links
from generator.render.dashboards.fields import Json
from generator.render.dashboards.grafana import About, Link, Placed, Query
from generator.render.dashboards.queries import DAY, MIN_SAMPLES, extremes, latest

_QUANTILES = (("0.95", "P95"), ("0.75", "P75"), ("0.5", "median"), ("0.25", "P25"), ("0.05", "P5"))
MEANS_MOVED = (
    "Mean now minus the mean at the same hour a week ago, in standard deviations of that day, where at least "
    f"{MIN_SAMPLES} values are behind it: rises on top, falls below.\n\n"
    "**Beyond ±1** the feature is hardly what it was: click it, and compare the distributions."
)
LOOK_AT_FEATURE = "Look at this feature"

NO_SCORE = "Not known yet: it takes a week of days, then 20 that were compared with those before them"

_NO_REFERENCE = "Nothing to compare: no day yet, or less than a week before it"
_COLUMNS = {"predictor": "Predictor", "model_id": "Model", "feature": "Feature", "what": "What"}
_MOVED_BY = "Moved by"


def describe(metric: str, more: str = "") -> str:
    """What a metric is, what a rise of it means, and what else there is to say."""
    entry = catalogue.BY_NAME[metric]
    return f"{entry.definition.help}\n\n**When it rises:** {entry.rise}" + (f"\n\n{more}" if more else "")


def about(panel_id: int, metric: str, *, unit: str = "", title: str = "", no_value: str, more: str = "") -> About:
    """What there is to say of a panel that shows a metric; title and unit are the metric's unless given."""
    entry = catalogue.BY_NAME[metric]
    units = {"ratio": "percentunit", "seconds": "s"}
    return About(
        id=panel_id,
        title=title or entry.title,
        description=describe(metric, more),
        unit=unit or units.get(entry.unit, "short"),
        no_value=no_value,
    )


def distribution(
    told: About, metric: str, matchers: Sequence[str], *, color: str, offset: str = "", width: int = 12
) -> Placed:
    """The quantiles of a metric as a band from P5 to P95, a darker one from P25 to P75, and the median."""
    queries = [
        Query(latest(metric, *matchers, matcher("quantile", quantile), offset=offset), name)
        for quantile, name in _QUANTILES
    ]
    return grafana.timeseries(told, queries, overrides=_band(color), calcs=["lastNotNull"], legend="list", width=width)


def _band(color: str) -> list[Json]:
    outer = {"color": fields.fixed(color), "custom__lineWidth": 0}
    return [
        fields.by_name("P95", custom__fillBelowTo="P5", custom__fillOpacity=15, **outer),
        fields.by_name("P75", custom__fillBelowTo="P25", custom__fillOpacity=30, **outer),
        fields.by_name("median", color=fields.fixed(color), custom__lineWidth=2),
        fields.by_name("P25", **outer),
        fields.by_name("P5", **outer),
    ]


def moves(
    told: About,
    change: str,
    count: int,
    labels: Sequence[str],
    *,
    predictor: str = "",
    decimals: int = 2,
    width: int = 12,
    height: int = 9,
) -> Placed:
    """The greatest rises and deepest falls of a signed change, a row a series, with its labels as columns.

    Args:
        told: the panel's words.
        change: PromQL of the change.
        count: of rises, and of falls.
        labels: which of predictor, model_id, feature and what the rows show; the first stands before the value.
        predictor: the encoded predictor for links to features, where no column has it.
        decimals: of the value.
        width: in grid units.
        height: in grid units.
    """
    to_feature = feature_row_link(predictor or links.field("predictor"))
    of_column = {
        "what": fields.by_name(_COLUMNS["what"], custom__width=90),
        "feature": fields.by_name(_COLUMNS["feature"], links=[to_feature.to_json()]),
    }
    first, *others = labels
    names = {first: _COLUMNS[first], "Value": _MOVED_BY} | {name: _COLUMNS[name] for name in others}
    return grafana.table(
        told,
        [Query(extremes(change, count), table=True)],
        transformations=fields.columns(names),
        sort_by=_MOVED_BY,
        overrides=[
            fields.by_name(_MOVED_BY, decimals=decimals, custom__width=100),
            *(of_column[name] for name in labels if name in of_column),
        ],
        width=width,
        height=height,
    )


def psi(panel_id: int, prefix: str, title: str, matchers: Sequence[str]) -> Placed:
    """The population stability index of a model's predictions or a feature, and its limit as a dashed line.

    Args:
        panel_id: the panel's id.
        prefix: `ml_prediction` or `ml_feature`.
        title: the panel's.
        matchers: what picks the series.
    """
    more = "Days are compared with the weeks before them. Above the dashed line it is no noise."
    told = about(panel_id, f"{prefix}_psi", title=title, no_value=_NO_REFERENCE, more=more)
    queries = [
        Query(latest(f"{prefix}_{which}", *matchers, window=DAY), name)
        for which, name in (("psi", "PSI"), ("psi_limit", "limit"))
    ]
    dashed = fields.by_name("limit", color=fields.fixed("red"), custom__lineStyle=fields.DASHED)
    return grafana.timeseries(told, queries, low=0, overrides=[dashed])


def feature_row_link(predictor: str) -> Link:
    """From a row with the columns model_id and feature to the feature dashboard."""
    return links.to_feature(
        LOOK_AT_FEATURE, predictor=predictor, model=links.field("model_id"), feature=links.field("feature")
    )


def feature_line_link(predictor: str, window: str = links.CHOSEN_WINDOW) -> Link:
    """From a line with the labels model_id and feature to the feature dashboard."""
    return links.to_feature(
        LOOK_AT_FEATURE,
        predictor=predictor,
        model=links.label("model_id"),
        feature=links.label("feature"),
        window=window,
    )
