"""Renderers: the model → files. Pure functions from a registry to bytes by path, relative to the output folder."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from generator.alerting.rules import rules_of
from generator.model import Predictor, Registry
from generator.render import dashboards, grafana_provisioning, kubernetes, metrics, mixin, prometheus, terraform
from generator.render.errors import RenderError, joined
from generator.render.renderer import Files, Renderer

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


Progress = Callable[[Sequence[Predictor]], Iterable[Predictor]]  # shows how many of them have been taken


def render(
    registry: Registry, targets: Collection[str] = DEFAULT_TARGETS, progress: Progress = lambda predictors: predictors
) -> Files:
    """All generated files: definitions, dashboards, and those of the chosen targets.

    Raises:
        ValueError: two renderers want the same path.
        RenderError: an artifact would be refused by the system that it is for.
    """
    shared, each = render_shared(registry, targets), render_each(progress(registry.predictors), targets)
    return _united(itertools.chain((shared,), (files for _, files in each)))


def render_shared(registry: Registry, targets: Collection[str]) -> Files:
    """The files that belong to no single predictor.

    Raises:
        ValueError, RenderError: see `render`.
    """
    return _united(renderer.shared(registry) for renderer in _renderers(targets))


def render_each(predictors: Iterable[Predictor], targets: Collection[str]) -> Iterator[tuple[Predictor, Files]]:
    """Each predictor with its files.

    Raises:
        ValueError, RenderError: see `render`; the latter in the end, for all predictors at once.
    """
    renderers, refused = _renderers(targets), []
    for predictor in predictors:
        try:
            rules = rules_of(predictor)
            files = _united(renderer.predictor(predictor, rules) for renderer in renderers)
        except RenderError as error:
            refused.append(error)
        else:
            yield predictor, files
    if refused:
        raise joined(refused)


def _renderers(targets: Collection[str]) -> tuple[Renderer, ...]:
    chosen = set(targets)
    return (*ALWAYS, *(renderer for name, renderer in TARGETS.items() if name in chosen))


def _united(parts: Iterable[Files]) -> Files:
    files: Files = {}
    for part in parts:
        if twice := files.keys() & part.keys():
            raise ValueError(f"{min(twice)} is rendered twice")
        files |= part
    return files
