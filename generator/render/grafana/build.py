"""The model → what each team has in Grafana, as objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.alerting.health import health_rules
from generator.alerting.rules import Rule, Rules, duration
from generator.alerting.words import Format, show
from generator.conventions import (
    EXPORTER_STEM,
    FEATURE_DASHBOARD_FILE,
    FLEET_DASHBOARD_FILE,
    SHARED_FOLDER_TITLE,
    SHARED_FOLDER_UID,
    SHARED_ROOT,
    TERRAFORM_FOLDER,
    address,
    folder_uid,
    predictor_dashboard_file,
    rule_uid,
    stem,
    terraform_file,
)
from generator.model import AlertSeverity, Predictor, Registry, Team
from generator.render.grafana.objects import (
    EXPRESSIONS,
    PROMETHEUS,
    SHARED_CONTACT,
    AlertRule,
    ContactPoint,
    Dashboard,
    Folder,
    PredictorFile,
    Query,
    Root,
    RuleGroup,
)

INTERVAL_SECONDS = 60
GROUP_BY = ("alertname", "grafana_folder", "predictor")

_SHOWN = {
    Format.NUMBER: "{{ humanize $values.B.Value }}",
    Format.RATIO: "{{ humanizePercentage $values.B.Value }}",
    Format.SECONDS: "{{ humanizeDuration $values.B.Value }}",
}


def predictor_root(predictor: Predictor, rules: Rules) -> Root:
    """The root of a predictor's team, with no file but that of the predictor and its rules."""
    return _team_root(predictor.team, (_predictor_file(_team_path(predictor.team), predictor, rules),))


def _team_root(team: Team, files: tuple[PredictorFile, ...]) -> Root:
    """A team's root: its folder, its contact points, and files of its predictors."""
    return Root(
        path=_team_path(team),
        stem=stem(team.id),
        about=f"the team {team.id!r}",
        folder=Folder(folder_uid(team.id), team.id),
        contact_points=_contact_points(team),
        files=files,
    )


def _team_path(team: Team) -> str:
    return f"{TERRAFORM_FOLDER}/{stem(team.id)}"


def shared_root(registry: Registry) -> Root:
    """The root of what belongs to no team: the fleet and feature dashboards, and the exporter's health."""
    path = f"{TERRAFORM_FOLDER}/{SHARED_ROOT}"
    rules = tuple(_rule(rule, SHARED_CONTACT) for rule in health_rules(registry.logs))
    return Root(
        path=path,
        stem=SHARED_ROOT,
        about="what belongs to no team",
        folder=Folder(SHARED_FOLDER_UID, SHARED_FOLDER_TITLE),
        contact_points=(),
        files=(
            PredictorFile(
                path=f"{path}/exporter.tf",
                stem=EXPORTER_STEM,
                about="The fleet and feature dashboards, and the health of the exporter.",
                dashboards=(Dashboard("fleet", FLEET_DASHBOARD_FILE), Dashboard("feature", FEATURE_DASHBOARD_FILE)),
                group=RuleGroup("exporter", "driftgauge exporter", INTERVAL_SECONDS, rules),
            ),
        ),
    )


def bare_roots(registry: Registry) -> tuple[Root, ...]:
    """All roots, those of teams without their predictors' files.

    A team that has no predictor has one, too: without it, nothing would remove what its last one left in Grafana.
    """
    return (shared_root(registry), *(_team_root(team, ()) for team in registry.teams))


def rule_uids(registry: Registry) -> Iterator[str]:
    """The UIDs of the rules of all predictors."""
    for predictor in registry.predictors:
        for alert in predictor.alerts:
            if alert.severity is not AlertSeverity.REPORT:
                yield rule_uid(predictor.origin, alert.origin)


def _contact_points(team: Team) -> tuple[ContactPoint, ...]:
    points = []
    if team.pagerduty_service:
        name = f"driftgauge {team.id} PagerDuty"
        points.append(ContactPoint(str(AlertSeverity.PAGE), "pagerduty", name, team.pagerduty_service))
    if team.slack_channel:
        points.append(
            ContactPoint(str(AlertSeverity.NOTIFY), "slack", f"driftgauge {team.id} Slack", team.slack_channel)
        )
    return tuple(points)


def _predictor_file(root: str, predictor: Predictor, rules: Rules) -> PredictorFile:
    name = address(predictor.id)
    written = tuple(_rule(rule, str(rule.severity)) for rule in rules)
    return PredictorFile(
        path=f"{root}/{terraform_file(predictor.id)}",
        stem=stem(predictor.id),
        about=f"The predictor {predictor.id!r}.",
        dashboards=(Dashboard(name, predictor_dashboard_file(predictor.id)),),
        group=RuleGroup(name, predictor.origin, INTERVAL_SECONDS, written) if written else None,
        earlier=tuple(map(address, predictor.was)) if predictor.moved else (),
    )


def _rule(rule: Rule, contact_point: str) -> AlertRule:
    shown = _SHOWN[rule.format]
    annotations = {
        "summary": show(rule.summary, shown),
        "description": show(rule.description, shown),
        "__dashboardUid__": rule.dashboard_uid,
    }
    if rule.panel_id is not None:
        annotations["__panelId__"] = str(rule.panel_id)
    if rule.runbook_url:
        annotations["runbook_url"] = rule.runbook_url
    return AlertRule(
        uid=rule.uid,
        name=rule.name,
        condition="C",
        queries=(_query("A", rule), _last("B", "A", rule), _condition("C", "B", rule)),
        pending=duration(rule.pending_seconds),
        no_data_state="OK",
        exec_err_state="KeepLast",  # a data source that is down must not page every team
        labels=dict(rule.labels),
        annotations=annotations,
        contact_point=contact_point,
        group_by=GROUP_BY,
    )


def _query(ref: str, rule: Rule) -> Query:
    model = {"editorMode": "code", "expr": rule.value, "instant": True, "range": False}
    return Query(ref, PROMETHEUS, rule.look_back_seconds, 0, model)


def _last(ref: str, of: str, rule: Rule) -> Query:
    """The value of the query, or the threshold itself, which is not past it, for NaN.

    A series that is dropped, as NaN is in the mode `dropNN`, counts as missing: its alert would fire on for two more
    evaluations.
    """
    judged = rule.high if rule.high is not None else rule.low
    return _expression(ref, "reduce", of, reducer="last", settings={"mode": "replaceNN", "replaceWithValue": judged})


def _condition(ref: str, of: str, rule: Rule) -> Query:
    evaluator: dict[str, Any] = {"type": "outside_range", "params": [rule.low, rule.high]}
    if rule.low is None:
        evaluator = {"type": "gt", "params": [rule.high]}
    elif rule.high is None:
        evaluator = {"type": "lt", "params": [rule.low]}
    return _expression(ref, "threshold", of, conditions=[{"evaluator": evaluator}])


def _expression(ref: str, kind: str, expression: str, **settings: Any) -> Query:
    return Query(ref, EXPRESSIONS, 0, 0, {"type": kind, "expression": expression, **settings})
