"""Draw generated dashboards from a real Prometheus, without Grafana: HTML pages, and pictures of them.

    python -m tests.dashboards.preview --out .cache/preview

uPlot, which Grafana draws with, and marked, its Markdown, come from npm into the cache; Chromium takes the pictures.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.dashboards.preview.pages import page
from tests.dashboards.preview.pictures import Browser
from tests.dashboards.preview.weeks import CHOSEN, demo_weeks
from tests.real_parts import ROOT, Prometheus, require

WIDTHS = (1440, 390)


class Elsewhere(Prometheus):
    """A Prometheus that somebody else runs: an address, no process."""

    def __init__(self, url: str) -> None:
        object.__setattr__(self, "url", url)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.dashboards.preview", description=__doc__)
    parser.add_argument("--prometheus", help="its address; without one, two weeks of the demo's log are drawn")
    parser.add_argument("--dashboards", type=Path, default=ROOT / "output" / "dashboards")
    parser.add_argument("--out", type=Path, required=True, help="folder for pages and pictures")
    parser.add_argument("--at", type=float, help="the end of the time range, seconds since 1970; default: now")
    parser.add_argument("--days", type=float, default=7, help="the length of the time range")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a dashboard variable")
    options = parser.parse_args()
    chosen = {"datasource": "prometheus", "window": "1h"} | CHOSEN | dict(one.split("=", 1) for one in options.set)
    chosen["__range"] = f"{int(options.days * 24)}h"
    options.out.mkdir(parents=True, exist_ok=True)
    with _prometheus(options.prometheus) as prometheus, Browser(require("chromium")) as browser:
        end = options.at or time.time()
        for file in sorted(options.dashboards.rglob("*.json")):
            dashboard = json.loads(file.read_text(encoding="utf-8"))
            drawn = options.out / f"{file.stem}.html"
            drawn.write_text(page(dashboard, prometheus, chosen, end, options.days * 86400), encoding="utf-8")
            for width in WIDTHS:
                browser.picture(drawn, options.out / f"{file.stem}-{width}.png", width)


@contextmanager
def _prometheus(url: str | None) -> Iterator[Prometheus]:
    if url is not None:
        yield Elsewhere(url)
        return
    with TemporaryDirectory(prefix="preview-") as folder, demo_weeks(Path(folder)) as server:
        yield server


if __name__ == "__main__":
    main()
