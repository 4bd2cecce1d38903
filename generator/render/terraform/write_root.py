"""A checked root → its `.tf` files."""

from __future__ import annotations

from collections.abc import Iterator

from generator.conventions import generated_mark
from generator.render.terraform.hcl import Attribute, Block, Json, Raw, document, quote
from generator.render.terraform.objects import (
    DATA_SOURCE,
    PROMETHEUS,
    AlertRule,
    ContactPoint,
    Dashboard,
    PredictorFile,
    Query,
    Root,
    RuleGroup,
)

_FOLDER = Raw("grafana_folder.this.uid")
_OUTPUT_FOLDER = "${path.module}/../.."  # a root is output/terraform/<team>


def root_files(root: Root) -> dict[str, bytes]:
    """The files of a root, by path relative to the output folder."""
    files = {
        f"{root.path}/versions.tf": (_versions(), f"Terraform and its provider for {root.about}."),
        f"{root.path}/variables.tf": (_variables(root), "What differs between environments, and secrets."),
        f"{root.path}/main.tf": (_main(root), f"Folder, contact points and outputs of {root.about}."),
    }
    for file in root.files:
        files[file.path] = (_predictor(file), file.about)
    return {
        path: document((generated_mark(path), *about.splitlines()), blocks) for path, (blocks, about) in files.items()
    }


def _versions() -> list[Block]:
    provider = {"source": "grafana/grafana", "version": ">= 4.0, < 5.0"}
    providers = Block("required_providers", (Attribute("grafana", provider),))
    return [
        Block("terraform", (Attribute("required_version", ">= 1.5"), providers)),
        Block(
            'provider "grafana"',
            (
                Attribute("url", Raw("var.grafana_url")),
                Attribute("auth", Raw("var.grafana_auth")),
                Attribute("store_dashboard_sha256", True),
            ),
        ),
    ]


def _variables(root: Root) -> list[Block]:
    variables = [
        _variable("grafana_url", "Grafana's address; null: from the environment, GRAFANA_URL.", default=None),
        _variable(
            "grafana_auth",
            "A service account's token; null: from the environment, GRAFANA_AUTH.",
            default=None,
            sensitive=True,
        ),
        _variable("prometheus_data_source_uid", "The UID of the Prometheus data source that has the metrics."),
        _variable("folder_prefix", "Goes before the titles of folders and contact points.", default=""),
    ]
    if not root.contact_points:
        variables.append(_variable("contact_point", "The existing contact point that is notified, by its name."))
    for point in root.contact_points:
        variables += _contact_variables(point)
    return variables


def _contact_variables(point: ContactPoint) -> Iterator[Block]:
    yield _variable(
        f"{point.kind}_contact_point",
        "An existing contact point to notify, by its name; null: one is created.",
        default=None,
    )
    if point.kind == "slack":
        yield _variable(
            "slack_token", f"Slack bot token for {point.target}; or slack_url.", default=None, sensitive=True
        )
        yield _variable(
            "slack_url", f"Slack webhook URL for {point.target}; or slack_token.", default=None, sensitive=True
        )
    else:
        about = f"Integration key of the PagerDuty service {point.target}."
        yield _variable("pagerduty_integration_key", about, default=None, sensitive=True)


_REQUIRED = object()


def _variable(name: str, about: str, *, default: object = _REQUIRED, sensitive: bool = False) -> Block:
    body = [Attribute("description", about), Attribute("type", Raw("string"))]
    if default is not _REQUIRED:
        body.append(Attribute("default", Raw("null") if default is None else default))
    if sensitive:
        body.append(Attribute("sensitive", True))
    return Block(f'variable "{name}"', tuple(body))


def _main(root: Root) -> list[Block]:
    title = _prefixed(root.folder.title)
    folder = Block('resource "grafana_folder" "this"', (Attribute("uid", root.folder.uid), Attribute("title", title)))
    return [
        folder,
        *map(_contact_point, root.contact_points),
        _locals(root),
        _output("folder", "The folder's address.", "grafana_folder.this.url"),
    ]


