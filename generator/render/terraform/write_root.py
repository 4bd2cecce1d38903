"""A checked root → its `.tf` files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from generator.conventions import generated_mark
from generator.render.grafana.objects import (
    PROMETHEUS,
    SHARED_CONTACT,
    AlertRule,
    ContactPoint,
    Dashboard,
    PredictorFile,
    Query,
    Root,
    RuleGroup,
)
from generator.render.renderer import Files
from generator.render.terraform.hcl import Block, Json, Raw, document, quote
from generator.render.terraform.write_tests import tests_of

_FOLDER = Raw("grafana_folder.this.uid")
_DATA_SOURCE = Raw("var.prometheus_data_source_uid")
_OUTPUT_FOLDER = "${path.module}/../.."  # a root is output/terraform/<team>


def root_files(root: Root) -> Files:
    """The files that a root has but once, by path relative to the output folder."""
    return {
        **_file(f"{root.path}/versions.tf", f"Terraform and its provider for {root.about}.", _versions()),
        **_file(f"{root.path}/variables.tf", "What differs between environments, and secrets.", _variables(root)),
        **_file(f"{root.path}/main.tf", f"Folder, contact points and outputs of {root.about}.", _main(root)),
        **_file(f"{root.path}/tests/root.tftest.hcl", "`terraform test` runs it.", tests_of(root)),
    }


def predictor_files(root: Root) -> Files:
    """The files of the root's predictors, by path relative to the output folder."""
    files: Files = {}
    for file in root.files:
        files |= _file(file.path, file.about, _predictor(file))
    return files


def _file(path: str, about: str, blocks: Iterable[Block]) -> Files:
    return {path: document((generated_mark(path), *about.splitlines()), blocks)}


def _versions() -> list[Block]:
    provider = {"source": "grafana/grafana", "version": ">= 4.0, < 5.0"}
    providers = Block("required_providers", {"grafana": provider})
    connection = {"url": Raw("var.grafana_url"), "auth": Raw("var.grafana_auth"), "store_dashboard_sha256": True}
    return [
        Block("terraform", {"required_version": ">= 1.7, < 2.0"}, (providers,)),
        Block('provider "grafana"', connection),
    ]


def _variables(root: Root) -> list[Block]:
    variables = [
        _variable(
            "grafana_url",
            "Grafana's address; null: from the environment, GRAFANA_URL.",
            _valid('var.grafana_url == null || can(regex("^https?://", var.grafana_url))', "It begins with https://."),
            default=None,
        ),
        _secret("grafana_auth", "A service account's token; null: from the environment, GRAFANA_AUTH."),
        _variable(
            "prometheus_data_source_uid",
            "The UID of the Prometheus data source that has the metrics.",
            _valid(
                'can(regex("^[0-9A-Za-z_-]{1,40}$", var.prometheus_data_source_uid))',
                "It is the data source's UID, not its name: the last part of the address of its page in Grafana.",
            ),
        ),
        _variable("folder_prefix", "Goes before the titles of folders and contact points.", default="", nullable=False),
    ]
    if not root.contact_points:
        about = "The existing contact point that is notified, by its name."
        variables.append(_variable("contact_point", about, _not_empty("contact_point")))
    for point in root.contact_points:
        variables += _contact_variables(point)
    return variables


def _contact_variables(point: ContactPoint) -> Iterator[Block]:
    about = "An existing contact point to notify, by its name; null: one is created."
    name = f"{point.kind}_contact_point"
    yield _variable(name, about, _not_empty(name), default=None)
    if point.kind == "slack":
        yield _secret("slack_token", f"Slack bot token for {point.recipient}; or slack_url.")
        yield _secret("slack_url", f"Slack webhook URL for {point.recipient}; or slack_token.")
    else:
        yield _secret("pagerduty_integration_key", f"Integration key of the PagerDuty service {point.recipient}.")


def _variable(name: str, about: str, validation: Block | None = None, **settings: Any) -> Block:
    values = {key: Raw("null") if value is None else value for key, value in settings.items()}
    blocks = (validation,) if validation else ()
    return Block(f'variable "{name}"', {"description": about, "type": Raw("string"), **values}, blocks)


def _valid(condition: str, message: str) -> Block:
    return Block("validation", {"condition": Raw(condition), "error_message": message})


def _not_empty(name: str) -> Block:
    return _valid(f'var.{name} != ""', "It is the contact point's name, as Grafana shows it.")


def _secret(name: str, about: str) -> Block:
    return _variable(name, about, default=None, sensitive=True)


def _main(root: Root) -> list[Block]:
    folder = {
        "uid": root.folder.uid,
        "title": _prefixed(root.folder.title),
        "prevent_destroy_if_not_empty": True,  # people keep dashboards of their own there
    }
    return [
        Block('resource "grafana_folder" "this"', folder),
        *map(_contact_point, root.contact_points),
        _locals(root),
        _output("folder", "The folder's address.", "grafana_folder.this.url"),
        _output("contact_points", "The contact point that hears of alerts, by their severity.", "local.contact_points"),
    ]


