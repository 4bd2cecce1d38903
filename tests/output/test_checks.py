"""Each mistake that Grafana's provider finds only half-way through `apply` is found before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from generator.alerting.rules import rules_of
from generator.model import AlertSeverity
from generator.render import render_each
from generator.render.errors import RenderError
from generator.render.grafana import build
from generator.render.grafana.checks import check
from generator.render.grafana.objects import AlertRule, Root, RuleGroup
from generator.render.terraform import render
from tests.output.examples import PREDICTOR, TEAM, alert, predictor, registry

ROOT = build.predictor_root(PREDICTOR, rules_of(PREDICTOR))
RULE = ROOT.files[0].group.rules[0] if ROOT.files[0].group else None


def with_group(change: Callable[[RuleGroup], RuleGroup]) -> Root:
    """The example's root, with its rule group changed."""
    (file,) = ROOT.files
    assert file.group
    return replace(ROOT, files=(replace(file, group=change(file.group)),))


def with_rule(**changes: Any) -> Root:
    """The example's root, with its first rule changed."""
    return with_group(lambda group: replace(group, rules=(replace(group.rules[0], **changes), *group.rules[1:])))


def with_query(position: int, **changes: Any) -> Root:
    """The example's root, with a query of its first rule changed."""
    queries = list(first_rule().queries)
    queries[position] = replace(queries[position], **changes)
    return with_rule(queries=tuple(queries))


def first_rule() -> AlertRule:
    assert RULE
    return RULE


def with_contact_point(**changes: Any) -> Root:
    page, notify = ROOT.contact_points
    return replace(ROOT, contact_points=(page, replace(notify, **changes)))


def test_what_is_generated_passes() -> None:
    check([ROOT])
    check(build.bare_roots(registry()), build.rule_uids(registry()))


MISTAKES: dict[str, tuple[Root, str]] = {
    "uid too long": (with_rule(uid="u" * 41), "uid 'uuu.*1 to 40"),
    "uid with a bad character": (with_rule(uid="a.b"), "uid 'a.b': 1 to 40 of A-Z"),
    "no uid": (with_rule(uid=""), "uid '': 1 to 40"),
    "two rules with one uid": (
        with_group(lambda g: replace(g, rules=(g.rules[0], replace(g.rules[1], uid=g.rules[0].uid)))),
        "rule uid .* occurs 2 times",
    ),
    "folder uid of digits": (replace(ROOT, folder=replace(ROOT.folder, uid="12345")), "not digits only"),
    "folder without a title": (
        replace(ROOT, folder=replace(ROOT.folder, title=" ")),
        "its title must have 1 to 190 characters",
    ),
    "unknown condition": (with_rule(condition="Z"), r"condition 'Z' is none of its queries \(A, B, C\)"),
    "no condition": (with_rule(condition=""), "condition '' is none of"),
    "no queries": (with_rule(queries=()), "it has none"),
    "two queries of one name": (with_query(1, ref_id="A"), "query 'A' occurs 2 times"),
    "bogus no_data_state": (with_rule(no_data_state="Ok"), "no_data_state 'Ok' is none of Alerting, KeepLast"),
    "bogus exec_err_state": (with_rule(exec_err_state="Fine"), "exec_err_state 'Fine' is none of"),
    "unparsable duration": (with_rule(pending="5 minutes"), "for '5 minutes' is no duration"),
    "empty duration": (with_rule(pending=""), "for '' is no duration"),
    "group_by without alertname": (
        with_rule(group_by=("grafana_folder", "predictor")),
        "group_by lacks alertname",
    ),
    "group_by without folder": (with_rule(group_by=("alertname",)), "group_by lacks grafana_folder"),
    "panel without dashboard": (with_rule(annotations={"__panelId__": "7"}), "__panelId__ needs __dashboardUid__"),
    "panel that is no number": (
        with_rule(annotations={"__dashboardUid__": "x", "__panelId__": "seven"}),
        "__panelId__ 'seven' is no panel's id",
    ),
    "rule without a name": (with_rule(name=""), "1 to 190 characters"),
    "two rules with one name": (
        with_group(lambda g: replace(g, rules=(g.rules[0], replace(g.rules[1], name=g.rules[0].name)))),
        "rule name .* occurs 2 times .*give these alerts different titles",
    ),
    "group without a name": (with_group(lambda g: replace(g, name="")), "shorten the predictor's id"),
    "group without rules": (with_group(lambda g: replace(g, rules=())), "has no rules"),
    "odd interval": (with_group(lambda g: replace(g, interval_seconds=15)), "interval of 15 s is no multiple of 10 s"),
    "interval of nothing": (with_group(lambda g: replace(g, interval_seconds=0)), "interval of 0 s"),
    "reversed time range": (with_query(0, range_from=0, range_to=600), "from 0 s to 600 s before now; swap them"),
    "expression with a time range": (with_query(1, range_from=600), "an expression has the time range 0 to 0"),
    "model that is no JSON": (
        with_query(0, model={"expr": object()}),
        "its model is no JSON .Object of type object is not",
    ),
    "threshold that is no number": (with_query(2, model={"params": [float("nan")]}), "its model is no JSON"),
    "contact point of no kind": (with_contact_point(kind="pigeon"), "kind 'pigeon' is none of pagerduty, slack"),
    "contact point of no severity": (with_contact_point(severity="info"), "severity 'info' is none of notify, page"),
    "empty contact point": (with_contact_point(recipient=" "), "notifies nothing; name the team's Slack channel"),
    "nowhere to send": (
        replace(ROOT, contact_points=ROOT.contact_points[1:]),
        "nowhere to send 'page' alerts; give the team a `pagerduty",
    ),
    "two dashboards of one address": (
        replace(ROOT, files=(ROOT.files[0], replace(ROOT.files[0], group=None))),
        "resource address 'eta_prediction' occurs 2 times",
    ),
}


