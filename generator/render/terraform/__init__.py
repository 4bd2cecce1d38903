"""Terraform roots: one a team, and one for what belongs to no team."""

from __future__ import annotations

from generator.alerting.rules import Rules
from generator.model import Predictor, Registry
from generator.render.grafana.build import bare_roots, predictor_root, rule_uids
from generator.render.grafana.checks import check
from generator.render.renderer import Files, Renderer
from generator.render.terraform.write_root import predictor_files, root_files


def _shared(registry: Registry) -> Files:
    roots = bare_roots(registry)
    check(roots, rule_uids(registry))
    files: Files = {}
    for root in roots:
        files |= root_files(root) | predictor_files(root)
    return files


def _predictor(predictor: Predictor, rules: Rules) -> Files:
    root = predictor_root(predictor, rules)
    check((root,))
    return predictor_files(root)


render = Renderer(_shared, _predictor)
