"""Renderers: the model → files. Pure functions from a registry to bytes by path, relative to the output folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from generator.model import Registry
from generator.render import dashboards, grafana_provisioning, kubernetes, metrics, mixin, prometheus, terraform

Renderer = Callable[[Registry], dict[str, bytes]]

ALWAYS: tuple[Renderer, ...] = (metrics.render, dashboards.render)

# How the output reaches a shop; `driftgauge.yaml` chooses. A target is a module, and a line here.
TARGETS: dict[str, Renderer] = {
    "terraform": terraform.render,
    "prometheus": prometheus.render,
    "kubernetes": kubernetes.render,
    "mixin": mixin.render,
    "grafana-provisioning": grafana_provisioning.render,
}
DEFAULT_TARGETS = ("terraform", "prometheus")


def render(registry: Registry, targets: Iterable[str] = DEFAULT_TARGETS) -> dict[str, bytes]:
    """All generated files, sorted by path: definitions, dashboards, and those of the chosen targets.

    Raises:
        ValueError: two renderers want the same path.
        RenderError: an artifact would be refused by the system that it is for.
    """
    chosen = set(targets)
    files: dict[str, bytes] = {}
    for renderer in (*ALWAYS, *(renderer for name, renderer in TARGETS.items() if name in chosen)):
        rendered = renderer(registry)
        if twice := files.keys() & rendered.keys():
            raise ValueError(f"{min(twice)} is rendered twice")
        files |= rendered
    return dict(sorted(files.items()))
