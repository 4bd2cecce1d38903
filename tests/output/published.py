"""Gauges as the exporter publishes them, and what a rule says of them minute by minute, asked of real promtool."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from tests.real_parts import PrometheusBinaries

SETTLE_MINUTES = 10


@dataclass(frozen=True)
class Window:
    """A closed window as it is published: some minutes late, with a value of each series or None where it has none."""

    late: int
    values: Mapping[str, float | None]


def published_at(windows: Sequence[Window], window_minutes: int = 60) -> list[int]:
    """The minutes at which the windows are published; the first ends one window after minute 0."""
    return [(k + 1) * window_minutes + SETTLE_MINUTES + window.late for k, window in enumerate(windows)]


def series(windows: Sequence[Window], end_series: str, window_minutes: int = 60) -> list[dict[str, str]]:
    """Minutely samples of the windows' values, and of the windows' ends in `end_series`, as promtool reads them."""
    moments = published_at(windows, window_minutes)
    last = moments[-1] + 2 * window_minutes
    names = sorted({name for window in windows for name in window.values})
    samples: dict[str, list[float | None]] = {name: [None] * last for name in (*names, end_series)}
    for k, (window, start) in enumerate(zip(windows, moments, strict=True)):
        until = moments[k + 1] if k + 1 < len(moments) else last
        for name in names:
            samples[name][start:until] = [window.values.get(name)] * (until - start)
        samples[end_series][start:until] = [(k + 1) * window_minutes * 60] * (until - start)
    return [{"series": name, "values": _notation(values)} for name, values in samples.items()]


def _notation(values: Iterable[float | None]) -> str:
    """promtool's notation, run by run; a series that ends is marked stale, as a scrape without it does."""
    parts, before = [], None
    for value, run in groupby(values):
        length = len(list(run))
        if value is not None:
            parts.append(f"{value}+0x{length - 1}")
        elif before is None:
            parts.append(f"_x{length}")
        else:
            parts.append("stale" if length == 1 else f"stale _x{length - 1}")
        before = value
    return " ".join(parts)


def expect(
    binaries: PrometheusBinaries,
    folder: Path,
    expression: str,
    input_series: Sequence[Mapping[str, str]],
    firing: Mapping[int, int],
) -> None:
    """Fail unless the expression has, minute by minute, as many series as `firing` says."""
    counted = f"count({expression}) or vector(0)"
    tests = [
        {"expr": counted, "eval_time": f"{minute}m", "exp_samples": [{"labels": "{}", "value": count}]}
        for minute, count in firing.items()
    ]
    run(binaries, folder, [{"interval": "1m", "input_series": list(input_series), "promql_expr_test": tests}])


def run(
    binaries: PrometheusBinaries, folder: Path, tests: Sequence[Mapping[str, Any]], rule_files: Sequence[Path] = ()
) -> None:
    """Run `promtool test rules`."""
    file = folder / "test.yaml"
    content = {"rule_files": [str(rules) for rules in rule_files], "evaluation_interval": "1m", "tests": list(tests)}
    file.write_text(yaml.safe_dump(content, width=1_000_000), encoding="utf-8")
    binaries.check("test", "rules", file)
