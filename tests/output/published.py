"""Gauges as Prometheus scrapes them, and what a rule says of them minute by minute, asked of real promtool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from tests.real_parts import PrometheusBinaries

Segment = tuple[int, float | None]  # minutes, and the value in them; None: nothing is scraped


def series(name: str, *segments: Segment) -> dict[str, str]:
    """A sample a minute, as promtool reads them; a series that ends is marked stale, as a scrape without it does."""
    values = [value for minutes, value in segments for _ in range(minutes)]
    parts: list[str] = []
    for value, run in groupby(values, key=str):
        length = len(list(run))
        if value != "None":
            parts.append(f"{value}+0x{length - 1}")
        elif not parts:
            parts.append(f"_x{length}")
        else:
            parts.append("stale" if length == 1 else f"stale _x{length - 1}")
    return {"series": name, "values": " ".join(parts)}


def expect(
    binaries: PrometheusBinaries,
    folder: Path,
    expressions: Sequence[str],
    input_series: Sequence[Mapping[str, str]],
    firing: Mapping[int, int],
) -> None:
    """Fail unless each expression has, minute by minute, as many series as `firing` says."""
    tests = [
        {
            "expr": f"count({expression}) or vector(0)",
            "eval_time": f"{minute}m",
            "exp_samples": [{"labels": "{}", "value": count}],
        }
        for minute, count in firing.items()
        for expression in expressions
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