def _contact_point(point: ContactPoint) -> Block:
    return Block(
        f'resource "grafana_contact_point" "{point.kind}"',
        (
            Attribute("count", Raw(f"var.{point.kind}_contact_point == null ? 1 : 0")),
            Attribute("name", _prefixed(point.name)),
            _slack(point) if point.kind == "slack" else _pagerduty(point),
            Block("lifecycle", (Attribute("create_before_destroy", True), _secret_given(point))),
        ),
    )


def _slack(point: ContactPoint) -> Block:
    secrets = (Attribute("token", Raw("var.slack_token")), Attribute("url", Raw("var.slack_url")))
    return Block("slack", (Attribute("recipient", point.target), *secrets))


def _pagerduty(point: ContactPoint) -> Block:
    return Block(
        "pagerduty",
        (
            Attribute("integration_key", Raw("var.pagerduty_integration_key")),
            Attribute("severity", "critical"),
            Attribute("component", point.target),
        ),
    )


def _secret_given(point: ContactPoint) -> Block:
    """Without a secret, the apply would fail half-way through."""
    if point.kind == "slack":
        condition = "(var.slack_token == null) != (var.slack_url == null)"
        message = "Set one of slack_token and slack_url, or slack_contact_point."
    else:
        condition = "var.pagerduty_integration_key != null"
        message = "Set pagerduty_integration_key, or pagerduty_contact_point."
    return Block("precondition", (Attribute("condition", Raw(condition)), Attribute("error_message", message)))


def _locals(root: Root) -> Block:
    points = {
        point.severity: Raw(
            f"coalesce(var.{point.kind}_contact_point, one(grafana_contact_point.{point.kind}[*].name))"
        )
        for point in root.contact_points
    }
    return Block("locals", (Attribute("contact_points", points or {"platform": Raw("var.contact_point")}),))


def _output(name: str, about: str, code: str) -> Block:
    return Block(f'output "{name}"', (Attribute("description", about), Attribute("value", Raw(code))))


def _predictor(file: PredictorFile) -> list[Block]:
    groups = [_rule_group(file.group)] if file.group else []
    urls = [
        _output(
            f"dashboard_{dashboard.address}", "The dashboard's address.", f"grafana_dashboard.{dashboard.address}.url"
        )
        for dashboard in file.dashboards
    ]
    return [*map(_dashboard, file.dashboards), *groups, *urls]


def _dashboard(dashboard: Dashboard) -> Block:
    return Block(
        f'resource "grafana_dashboard" "{dashboard.address}"',
        (
            Attribute("folder", _FOLDER),
            Attribute("config_json", Raw(f'file("{_OUTPUT_FOLDER}/{dashboard.path}")')),
        ),
    )


def _rule_group(group: RuleGroup) -> Block:
    return Block(
        f'resource "grafana_rule_group" "{group.address}"',
        (
            Attribute("name", group.name),
            Attribute("folder_uid", _FOLDER),
            Attribute("interval_seconds", group.interval_seconds),
            *map(_rule, group.rules),
        ),
    )


def _rule(rule: AlertRule) -> Block:
    return Block(
        "rule",
        (
            Attribute("uid", rule.uid),
            Attribute("name", rule.name),
            Attribute("condition", rule.condition),
            Attribute("for", rule.pending),
            Attribute("no_data_state", rule.no_data_state),
            Attribute("exec_err_state", rule.exec_err_state),
            Attribute("labels", rule.labels),
            Attribute("annotations", rule.annotations),
            *map(_query, rule.queries),
            Block(
                "notification_settings",
                (
                    Attribute("contact_point", Raw(f"local.contact_points.{rule.contact_point}")),
                    Attribute("group_by", rule.group_by),
                ),
            ),
        ),
    )


def _query(query: Query) -> Block:
    time_range = Block("relative_time_range", (Attribute("from", query.range_from), Attribute("to", query.range_to)))
    source = Raw(DATA_SOURCE) if query.source == PROMETHEUS else query.source
    return Block(
        "data",
        (
            Attribute("ref_id", query.ref_id),
            Attribute("datasource_uid", source),
            Attribute("model", Json(query.model)),
            time_range,
        ),
    )


def _prefixed(text: str) -> Raw:
    return Raw(f'format("%s%s", var.folder_prefix, {quote(text)})')
