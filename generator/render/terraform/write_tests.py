"""A root → the tests that `terraform test` runs on it: that it plans with and without secrets, and what then differs.

They are plans with a mocked provider, so they need no Grafana and no secret. People who add files or overrides to a
root run them to see that it still does what it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from generator.render.grafana.objects import ContactPoint, Root
from generator.render.terraform.hcl import Block, Raw, quote

_PREFIX = "[test] "
_PLAN = Raw("plan")
_SECRETS = {"slack": "slack_token", "pagerduty": "pagerduty_integration_key"}


def tests_of(root: Root) -> list[Block]:
    """The blocks of the root's test file."""
    given = {"prometheus_data_source_uid": "test", "folder_prefix": _PREFIX}
    if not root.contact_points:
        given["contact_point"] = "existing"
    return [Block('mock_provider "grafana"', {}), Block("variables", given), *_runs(root)]


def _runs(root: Root) -> Iterator[Block]:
    points = root.contact_points
    existing = {f"{point.kind}_contact_point": f"existing {point.kind}" for point in points}
    yield _run("existing_contact_points", existing, [_folder(), *(_uses_existing(point) for point in points)])
    if points:
        yield _run("contact_points_of_its_own", _secrets(points), [_makes_its_own(point) for point in points])
    for point in points:
        others = _secrets(other for other in points if other != point)
        failing = {"expect_failures": [Raw(f"grafana_contact_point.{point.kind}")]}
        yield _run(f"no_{point.kind}_secret", others, (), failing)


def _secrets(points: Iterable[ContactPoint]) -> dict[str, str]:
    return {_SECRETS[point.kind]: "secret" for point in points}


def _run(name: str, variables: Mapping[str, str], checks: Iterable[Block], more: Mapping[str, Any] = {}) -> Block:
    given = (Block("variables", variables),) if variables else ()
    return Block(f'run "{name}"', {"command": _PLAN, **more}, (*given, *checks))


def _folder() -> Block:
    """Whatever the title: an override may give another one."""
    condition = f"startswith(grafana_folder.this.title, {quote(_PREFIX)})"
    return _assert(condition, "The folder's title has the prefix.")


def _uses_existing(point: ContactPoint) -> Block:
    made, used = f"grafana_contact_point.{point.kind}", f"local.contact_points.{point.severity}"
    condition = f'length({made}) == 0 && {used} == "existing {point.kind}"'
    return _assert(condition, f"Alerts of severity {point.severity} go to the existing contact point.")


def _makes_its_own(point: ContactPoint) -> Block:
    made, name = f"grafana_contact_point.{point.kind}[0].name", quote(f"{_PREFIX}{point.name}")
    condition = f"{made} == {name} && local.contact_points.{point.severity} == {name}"
    return _assert(condition, f"Alerts of severity {point.severity} go to a contact point of the root's own.")


def _assert(condition: str, message: str) -> Block:
    return Block("assert", {"condition": Raw(condition), "error_message": message})