@pytest.mark.parametrize(("root", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found_before_anything_is_written(root: Root, message: str) -> None:
    with pytest.raises(RenderError, match=message):
        check([root])


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(RenderError) as raised:
        check([with_rule(uid="", condition="Z", no_data_state="x")])
    assert str(raised.value).count("\n- ") == 3


def test_names_are_unique_over_all_roots() -> None:
    with pytest.raises(RenderError, match=r"folder uid .* occurs 2 times in all roots"):
        check([ROOT, replace(ROOT, path="terraform/other", files=(), contact_points=())])


def test_the_registry_s_own_mistakes_reach_the_person() -> None:
    """What the registry's checks might let through stops here, in words that name the fix."""
    same = predictor(alert(), alert(id="other"))
    with pytest.raises(RenderError, match="rule name 'eta_prediction: Defaults of prep_time' occurs 2 times"):
        render(registry(same))
    homeless = replace(TEAM, slack_channel=None)
    with pytest.raises(RenderError, match="nowhere to send 'notify' alerts; give the team a `slack"):
        render(registry(predictor(alert(severity=AlertSeverity.NOTIFY), team=homeless)))


def test_rules_of_two_predictors_never_share_a_uid() -> None:
    with pytest.raises(RenderError, match=r"rule uid 'dg-one' occurs 2 times in all roots"):
        check(build.bare_roots(registry()), ["dg-one", "dg-two", "dg-one"])


def test_each_predictor_s_mistakes_are_told() -> None:
    same = predictor(alert(), alert(id="other"))
    with pytest.raises(RenderError) as raised:
        for _ in render_each((same, replace(same, id="second")), ["terraform"]):
            pass
    assert str(raised.value).count("Grafana would refuse") == 1
    assert "rule name 'eta_prediction: " in str(raised.value)
    assert "rule name 'second: " in str(raised.value)
