"""A dashboard → an HTML page that draws it, whole in one file."""

from __future__ import annotations

import json
import subprocess
from html import escape
from pathlib import Path

from tests.dashboards.preview import frames
from tests.dashboards.reading import Json
from tests.real_parts import ROOT, Prometheus, require

HERE = Path(__file__).parent
NODE = ROOT / ".cache" / "driftgauge" / "preview"
LIBRARIES = ("uplot@1.6.32", "marked@12.0.2")


def page(dashboard: Json, prometheus: Prometheus, chosen: dict[str, str], end: float, length: float) -> str:
    """The page for a time range that ends at `end` and is `length` long, both in seconds."""
    start = end - length
    shown = {
        **dashboard,
        "panels": [frames.drawn(panel, prometheus, chosen, start, end) for panel in dashboard["panels"]],
        "marks": [
            mark
            for annotation in dashboard["annotations"]["list"]
            for mark in frames.marks(annotation, prometheus, chosen, start, end)
        ],
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
