"""Rules: how long a Prometheus evaluates them, by readings and as PromQL that finds the windows out by itself.

Both are evaluated by the same server over the same windows, and fire for the same series. `RULES_PREDICTORS` is how
many predictors there are (the full size is 1000, which needs some gigabytes of disk).
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from benchmarks.lines import Line
from generator.alerting.rules import expression
from generator.model import Condition
from metrics_exporter.definitions import Comparison
from metrics_exporter.statistics.readings import WORST
from metrics_exporter.windows import HOURLY
from tests.real_parts import Prometheus, PrometheusBinaries, prometheus, wait_until

PREDICTORS = int(os.environ.get("RULES_PREDICTORS", "50"))
FEATURES = 60
WINDOWS = 3  # in a row

_SCRAPE = 60
_WEEK = 7 * 86400
_SPAN = 200  # minutes of samples: the windows in a row, and what the rules look at beside them
_GOAL = 10
_KEYS = "predictor, model_id, feature"
_MODEL_KEYS = "predictor, model_id"

Groups = dict[str, dict[str, Any]]

CONDITIONS = {
    comparison: Condition(
        id=comparison,
        title=comparison,
        metric="ml_feature_default_ratio",
        feature="*",
        window=HOURLY,
        comparison=comparison,
        high=0.5,
        consecutive=WINDOWS,
        min_samples=20,
        models=("m",),
        severity="notify",
    )
    for comparison in (Comparison.ABOVE, Comparison.CHANGE_ABOVE)
}


def run() -> Iterator[Line]:
    """A line for windows in a row above a threshold, one for their change against past weeks, and one for both."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, binaries = Path(scratch), PrometheusBinaries.require("2")
        (folder / "samples.txt").write_text("".join(_samples(int(time.time()))), encoding="utf-8")
        blocks = ("tsdb", "create-blocks-from", "openmetrics", folder / "samples.txt", folder / "data")
        binaries.check(*blocks)
        files = [_rule_file(folder, name, rule) for name, rule in _rules().items()]
        config = {"global": {"evaluation_interval": "1m"}, "rule_files": files}
        with prometheus(binaries, config, folder) as server:
            cold = wait_until("evaluation of all rules", lambda: _evaluated(server, len(files)), timeout=900)
            warm = wait_until("another one", lambda: _evaluated(server, len(files), after=cold), timeout=900)
        seconds = {name: group["evaluationTime"] for name, group in warm.items()}
        ours, theirs = ({each: seconds[f"{each} {how}"] for each in CONDITIONS} for how in ("readings", "windows"))
        for each in CONDITIONS:
            yield _line(str(each), ours[each], theirs[each])
        both = _line("both", sum(ours.values()), sum(theirs.values()))
        yield replace(both, goal=f">= {_GOAL}", ok=sum(theirs.values()) >= _GOAL * sum(ours.values()))


def _line(name: str, ours: float, theirs: float) -> Line:
    reference = f"{theirs * 1000:.0f} ms, windows found in PromQL"
    return Line(f"rules: {name}, {PREDICTORS} predictors", f"{ours * 1000:.0f} ms", reference, f"{theirs / ours:.1f}")


def _rules() -> dict[str, Callable[[str], str]]:
    """Each way to put each condition, for a predictor."""
    rules: dict[str, Callable[[str], str]] = {"above windows": _above, "change_above windows": _change}
    for comparison, condition in CONDITIONS.items():
        rules[f"{comparison} readings"] = lambda predictor, condition=condition: expression(predictor, condition)
    return rules


def _rule_file(folder: Path, name: str, rule: Callable[[str], str]) -> str:
    rules = [{"alert": name, "expr": rule(f"predictor_{number}")} for number in range(PREDICTORS)]
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": name, "rules": rules}]}), encoding="utf-8")
    return str(path)


def _evaluated(server: Prometheus, groups: int, after: Groups | None = None) -> Groups | None:
    """What the server says of the groups, by name; None before all have been evaluated (again).

    Raises:
        ValueError: they do not fire for the same series: one of each predictor.
    """
    found: Groups = {group["name"]: group for group in server.api("rules")["groups"]}
    before = {name: group["lastEvaluation"] for name, group in (after or {}).items()}
    evaluated = [group for group in found.values() if group["evaluationTime"]]
    if len(evaluated) < groups or any(before.get(one["name"]) == one["lastEvaluation"] for one in evaluated):
        return None
    for name, group in found.items():
        firing = sum(len(rule["alerts"]) for rule in group["rules"])
        if firing != PREDICTORS:
            raise ValueError(f"{name}: {firing} alerts fire, not {PREDICTORS}")
    return found


