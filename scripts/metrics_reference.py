#!/usr/bin/env python3
"""Write docs/metrics.md from the catalogue and from what the exporter says of itself; `--check` only compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import Metric

from generator.catalogue import METRICS, CatalogueMetric
from metrics_exporter.definitions import Kind, Statistic, Subject
from metrics_exporter.serving.own_metrics import OwnMetrics

FILE = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"

INTRODUCTION = """\
<!-- Written by scripts/metrics_reference.py from the catalogue: change that, then run it. -->
# Metrics

What the exporter serves at `/metrics`. Every gauge describes the **latest closed window** of its `window` label (`1h`,
aligned to the UTC hour; `1d`, to the UTC day; `7d`, from Monday on), stands until the next one is published, and is
absent where there is no value: never 0 instead. So read it through a range function that looks back a window and a
margin:

```promql
last_over_time(ml_feature_mean{predictor="arrival_delay", window="1h"}[1h10m])
```

Role and team are on `ml_model_info` alone, and are joined in, so that a promotion starts no new series:

```promql
ml_prediction_mean * on (predictor, model_id) group_left (role, team)
  max by (predictor, model_id, role, team) (ml_model_info{role="primary"})
```

The `max by` makes one series of what several replicas of the exporter serve.

`ml_alert_reading` is what an alert rule compares with its threshold; see [When an alert fires](alerts.md).

The values of a feature (mean, quantiles, categories …) leave out NULL, NaN, ±infinity and every row in which the
feature was replaced by its default; the ratios count exactly those, as shares of the model's predictions.
"""

SECTIONS = {
    Subject.MODEL: "Models",
    Subject.PREDICTION: "Predictions",
    Subject.FEATURE: "Features",
    Subject.ALERT: "Alerts",
}

_RESERVED = (
    Statistic.EVALUATION,
    Statistic.EVALUATION_ROWS,
    Statistic.EVALUATION_WINDOW_END,
    Statistic.LABELLED_RATIO,
)


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for subject, title in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts.extend(_entry(metric) for metric in METRICS if metric.definition.subject is subject)
    parts.append("## The exporter itself\n")
    parts.extend(_own_entry(family) for family in OwnMetrics((), {}, {}, {}).collect())
    return "\n".join(parts)


def _entry(metric: CatalogueMetric) -> str:
    definition = metric.definition
    return "\n".join([f"### `{metric.name}`\n", f"{definition.help}\n", *_facts(metric), ""])


def _facts(metric: CatalogueMetric) -> Iterator[str]:
    definition = metric.definition
    yield f"- **Type** {definition.type}, **labels** {_names(definition.labels)}"
    yield f"- **Unit** {_unit(metric)}"
    yield f"- **When it rises:** {metric.rise}"
    if definition.subject is Subject.FEATURE and metric.kinds != frozenset(Kind):
        yield f"- **Only of** {' and '.join(sorted(metric.kinds))} features"
    if metric.samples:
        yield f"- **Behind a value** are {_names([metric.samples])} samples, which `min_samples` of an alert counts"
    if definition.statistic in _RESERVED:
        yield "- **Not computed yet:** the name is reserved for the evaluation against actuals"


def _unit(metric: CatalogueMetric) -> str:
    unit = {
        "count": "a number",
        "ratio": "a share",
        "value": "that of the feature or prediction itself",
        "number": "none",
        "seconds": "seconds",
        "timestamp": "seconds since 1970",
        "info": "none: it is always 1",
    }[metric.unit]
    if metric.low is not None and metric.high is not None:
        return f"{unit}, from {metric.low:g} to {metric.high:g}"
    return f"{unit}, never below {metric.low:g}" if metric.low is not None else unit


def _own_entry(family: Metric) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = _names(family._labelnames) or "none"  # type: ignore[attr-defined]
    return f"### `{name}`\n\n{family.documentation}\n\n- **Type** {family.type}, **labels** {labels}\n"


def _names(names: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is stale; the exit code."""
    if "--check" not in arguments:
        FILE.write_text(page(), encoding="utf-8")
        return 0
    if FILE.is_file() and FILE.read_text(encoding="utf-8") == page():
        return 0
    print(f"{FILE}: stale; run `python scripts/metrics_reference.py`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
