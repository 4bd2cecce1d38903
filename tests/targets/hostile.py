"""Predictors with names that no artifact expects."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from generator.model import Model, Predictor
from metrics_exporter.definitions import Comparison, Role
from tests.hostile.names import SIGNS
from tests.output.examples import FRESHNESS, TEAM, alert, changed, predictor

NASTY = 'a "b" \\ ${c} $d $$e $__file{/f} {{ g }} %{h} ../i § # e\u0301'

# What YAML's readers don't agree on, what shells, templates and paths read, and anything else that can be seen.
NAMES = st.one_of(
    st.sampled_from(
        ["1e3", "0o17", "1_000", "y", "No", "null", "~", "12:30", "2001-01-01", "0x1f", ".5", "on", "<<", "=", "-"]
    ),
    st.sampled_from(["../../etc", "/", "a/b", "$HOME", "${HOME}", "$$", "$__file{/etc/passwd}", "kustomization", "{{"]),
    st.text(SIGNS, min_size=1, max_size=20).filter(lambda name: name == name.strip()),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20),
)


def hostile(name: str) -> Predictor:
    """A predictor all of whose names, and its team's, are this one."""
    named = alert(id=name, title=name, feature=name.replace("*", "x").replace("?", "x"), models=(name,))
    return predictor(
        named,
        changed(named, id="band", title="band", comparison=Comparison.OUTSIDE, low=0.1, high=0.9),
        changed(FRESHNESS, title=f"{name}!", models=(name,)),
        id=name,
        title=name,
        team=replace(TEAM, id=name, slack_channel=name, pagerduty_service=name),
        models=(Model(name, Role.PRIMARY),),
    )
