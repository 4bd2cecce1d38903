"""Provisioning files: dashboards, alert rules and contact points for a Grafana without Terraform.

As it reads these files, Grafana puts environment variables in the place of `$NAME` and `${NAME}`, and `$` in the place
of `$$`; it does so in every value but annotations and the models of queries, which it keeps as they are written.
"""

from __future__ import annotations

import re
from typing import Any

from generator.alerting.rules import Rules, duration
from generator.conventions import (
    GRAFANA_PROVISIONING_FOLDER,
    SHARED_FOLDER_TITLE,
    environment_variable,
    folder_path,
    uid,
)
from generator.model import Predictor, Registry
from generator.render.grafana.build import bare_roots, predictor_root, rule_uids
from generator.render.grafana.checks import check
from generator.render.grafana.objects import PROMETHEUS, AlertRule, ContactPoint, Query, Root, RuleGroup
from generator.render.renderer import Files, Renderer
from generator.render.yaml_files import yaml_file

DASHBOARDS_VARIABLE = "DRIFTGAUGE_DASHBOARDS"
DATA_SOURCE_VARIABLE = "DRIFTGAUGE_DATA_SOURCE_UID"
PLATFORM_VARIABLE = "DRIFTGAUGE_PLATFORM_CONTACT_POINT"

_PROVIDER = f"{GRAFANA_PROVISIONING_FOLDER}/dashboards/driftgauge.yaml"
_ALERTING = f"{GRAFANA_PROVISIONING_FOLDER}/alerting"
_ABOUT_PROVIDER = f"""Where Grafana finds the dashboards.
The variable {DASHBOARDS_VARIABLE} is the path of the folder output/dashboards, as Grafana sees it."""
_VARIABLE_IN_BRACES = re.compile(r"\$(?=(?:__\w+)?\{)")


def _shared(registry: Registry) -> Files:
    roots = bare_roots(registry)
    check(roots, rule_uids(registry))
    files = {_PROVIDER: yaml_file(_PROVIDER, _provider(), _ABOUT_PROVIDER)}
    for root in roots:
        files |= _contact_points(root) | _rule_groups(root)
    return files


def _predictor(predictor: Predictor, rules: Rules) -> Files:
    root = predictor_root(predictor, rules)
    check((root,))
    return _rule_groups(root)


render = Renderer(_shared, _predictor)


def _provider() -> dict[str, Any]:
    provider = {
        "name": "driftgauge",
        "type": "file",
        "folder": SHARED_FOLDER_TITLE,  # by its title alone, as the rules' reader finds or makes it before this one
        "allowUiUpdates": False,
        "options": {"path": f"${DASHBOARDS_VARIABLE}"},
    }
    return {"apiVersion": 1, "providers": [provider]}


def _contact_points(root: Root) -> Files:
    if not root.contact_points:
        return {}
    path = f"{_ALERTING}/_contact_points_{root.stem}.yaml"
    points = [_contact_point(point, root.stem) for point in root.contact_points]
    content = {"apiVersion": 1, "contactPoints": points}
    return {path: yaml_file(path, content, f"Where the alerts of {root.about} go.")}


def _rule_groups(root: Root) -> Files:
    files = {}
    for file in root.files:
        if file.group:
            path = f"{_ALERTING}/{file.stem}.yaml"
            files[path] = yaml_file(path, _rule_group(root, file.group), f"Alert rules of {file.group.name!r}.")
    return files


def _contact_point(point: ContactPoint, team: str) -> dict[str, Any]:
    receiver = {
        "uid": uid("contact-point", team, point.kind),
        "type": point.kind,
        "settings": _slack(point, team) if point.kind == "slack" else _pagerduty(point, team),
    }
    return {"name": _literal(point.name), "receivers": [receiver]}


def _slack(point: ContactPoint, team: str) -> dict[str, str]:
    """One of token and URL is to be set; Grafana takes an empty one as none."""
    secrets = {secret: f"${environment_variable(team, f'slack_{secret}')}" for secret in ("token", "url")}
    return {"recipient": _literal(point.recipient), **secrets}


def _pagerduty(point: ContactPoint, team: str) -> dict[str, str]:
    key = f"${environment_variable(team, 'pagerduty_integration_key')}"
    return {"integrationKey": key, "severity": "critical", "component": _literal(point.recipient)}


def _rule_group(root: Root, group: RuleGroup) -> dict[str, Any]:
    receivers = {point.severity: _literal(point.name) for point in root.contact_points}
    content = {
        "name": _literal(group.name),
        "folder": _literal(folder_path(root.folder.title)),
        "interval": duration(group.interval_seconds),
        "rules": [_rule(rule, receivers.get(rule.contact_point, f"${PLATFORM_VARIABLE}")) for rule in group.rules],
    }
    return {"apiVersion": 1, "groups": [content]}


def _rule(rule: AlertRule, receiver: str) -> dict[str, Any]:
    return {
        "uid": rule.uid,
        "title": _literal(rule.name),
        "condition": rule.condition,
        "data": [_query(query) for query in rule.queries],
        "noDataState": rule.no_data_state,
        "execErrState": rule.exec_err_state,
        "for": rule.pending,
        **_panel(rule),
        "annotations": {name: _annotation(text) for name, text in rule.annotations.items()},
        "labels": {name: _literal(text) for name, text in rule.labels.items()},
        "notification_settings": {"receiver": receiver, "group_by": list(rule.group_by)},
    }


def _panel(rule: AlertRule) -> dict[str, Any]:
    """The panel once more, for the files' reader does not take it from the annotations."""
    if (panel := rule.annotations.get("__panelId__")) is None:
        return {}
    return {"dashboardUid": rule.annotations["__dashboardUid__"], "panelId": int(panel)}


def _query(query: Query) -> dict[str, Any]:
    """In the model no variable is replaced, so the data source stands beside it alone."""
    prometheus = query.source == PROMETHEUS
    source = {} if prometheus else {"datasource": {"type": query.source, "uid": query.source}}
    return {
        "refId": query.ref_id,
        "datasourceUid": f"${DATA_SOURCE_VARIABLE}" if prometheus else query.source,
        "relativeTimeRange": {"from": query.range_from, "to": query.range_to},
        "model": {"refId": query.ref_id, **source, **query.model},
    }


def _literal(text: str) -> str:
    """A value that Grafana reads as `text`."""
    return text.replace("$", "$$")


def _annotation(text: str) -> str:
    """A template as it is, but no `${…}` or `$__…{…}` in it: Grafana would look for a variable, or for a file."""
    return _VARIABLE_IN_BRACES.sub('{{ "$" }}', text)
