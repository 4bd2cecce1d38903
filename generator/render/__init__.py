"""Renderers: the model → files. Pure functions from a registry to bytes by path, relative to the output folder."""

from __future__ import annotations

from collections.abc import Callable

from generator.model import Registry
from generator.render import dashboards, metrics, prometheus, terraform

Renderer = Callable[[Registry], dict[str, bytes]]

RENDERERS: tuple[Renderer, ...] = (metrics.render, dashboards.render, terraform.render, prometheus.render)


def render(registry: Registry) -> dict[str, bytes]:
    """All generated files, sorted by path.

    Raises:
        ValueError: two renderers want the same path.
        RenderError: an artifact would be refused by the system that it is for.
    """
    files: dict[str, bytes] = {}
    for renderer in RENDERERS:
        rendered = renderer(registry)
        if twice := files.keys() & rendered.keys():
            raise ValueError(f"{min(twice)} is rendered twice")
        files |= rendered
    return dict(sorted(files.items()))