def _contact_point(point: ContactPoint) -> Block:
    attributes = {
        "count": Raw(f"var.{point.kind}_contact_point == null ? 1 : 0"),
        "name": _prefixed(point.name),
    }
    receiver = _slack(point) if point.kind == "slack" else _pagerduty(point)
    # Removing one that a rule still names ends in a conflict: the rule has to move to the new one first.
    lifecycle = Block("lifecycle", {"create_before_destroy": True}, (_secret_given(point),))
    return Block(f'resource "grafana_contact_point" "{point.kind}"', attributes, (receiver, lifecycle))


def _slack(point: ContactPoint) -> Block:
    secrets = {"token": Raw("var.slack_token"), "url": Raw("var.slack_url")}
    return Block("slack", {"recipient": point.recipient, **secrets})


def _pagerduty(point: ContactPoint) -> Block:
    key = Raw("var.pagerduty_integration_key")
    return Block("pagerduty", {"integration_key": key, "severity": "critical", "component": point.recipient})


def _secret_given(point: ContactPoint) -> Block:
    """Without a secret, the apply would fail half-way through."""
    if point.kind == "slack":
        condition = "(var.slack_token == null) != (var.slack_url == null)"
        message = "Set one of slack_token and slack_url, or slack_contact_point."
    else:
        condition = "var.pagerduty_integration_key != null"
        message = "Set pagerduty_integration_key, or pagerduty_contact_point."
    return Block("precondition", {"condition": Raw(condition), "error_message": message})


def _locals(root: Root) -> Block:
    points = {
        point.severity: Raw(
            f"coalesce(var.{point.kind}_contact_point, one(grafana_contact_point.{point.kind}[*].name))"
        )
        for point in root.contact_points
    }
    return Block("locals", {"contact_points": points or {SHARED_CONTACT: Raw("var.contact_point")}})


def _output(name: str, about: str, code: str) -> Block:
    return Block(f'output "{name}"', {"description": about, "value": Raw(code)})


def _predictor(file: PredictorFile) -> list[Block]:
    groups = [_rule_group(file.group)] if file.group else []
    addresses = [dashboard.address for dashboard in file.dashboards]
    outputs = [
        _output(f"dashboard_{address}", "The dashboard's address.", f"grafana_dashboard.{address}.url")
        for address in addresses
    ]
    return [*map(_dashboard, file.dashboards), *groups, *_moved(file), *outputs]


def _moved(file: PredictorFile) -> Iterator[Block]:
    """A step for each rename; Terraform follows them from whichever name its state has."""
    resources = [("grafana_dashboard", dashboard.address) for dashboard in file.dashboards]
    resources += [("grafana_rule_group", file.group.address)] if file.group else []
    for kind, address in resources:
        for old, new in pairwise((*file.earlier, address)):
            yield Block("moved", {"from": Raw(f"{kind}.{old}"), "to": Raw(f"{kind}.{new}")})


def _dashboard(dashboard: Dashboard) -> Block:
    content = Raw(f'file("{_OUTPUT_FOLDER}/{dashboard.path}")')
    return Block(f'resource "grafana_dashboard" "{dashboard.address}"', {"folder": _FOLDER, "config_json": content})


def _rule_group(group: RuleGroup) -> Block:
    attributes = {"name": group.name, "folder_uid": _FOLDER, "interval_seconds": group.interval_seconds}
    return Block(f'resource "grafana_rule_group" "{group.address}"', attributes, tuple(map(_rule, group.rules)))


def _rule(rule: AlertRule) -> Block:
    attributes = {
        "uid": rule.uid,
        "name": rule.name,
        "condition": rule.condition,
        "for": rule.pending,
        "no_data_state": rule.no_data_state,
        "exec_err_state": rule.exec_err_state,
        "labels": rule.labels,
        "annotations": rule.annotations,
    }
    routing = {"contact_point": Raw(f"local.contact_points.{rule.contact_point}"), "group_by": rule.group_by}
    return Block("rule", attributes, (*map(_query, rule.queries), Block("notification_settings", routing)))


def _query(query: Query) -> Block:
    uid = _DATA_SOURCE if query.source == PROMETHEUS else query.source
    model = {"refId": query.ref_id, "datasource": {"type": query.source, "uid": uid}, **query.model}
    attributes = {"ref_id": query.ref_id, "datasource_uid": uid, "model": Json(model)}
    time_range = Block("relative_time_range", {"from": query.range_from, "to": query.range_to})
    return Block("data", attributes, (time_range,))


def _prefixed(text: str) -> Raw:
    return Raw(f'format("%s%s", var.folder_prefix, {quote(text)})')
