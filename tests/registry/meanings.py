"""Registries as what they mean, and the many ways to write one down; for property tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from generator.findings import scalars

Meaning = dict[str, dict[str, Any]]  # teams and predictors, each by id, as the registry file has them
Writing = dict[str, str]  # a file's text by its name


def _is_no_trap(text: str) -> bool:
    return scalars.resolve(text).trap is None


# PyYAML, which writes the files, knows other traps than the reader, so it leaves some words without quotes.
_IDS = st.from_regex(r"[a-z][a-z0-9_]{0,11}|[A-Z가-힣][a-z ]{0,5}[a-z]", fullmatch=True).filter(_is_no_trap)
_TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12).filter(
    _is_no_trap
)
_SEVERITIES = st.sampled_from(["page", "notify", "report"])
_RATIOS = st.integers(1, 99).map(lambda percent: percent / 100)
_THRESHOLDS = st.one_of(
    st.fixed_dictionaries({"metric": st.just("feature_default_ratio"), "feature": st.just("all"), "above": _RATIOS}),
    st.fixed_dictionaries({"metric": st.just("feature_null_ratio"), "feature": st.just("f_1"), "above": _RATIOS}),
    st.fixed_dictionaries({"metric": st.just("predictions"), "window": st.just("1d"), "below": st.integers(1, 9999)}),
    st.just({"metric": "prediction_mean", "outside": {"min": -1.5, "max": 45}}),
    st.just({"metric": "prediction_quantile", "quantile": 0.95, "change_above": 0.5}),
)
_EVALUATED = {"regression": "mae", "binary": "roc_auc", "ranking": "mrr"}
_FEATURE = st.fixed_dictionaries({}, optional={"unit": _TEXTS, "importance": _RATIOS, "kind": st.just("numeric")})


@st.composite
def predictors(draw: st.DrawFn, name: str, team: str) -> dict[str, Any]:
    """What may stand under a predictor's id."""
    said = st.fixed_dictionaries(
        {
            "team": st.just(team),
            "task": st.sampled_from(list(_EVALUATED)),
            "models": st.sampled_from([{"primary": f"{name} 1"}, {"primary": f"{name} 2", "shadows": [f"{name} 3"]}]),
            "features": st.dictionaries(st.sampled_from(["f_2", "yes", "01", "é"]), _FEATURE).map(
                lambda others: {"f_1": {}, **others}
            ),
            "alerts": st.dictionaries(_IDS, _THRESHOLDS, max_size=4),
        },
        optional={
            "title": _TEXTS,
            "unit": _TEXTS,
            "cadence": st.just(["1h", "1d"]),
            "freshness": st.just({"max_silence": "8h", "severity": "page"}),
            "reference": st.just({"kind": "trailing", "weeks": 2}),
        },
    )
    predictor: dict[str, Any] = dict(draw(said))
    if draw(st.booleans()):
        metric = _EVALUATED[predictor["task"]]
        actuals = {"actuals": "SELECT 1 AS prediction_id\nFROM 'actuals'\n", "matures_after": "3h"}
        predictor["evaluation"] = {**actuals, "metrics": [metric], "training": {metric: 0.5}}
    predictor["alerts"] = [
        {"id": alert, **threshold, "severity": draw(_SEVERITIES)} for alert, threshold in predictor["alerts"].items()
    ]
    if title := predictor.get("title"):
        predictor["title"] = f"{title} of {name}"  # a team's dashboards have titles of their own
    return predictor


@st.composite
def meanings(draw: st.DrawFn, most: int = 3) -> Meaning:
    """A registry without errors."""
    team_ids = draw(st.lists(_IDS, min_size=1, max_size=2, unique_by=str.casefold))
    names = draw(st.lists(_IDS, min_size=1, max_size=most, unique_by=str.casefold))
    contacts = {"slack": {"channel": "#ml"}, "pagerduty": {"service": "ml"}, "runbook_url": "https://example.com/"}
    return {
        "teams": dict.fromkeys(team_ids, contacts),
        "predictors": {name: draw(predictors(name, draw(st.sampled_from(team_ids)))) for name in names},
    }


@st.composite
def writings(draw: st.DrawFn, meaning: Meaning, *, jsonnet: bool = False) -> Writing:
    """One of the ways to write a registry: its entries over any files, keys in any order, texts in any quotes."""
    names = draw(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1, max_size=3, unique=True))
    files: dict[str, Meaning] = {name: {} for name in names}
    for section, entries in meaning.items():
        for name in draw(st.permutations(list(entries))):
            files[draw(st.sampled_from(names))].setdefault(section, {})[name] = entries[name]
    written: Writing = {}
    for name, content in files.items():
        whole = draw(_reordered({"version": 1, **content}))
        if jsonnet and draw(st.booleans()):
            written[f"{name}.jsonnet"] = json.dumps(whole)
        else:
            written[f"{name}.yaml"] = _yaml(whole, draw)
    return written


@st.composite
def _reordered(draw: st.DrawFn, value: Any) -> Any:
    """The same with the keys of all mappings, and the alerts, in another order."""
    if not isinstance(value, Mapping):
        return value
    keys = draw(st.permutations(list(value)))
    content = {key: draw(_reordered(value[key])) for key in keys}
    if alerts := content.get("alerts"):
        content["alerts"] = [draw(_reordered(alert)) for alert in draw(st.permutations(alerts))]
    return content


def _yaml(content: Any, draw: st.DrawFn) -> str:
    class Dumper(yaml.SafeDumper):
        """Quotes texts as hypothesis draws it, where YAML leaves the choice."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        # PyYAML writes YAML 1.1, in which `0E0` is a text: what may be a number in 1.2 is always quoted.
        styles = ["'", '"'] if value[:1] in "+-.0123456789" else [None, "'", '"']
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=draw(st.sampled_from(styles)))

    Dumper.add_representer(str, text)
    flow = draw(st.sampled_from([None, False, True]))
    return yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=flow, width=1e9)


def write(folder: Path, writing: Writing) -> Path:
    """The folder, with these files in it."""
    folder.mkdir()
    for name, text in writing.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
