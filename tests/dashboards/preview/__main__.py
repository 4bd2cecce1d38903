"""Draw generated dashboards from a real Prometheus, without Grafana: HTML pages, and pictures of them.

    python -m tests.dashboards.preview --prometheus http://127.0.0.1:9090 --out /tmp/preview

uPlot, which Grafana draws with, and marked, its Markdown, come from npm into the cache; Chromium takes the pictures.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from html import escape
from pathlib import Path

from tests.dashboards.preview import frames
from tests.dashboards.preview.pictures import Browser
from tests.dashboards.reading import Json
from tests.real_parts import ROOT, Prometheus, require

HERE = Path(__file__).parent
NODE = ROOT / ".cache" / "driftgauge" / "preview"
LIBRARIES = ("uplot@1.6.32", "marked@12.0.2")
WIDTHS = (1440, 390)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.dashboards.preview", description=__doc__)
    parser.add_argument("--prometheus", required=True, help="its address")
    parser.add_argument("--dashboards", type=Path, default=ROOT / "output" / "dashboards")
    parser.add_argument("--out", type=Path, required=True, help="folder for pages and pictures")
    parser.add_argument("--at", type=float, default=time.time(), help="the end of the time range, seconds since 1970")
    parser.add_argument("--days", type=float, default=7, help="the length of the time range")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a dashboard variable")
    options = parser.parse_args()
    prometheus = Prometheus(options.prometheus, None, Path())  # type: ignore[arg-type]
    chosen = {"datasource": "prometheus", "window": "1h"} | dict(one.split("=", 1) for one in options.set)
    chosen["__range"] = f"{int(options.days * 24)}h"
    options.out.mkdir(parents=True, exist_ok=True)
    with Browser(require("chromium")) as browser:
        for file in sorted(options.dashboards.rglob("*.json")):
            dashboard = json.loads(file.read_text(encoding="utf-8"))
            page = options.out / f"{file.stem}.html"
            page.write_text(_page(dashboard, prometheus, chosen, options.at, options.days * 86400), encoding="utf-8")
            for width in WIDTHS:
                browser.picture(page, options.out / f"{file.stem}-{width}.png", width)


def _page(dashboard: Json, prometheus: Prometheus, chosen: dict[str, str], end: float, length: float) -> str:
    start = end - length
    shown = {
        **dashboard,
        "panels": [frames.drawn(panel, prometheus, chosen, start, end) for panel in dashboard["panels"]],
        "chosen": chosen,
        "range": [start, end],
    }
    content = json.dumps(shown).replace("</", "<\\/")
    modules = _libraries()
    style = (modules / "uplot/dist/uPlot.min.css").read_text() + (HERE / "preview.css").read_text()
    scripts = [modules / "uplot/dist/uPlot.iife.min.js", modules / "marked/marked.min.js"]
    scripts += [HERE / "units.js", HERE / "preview.js"]
    script = "".join(f"<script>{file.read_text(encoding='utf-8')}</script>" for file in scripts)
    return (
        f"<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><style>{style}</style>"
        f"<title>{escape(dashboard['title'])}</title><body><script>const dashboard = {content};</script>{script}"
    )


def _libraries() -> Path:
    if not (NODE / "node_modules").is_dir():
        NODE.mkdir(parents=True, exist_ok=True)
        subprocess.run([require("npm"), "install", "--prefix", NODE, "--silent", *LIBRARIES], check=True, timeout=120)
    return NODE / "node_modules"


if __name__ == "__main__":
    main()