def _samples(now: int) -> Iterator[str]:
    """OpenMetrics: one feature of each predictor is past the thresholds, now and by change, and the others are not."""
    recent = range(now - _SPAN * 60, now, _SCRAPE)
    past = [range(start - _SPAN * 60, start + 3600, _SCRAPE) for start in (now - week * _WEEK for week in (4, 3, 2, 1))]
    weeks = [at for each in past for at in each]
    models = [f'predictor="predictor_{number}",model_id="m"' for number in range(PREDICTORS)]
    hourly = ',window="1h"'
    yield from _family(
        "ml_window_end_timestamp_seconds", {f"{m}{hourly}": _window_end for m in models}, [*weeks, *recent]
    )
    yield from _family("ml_predictions", {f"{m}{hourly}": lambda _: 500 for m in models}, recent)
    series = {f'{m},feature="feature_{n}"': n == 1 for m in models for n in range(FEATURES)}
    ratios = {
        f"{labels}{hourly}": (lambda at: 0.9 if at >= recent[0] else 0.3) if bad else (lambda _: 0.3)
        for labels, bad in series.items()
    }
    yield from _family("ml_feature_default_ratio", ratios, [*weeks, *recent])
    readings = {
        f'{labels},alert="{comparison}",bound="{comparison}"': (lambda _: 2) if bad else (lambda _: 0.1)
        for place, (labels, bad) in enumerate(series.items())
        for comparison in CONDITIONS
        if place % FEATURES < WORST  # the one that fires is among them
    }
    yield from _family("ml_alert_reading", readings, recent)
    yield "# EOF\n"


def _window_end(at: int) -> float:
    return at - 600 - (at - 600) % 3600


def _family(name: str, series: dict[str, Callable[[int], float]], times: Any) -> Iterator[str]:
    yield f"# TYPE {name} gauge\n"
    for labels, value in series.items():
        yield "".join(f"{name}{{{labels}}} {value(at)} {at}\n" for at in times)


def _above(predictor: str) -> str:
    """N windows in a row above a threshold, without a gap, with their samples."""
    values, ends, samples = (_series(name, predictor) + f"[{_looked_back()}]" for name in _NAMES)
    return (
        f"min by ({_KEYS}) (min_over_time({values})) > 0.5\n"
        f"and on ({_MODEL_KEYS}) max by ({_MODEL_KEYS}) (changes({ends})) >= {WINDOWS - 1}\n"
        f"and on ({_KEYS}) (sum by ({_KEYS}) (count_over_time({values})) >= on ({_MODEL_KEYS}) group_left ()\n"
        f"  sum by ({_MODEL_KEYS}) (count_over_time({ends})))\n"
        f"and on ({_MODEL_KEYS}) min by ({_MODEL_KEYS}) (min_over_time({samples})) >= 20"
    )


def _change(predictor: str) -> str:
    """The same for the change against the median of the same windows of four weeks."""
    value, _, _ = (_series(name, predictor) for name in _NAMES)
    weeks = " or ".join(_week(predictor, week) for week in (1, 2, 3, 4))
    median = f"quantile by ({_KEYS}) (0.5, {weeks}) != 0 and count by ({_KEYS}) ({weeks}) >= 2"
    change = f"abs(max by ({_KEYS}) (last_over_time({value}[10m])) / ({median}) - 1)"
    return _above(predictor).replace(
        _above(predictor).split("\n", 1)[0], f"min_over_time(({change})[{_looked_back()}:2m]) > 0.5"
    )


def _week(predictor: str, week: int) -> str:
    value, end, _ = (_series(name, predictor) for name in _NAMES)
    back = f"[70m] offset {week}w"
    then = f"max by ({_KEYS}) (last_over_time({value}{back}))"
    same = (
        f"max by ({_MODEL_KEYS}) (last_over_time({end}{back})) + {week * _WEEK}"
        f" == max by ({_MODEL_KEYS}) (last_over_time({end}[10m]))"
    )
    return f'label_replace({then} and on ({_MODEL_KEYS}) ({same}), "week", "{week}", "", "")'


_NAMES = ("ml_feature_default_ratio", "ml_window_end_timestamp_seconds", "ml_predictions")


def _series(name: str, predictor: str) -> str:
    return f'{name}{{predictor="{predictor}",model_id="m",window="1h"}}'


def _looked_back() -> str:
    return f"{(WINDOWS - 1) * 60 + 10}m"
