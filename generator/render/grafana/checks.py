"""What Grafana refuses only half-way through `terraform apply`, or as it starts, found before anything is written."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from generator.render.errors import RenderError
from generator.render.grafana.objects import (
    EXPRESSIONS,
    SHARED_CONTACT,
    AlertRule,
    ContactPoint,
    Folder,
    Query,
    Root,
    RuleGroup,
)

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_MAX_NAME = 190  # of a rule, a group, a folder
_DURATION = re.compile(r"0s|(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?")
_NO_DATA_STATES = {"Alerting", "NoData", "OK", "KeepLast"}
_EXEC_ERR_STATES = {"Alerting", "Error", "OK", "KeepLast"}
_GROUP_BY = {"alertname", "grafana_folder"}
_CONTACT_KINDS = {"slack", "pagerduty"}
_SEVERITIES = {"page", "notify"}
_JSON = json.JSONEncoder(allow_nan=False)


def check(roots: Iterable[Root], uids: Iterable[str] = ()) -> None:
    """Check roots.

    Args:
        roots: all of them, or one with some of its files.
        uids: of rules that are in none of these roots' files.

    Raises:
        RenderError: with a line for each thing that Grafana would refuse.
    """
    roots = tuple(roots)
    problems = [problem for root in roots for problem in _root(root)]
    problems += _repeated("rule uid", (*uids, *(rule.uid for root in roots for rule in _rules(root))), "all roots")
    problems += _repeated("folder uid", (root.folder.uid for root in roots), "all roots")
    problems += _repeated("contact point", (p.name for root in roots for p in root.contact_points), "all roots")
    if problems:
        raise RenderError({"Grafana would refuse what the registry asks for": problems})


def _root(root: Root) -> Iterator[str]:
    yield from _folder(root.folder)
    for point in root.contact_points:
        yield from _contact_point(point, root.path)
    severities = {point.severity for point in root.contact_points} or {SHARED_CONTACT}
    for file in root.files:
        if file.group:
            yield from _group(file.group, file.path, severities)
    yield from _repeated("resource address", (d.address for f in root.files for d in f.dashboards), root.path)
    yield from _repeated("rule group", (f.group.name for f in root.files if f.group), root.path)


def _folder(folder: Folder) -> Iterator[str]:
    if not _UID.fullmatch(folder.uid) or folder.uid.isdigit():
        yield f"folder uid {folder.uid!r}: 1 to 40 of A-Z a-z 0-9 _ -, and not digits only"
    if not folder.title.strip() or len(folder.title) > _MAX_NAME:
        yield f"folder {folder.uid}: its title must have 1 to {_MAX_NAME} characters; give the team such an id"


def _contact_point(point: ContactPoint, root: str) -> Iterator[str]:
    where = f"{root}: contact point {point.name!r}"
    if point.kind not in _CONTACT_KINDS:
        yield f"{where}: kind {point.kind!r} is none of {_listed(_CONTACT_KINDS)}"
    if point.severity not in _SEVERITIES:
        yield f"{where}: severity {point.severity!r} is none of {_listed(_SEVERITIES)}"
    if not point.recipient.strip() or not point.name.strip():
        yield f"{where}: notifies nothing; name the team's Slack channel or PagerDuty service"


def _group(group: RuleGroup, path: str, severities: set[str]) -> Iterator[str]:
    if group.interval_seconds <= 0 or group.interval_seconds % 10:
        yield f"{path}: interval of {group.interval_seconds} s is no multiple of 10 s"
    if not group.name.strip() or len(group.name) > _MAX_NAME:
        yield f"{path}: the name of a rule group must have 1 to {_MAX_NAME} characters; shorten the predictor's id"
    if not group.rules:
        yield f"{path}: rule group {group.name!r} has no rules"
    yield from _repeated(
        "rule name", (rule.name for rule in group.rules), f"{path}; give these alerts different titles"
    )
    for rule in group.rules:
        for check_rule in _RULE_CHECKS:
            yield from (f"{path}: rule {rule.name!r}: {problem}" for problem in check_rule(rule))
        if rule.contact_point not in severities:
            yield (
                f"{path}: rule {rule.name!r}: its team has nowhere to send {rule.contact_point!r} alerts; "
                f"give the team a {_MEANS.get(rule.contact_point, 'contact point')}, or change the severity"
            )


_MEANS = {"page": "`pagerduty: {service: …}`", "notify": "`slack: {channel: …}`"}


def _identity(rule: AlertRule) -> Iterator[str]:
    if not _UID.fullmatch(rule.uid):
        yield f"uid {rule.uid!r}: 1 to 40 of A-Z a-z 0-9 _ -"
    if not rule.name.strip() or len(rule.name) > _MAX_NAME:
        yield f"its name must have 1 to {_MAX_NAME} characters; shorten the alert's title"


def _states(rule: AlertRule) -> Iterator[str]:
    if rule.no_data_state not in _NO_DATA_STATES:
        yield f"no_data_state {rule.no_data_state!r} is none of {_listed(_NO_DATA_STATES)}"
    if rule.exec_err_state not in _EXEC_ERR_STATES:
        yield f"exec_err_state {rule.exec_err_state!r} is none of {_listed(_EXEC_ERR_STATES)}"
    if not _DURATION.fullmatch(rule.pending):
        yield f"for {rule.pending!r} is no duration such as 0s or 1h30m"


def _routing(rule: AlertRule) -> Iterator[str]:
    if missing := _GROUP_BY - set(rule.group_by):
        yield f"group_by lacks {_listed(missing)}"
    if "__panelId__" in rule.annotations and not rule.annotations.get("__dashboardUid__"):
        yield "__panelId__ needs __dashboardUid__"
    if not rule.annotations.get("__panelId__", "0").isdigit():
        yield f"__panelId__ {rule.annotations['__panelId__']!r} is no panel's id"


def _query_set(rule: AlertRule) -> Iterator[str]:
    refs = [query.ref_id for query in rule.queries]
    if rule.condition not in refs:
        yield f"condition {rule.condition!r} is none of its queries ({_listed(refs) or 'it has none'})"
    yield from _repeated("query", refs, "it")
    for query in rule.queries:
        yield from (f"query {query.ref_id}: {problem}" for problem in _query(query))


def _query(query: Query) -> Iterator[str]:
    if query.source == EXPRESSIONS:
        if query.range_from != 0 or query.range_to != 0:
            yield "an expression has the time range 0 to 0"
    elif not query.range_from > query.range_to >= 0:
        yield f"its time range runs from {query.range_from} s to {query.range_to} s before now; swap them"
    try:
        _JSON.encode(query.model)
    except (TypeError, ValueError) as error:
        yield f"its model is no JSON ({error})"


_RULE_CHECKS: tuple[Callable[[AlertRule], Iterator[str]], ...] = (_identity, _states, _routing, _query_set)


def _rules(root: Root) -> Iterator[AlertRule]:
    for file in root.files:
        yield from file.group.rules if file.group else ()


def _repeated(what: str, values: Iterable[str], where: str) -> Iterator[str]:
    repeated = {value: count for value, count in Counter(values).items() if count > 1}
    for value, count in sorted(repeated.items()):
        yield f"{what} {value!r} occurs {count} times in {where}"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))
