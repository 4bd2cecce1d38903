"""Terraform roots: one a team, and one for what belongs to no team."""

from __future__ import annotations

from generator.model import Registry
from generator.render.grafana.build import roots
from generator.render.grafana.checks import check
from generator.render.terraform.write_root import root_files


def render(registry: Registry) -> dict[str, bytes]:
    """The `.tf` files of all roots, by path relative to the output folder.

    Raises:
        RenderError: Grafana would refuse something half-way through `terraform apply`.
    """
    built = roots(registry)
    check(built)
    files: dict[str, bytes] = {}
    for root in built:
        files |= root_files(root)
    return files
