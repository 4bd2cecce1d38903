"""One measurement of `scan` in a process of its own: prints the best of some runs in seconds, and the peak MB.

`python benchmarks/scan_worker.py JOB FILE RUNS`; it runs in the peers' environments, too: each job imports its own.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _peak_megabytes() -> float:
    """The most memory this process had; getrusage, where there is no /proc, begins with what its parent had."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def ours(file: str) -> Callable[[], object]:
    """The window from the log to its profiles, connection included; its atoms are known, as after any first window."""
    from dataclasses import replace
    from datetime import UTC, datetime, timedelta

    from metrics_exporter.definitions import Columns, Log
    from metrics_exporter.sources import open_warehouse
    from metrics_exporter.sources.assemble import Scanned, assemble
    from metrics_exporter.sources.scan import ScanRequest, scan

    start = datetime(2026, 1, 1, tzinfo=UTC)
    columns = Columns(features=("feature_*",)) if "columns" in file else Columns()
    unlearnt = ScanRequest(Log(table="predictions", columns=columns), start, start + timedelta(hours=1), {})

    def scanned(request: ScanRequest) -> Scanned:
        return assemble("default", request, scan(open_warehouse(f"duckdb:{file}"), request, 600))

    request = replace(unlearnt, atoms=scanned(unlearnt).repeated)

    def run() -> object:
        (window,) = scanned(request).windows
        assert window.rows == 1_000_000
        assert all(profile.distribution for profile in window.profiles)
        assert sum(len(profile.distribution.atoms) == 10 for profile in window.profiles if profile.distribution) >= 5
        return window

    return run


def floor(file: str) -> Callable[[], object]:
    """numpy's describe and histogram of what is finite: a log's column may hold NaN and ±inf, which no count includes.

    Our side leaves out defaults, too, and drops duplicate rows; numpy is spared both.
    """
    import numpy as np

    return _described(file, lambda column: column[np.isfinite(column)])


def trusting_floor(file: str) -> Callable[[], object]:
    """The same without a look for NaN and ±inf: right for these columns, which have none, but not for a log's."""
    return _described(file, lambda column: column)


def _described(file: str, chosen: Callable[[Any], Any]) -> Callable[[], object]:
    """count, mean, std, min, max, five percentiles and 20 bins over the data's range, of each column, in memory."""
    import numpy as np
    import pyarrow.parquet as pq

    columns = [column.to_numpy() for column in pq.read_table(file).columns]

    def describe(x: np.ndarray) -> object:
        percentiles = np.percentile(x, [5, 25, 50, 75, 95])
        return len(x), x.mean(), x.std(), x.min(), x.max(), percentiles, np.histogram(x, 20)

    return lambda: [describe(chosen(column)) for column in columns]


def evidently(file: str) -> Callable[[], object]:
    """Evidently's summary of the same columns."""
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataSummaryPreset

    frame = pd.read_parquet(file)
    return lambda: Report([DataSummaryPreset()]).run(frame, None).dict()


def whylogs(file: str) -> Callable[[], object]:
    """whylogs' profile of the same columns."""
    import pandas as pd
    import whylogs as why

    frame = pd.read_parquet(file)
    return lambda: why.log(frame).view().to_pandas()


JOBS = {"ours": ours, "floor": floor, "trusting floor": trusting_floor, "evidently": evidently, "whylogs": whylogs}


def main(job: str, file: str, runs: int) -> None:
    """Measure."""
    run = JOBS[job](file)
    best = float("inf")
    for _ in range(runs):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
    print(best, _peak_megabytes())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
