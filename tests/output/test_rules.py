"""When rules fire: asked of real Prometheus code, over readings as exporters publish them and Prometheus scrapes them.

The timelines are those of "What happens when" in docs/alerts.md.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.alerting.health import health_rules
from generator.alerting.rules import Rule, rules_of
from generator.model import Alert
from generator.promql import matcher, selector
from generator.render.grafana.build import predictor_root
from metrics_exporter.definitions import LOOK_BACK_SECONDS, Comparison
from metrics_exporter.windows import DAILY
from tests.output.examples import FRESHNESS, alert, predictor
from tests.output.published import Segment, expect, series
from tests.real_parts import PrometheusBinaries

LOOK_BACK = LOOK_BACK_SECONDS // 60
LONGEST_LINE = 200

BAD, GOOD, LOW, UNJUDGED, NOTHING = 0.9, 0.2, 0.01, math.nan, None
ABOVE = alert()
BELOW = alert(comparison=Comparison.BELOW, low=0.1, high=None)
OUTSIDE = alert(comparison=Comparison.OUTSIDE, low=0.1, high=0.4)
DAILY_ABOVE = alert(window=DAILY)


def rule_of(alert: Alert) -> Rule:
    (rule,) = rules_of(predictor(alert))
    return rule


def past_threshold(rule: Rule) -> str:
    """The value, compared as Grafana does it: in a step of its own."""
    sides = [f"({rule.value}) > {rule.high}"] if rule.high is not None else []
    sides += [f"({rule.value}) < {rule.low}"] if rule.low is not None else []
    return " or ".join(sides)


def readings(
    watched: Alert, *segments: Segment, instance: str = "driftgauge", model: str = "eta_v12", feature: str = "prep_time"
) -> dict[str, str]:
    """The readings of an alert, as one exporter publishes them."""
    labels = {
        "predictor": "eta_prediction",
        "model_id": model,
        **({} if watched.is_freshness else {"feature": feature}),
        "alert": watched.condition.id,
        "bound": str(watched.condition.comparison),
        "instance": instance,
    }
    return series(selector("ml_alert_reading", *(matcher(name, value) for name, value in labels.items())), *segments)


class Timeline(NamedTuple):
    """What is scraped, and from when until when how many alerts fire; outside these intervals none does.

    Two versions of Prometheus disagree on whether a range has its left end: in the minutes `either`, both are right.
    """

    alert: Alert
    scraped: list[dict[str, str]]
    firing: list[tuple[int, int, int]]
    minutes: int
    either: tuple[int, ...] = ()

    def expected(self) -> dict[int, int]:
        """The number of alerts by the minute."""
        counts = dict.fromkeys(range(self.minutes), 0)
        for start, end, count in self.firing:
            counts.update(dict.fromkeys(range(start, end), count))
        return {minute: count for minute, count in counts.items() if minute not in self.either}


def outage(minutes: int) -> list[dict[str, str]]:
    return [readings(ABOVE, (30, BAD), (minutes, NOTHING), (60, BAD))]


TIMELINES = {
    "resolves with the window that is not past it": Timeline(
        ABOVE, [readings(ABOVE, (60, GOOD), (60, BAD), (60, GOOD))], [(60, 120, 1)], 180
    ),
    "late publication: the last reading stands": Timeline(
        ABOVE, [readings(ABOVE, (60, BAD), (75, BAD), (45, GOOD))], [(0, 135, 1)], 180
    ),
    "gap, or too few samples: resolves at once": Timeline(
        ABOVE, [readings(ABOVE, (60, BAD), (60, UNJUDGED), (60, BAD))], [(0, 60, 1), (120, 180, 1)], 180
    ),
    "stuck exporter: the last reading stands": Timeline(ABOVE, [readings(ABOVE, (300, BAD))], [(0, 300, 1)], 300),
    "restart": Timeline(ABOVE, outage(3), [(0, 93, 1)], 93),
    **{
        f"outage of {minutes} minutes: holds": Timeline(ABOVE, outage(minutes), [(0, 90 + minutes, 1)], 90 + minutes)
        for minutes in (5, 15, 30, 60)
    },
    "outage of 90 minutes: resolves after 65, and fires again": Timeline(
        ABOVE, outage(90), [(0, 29 + LOOK_BACK, 1), (120, 180, 1)], 180, (29 + LOOK_BACK,)
    ),
    "outage after which all is well: resolves at its end": Timeline(
        ABOVE, [readings(ABOVE, (30, BAD), (45, NOTHING), (60, GOOD))], [(0, 75, 1)], 135
    ),
    "two replicas that disagree, above": Timeline(
        ABOVE,
        [readings(ABOVE, (60, BAD), instance="a"), readings(ABOVE, (60, GOOD), instance="b")],
        [(0, 60, 1)],
        60,
    ),
    "two replicas that disagree, below": Timeline(
        BELOW,
        [readings(BELOW, (60, GOOD), instance="a"), readings(BELOW, (60, LOW), instance="b")],
        [(0, 60, 1)],
        60,
    ),
    "two replicas on both sides of a range are one alert": Timeline(
        OUTSIDE,
        [readings(OUTSIDE, (60, BAD), instance="a"), readings(OUTSIDE, (60, LOW), instance="b")],
        [(0, 60, 1)],
        60,
    ),
    "one replica has too few samples": Timeline(
        ABOVE,
        [readings(ABOVE, (60, UNJUDGED), instance="a"), readings(ABOVE, (60, BAD), instance="b")],
        [(0, 60, 1)],
        60,
    ),
    "moved instance": Timeline(
        ABOVE,
        [
            readings(ABOVE, (60, BAD), (60, NOTHING), instance="a"),
            readings(ABOVE, (60, NOTHING), (60, BAD), instance="b"),
        ],
        [(0, 120, 1)],
        120,
    ),
    "moved instance, with the look-back of its last bad reading": Timeline(
        ABOVE,
        [
            readings(ABOVE, (60, BAD), (90, NOTHING), instance="a"),
            readings(ABOVE, (60, NOTHING), (90, GOOD), instance="b"),
        ],
        [(0, 59 + LOOK_BACK, 1)],
        150,
        (59 + LOOK_BACK,),
    ),
    "promotion: the alert of the model that is no longer watched ends by itself": Timeline(
        ABOVE,
        [
            readings(ABOVE, (60, BAD), (120, NOTHING)),
            readings(ABOVE, (60, NOTHING), (120, GOOD), model="eta_v13"),
        ],
        [(0, 59 + LOOK_BACK, 1)],
        180,
        (59 + LOOK_BACK,),
    ),
    "new feature: silent until there are windows enough": Timeline(
        ABOVE, [readings(ABOVE, (60, NOTHING), (60, UNJUDGED), (60, BAD))], [(120, 180, 1)], 180
    ),
    "two features are two alerts": Timeline(
        alert(feature="*"),
        [readings(ABOVE, (60, BAD)), readings(ABOVE, (30, GOOD), (30, BAD), feature="distance")],
        [(0, 30, 1), (30, 60, 2)],
        60,
    ),
    "below": Timeline(BELOW, [readings(BELOW, (60, GOOD), (60, LOW), (60, GOOD))], [(60, 120, 1)], 180),
    "outside, one window above and the next below": Timeline(
        OUTSIDE, [readings(OUTSIDE, (60, GOOD), (60, BAD), (60, LOW), (60, GOOD))], [(60, 180, 1)], 240
    ),
    "a daily reading stands for its day": Timeline(
        DAILY_ABOVE, [readings(DAILY_ABOVE, (60, GOOD), (1440, BAD), (60, GOOD))], [(60, 1500, 1)], 1560
    ),
    "silent model": Timeline(
        FRESHNESS, [readings(FRESHNESS, (60, 7200), (60, 10800), (60, 14400), (60, 0))], [(120, 180, 1)], 240
    ),
    "silent model, then the exporter dies": Timeline(
        FRESHNESS, [readings(FRESHNESS, (60, 14400), (120, NOTHING))], [(0, 59 + LOOK_BACK, 1)], 180, (59 + LOOK_BACK,)
    ),
}


@pytest.mark.parametrize("timeline", TIMELINES.values(), ids=list(TIMELINES))
def test_what_happens_when(prometheus_binaries: PrometheusBinaries, tmp_path: Path, timeline: Timeline) -> None:
    rule = rule_of(timeline.alert)
    expressions = [rule.expression, past_threshold(rule)]
    expect(prometheus_binaries, tmp_path, expressions, timeline.scraped, timeline.expected())


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(1, 90), st.sampled_from([BAD, BAD, GOOD, UNJUDGED, NOTHING])), min_size=1, max_size=9
    )
)
def test_it_fires_by_the_last_reading_of_an_hour(
    prometheus_binaries: PrometheusBinaries, segments: list[Segment]
) -> None:
    values = [value for minutes, value in segments for _ in range(minutes)]
    firing: dict[int, int] = {}
    for minute in range(len(values)):
        since = range(minute, max(-1, minute - LOOK_BACK), -1)
        last = next((values[at] for at in since if values[at] is not None), None)
        if not (minute >= LOOK_BACK and last is None and values[minute - LOOK_BACK] is not None):  # the left end
            firing[minute] = int(last == BAD)
    with tempfile.TemporaryDirectory() as folder:
        expect(prometheus_binaries, Path(folder), [rule_of(ABOVE).expression], [readings(ABOVE, *segments)], firing)


def health_rule(name: str) -> Rule:
    (rule,) = (rule for rule in health_rules(["default"]) if rule.name == f"driftgauge: {name}")
    return rule


class TestExporter:
    """The exporter that is gone, and the one that runs and reads nothing new, are two alerts."""

    def test_unreachable_for_15_minutes(self, prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
        up = [
            series("driftgauge_worker_restarts_total", (60, 0), (60, NOTHING)),
            series('driftgauge_last_success_timestamp_seconds{log="default"}', (60, 0), (60, NOTHING)),
        ]
        unreachable, stale = health_rule("exporter unreachable"), health_rule("log default is stale")
        silent = dict.fromkeys((*range(74), *range(75, 120)), 0)
        expect(prometheus_binaries, tmp_path, [stale.expression], up, silent)
        gone = dict.fromkeys(range(74), 0) | dict.fromkeys(range(75, 120), 1)
        expect(prometheus_binaries, tmp_path, [unreachable.expression], up, gone)
        assert "scrape" in unreachable.summary
        assert "read" not in unreachable.summary

    def test_a_log_that_is_not_read(self, prometheus_binaries: PrometheusBinaries, tmp_path: Path) -> None:
        up = [
            series("driftgauge_worker_restarts_total", (240, 0)),
            series('driftgauge_last_success_timestamp_seconds{log="default"}', (240, 600)),
        ]
        firing = dict.fromkeys(range(130), 0) | dict.fromkeys(range(131, 240), 1)
        expect(prometheus_binaries, tmp_path, [health_rule("log default is stale").expression], up, firing)
        silent = dict.fromkeys(range(240), 0)
        expect(prometheus_binaries, tmp_path, [health_rule("exporter unreachable").expression], up, silent)


def test_a_person_reads_it_at_three_in_the_morning() -> None:
    assert rule_of(alert(id="prep-time-defaults", high=0.2)).expression == (
        "max by (predictor, model_id, feature) (last_over_time(ml_alert_reading"
        '{predictor="eta_prediction",alert="prep-time-defaults"}[1h5m])) > 0.2'
    )


@pytest.mark.parametrize(
    "watched", [ABOVE, BELOW, OUTSIDE, DAILY_ABOVE, FRESHNESS, alert(consecutive=24, min_samples=9)]
)
def test_each_side_of_a_rule_is_one_short_line(watched: Alert) -> None:
    lines = rule_of(watched).expression.split("\n")
    assert len(lines) == (2 if watched is OUTSIDE else 1)
    assert all(len(line) <= LONGEST_LINE for line in lines)


@pytest.mark.parametrize(
    ("watched", "replaced", "evaluator"),
    [
        (ABOVE, 0.4, {"type": "gt", "params": [0.4]}),
        (BELOW, 0.1, {"type": "lt", "params": [0.1]}),
        (OUTSIDE, 0.4, {"type": "outside_range", "params": [0.1, 0.4]}),
        (FRESHNESS, 10800, {"type": "gt", "params": [10800]}),
    ],
    ids=["above", "below", "outside", "freshness"],
)
def test_in_grafana_what_is_not_judged_is_not_past_the_threshold(
    watched: Alert, replaced: float, evaluator: dict[str, object]
) -> None:
    """A series that Grafana's reducer drops would fire for two more evaluations: NaN becomes the threshold itself."""
    (file,) = predictor_root(predictor(watched), (rule_of(watched),)).files
    assert file.group
    (rule,) = file.group.rules
    asked, reduced, compared = rule.queries
    assert asked.model["expr"] == rule_of(watched).value
    assert (asked.range_from, rule.no_data_state, rule.pending) == (LOOK_BACK_SECONDS, "OK", "0s")
    assert reduced.model["settings"] == {"mode": "replaceNN", "replaceWithValue": replaced}
    assert (rule.condition, compared.model["conditions"]) == ("C", [{"evaluator": evaluator}])
