"""Slips of people in a hurry: each is one finding, at its place, and what it advises to write mends it."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from generator.findings import Finding
from generator.load import load_registry

RIGHT = """\
version: 1
teams:
  logistics:
    slack: {channel: "#ml-logistics"}
    pagerduty: {service: logistics-ml}
    runbook_url: https://runbooks.example.com/ml
predictors:
  eta_prediction:
    title: Delivery ETA
    team: logistics
    task: regression
    models: {primary: eta_v12, shadows: [eta_v13]}
    features:
      prep_time: {unit: seconds, importance: 0.41}
      postcode: {kind: categorical}
    alerts:
      - id: prep-time-defaults
        metric: feature_default_ratio
        feature: prep_time
        above: 0.2
        for: 2
        severity: page
      - id: eta-moved
        metric: prediction_mean
        window: 1d
        change_above: 0.5
        severity: notify
"""
COPIED = """\
prep_time_prediction:
  team: logistics
  task: regression
  models: {primary: prep_v3}
"""
NBSP = "\u00a0"

# What is right, what was written, and the finding: its code, line, column, and a part of what it says.
IN_THE_SYNTAX = {
    "no space after a colon": ("team: log", "team:log", "colon", 10, 9, "write `team: `"),
    "a space before the colon": ("team: log", "team :log", "colon", 10, 10, "no space after it"),
    "a full-width colon": ("team: log", "team：log", "colon", 10, 9, "full-width"),
    "no space in braces": ("{service: log", "{service:log", "colon", 5, 17, "write `service: `"),
    "no space before quotes": ('channel: "#ml', 'channel:"#ml', "colon", 4, 13, "write `channel: `"),
    "a no-break space": ("team: log", f"team:{NBSP}log", "odd-space", 10, 10, "U+00A0 (no-break space)"),
    "no-break indentation": ("    team:", f"  {NBSP} team:", "odd-space", 10, 3, "write plain spaces"),
    "a tab in the indentation": ("    team:", "\tteam:", "tab", 10, 1, "indent with spaces"),
    "a tab behind a dash": ("- id: eta", "-\tid: eta", "tab", 23, 8, "indent with spaces"),
    "quotes never closed": ("team: log", 'team: "log', "yaml-syntax", 10, 11, "never closed"),
    "quotes closed late": ("title: Del", "title: 'Del", "yaml-syntax", 9, 12, "close in line 22 only"),
    "a quote between quotes": ("Delivery ETA", "'A courier's'", "yaml-syntax", 9, 23, "it goes on"),
    "typographic quotes": ("Delivery ETA", "“Delivery ETA”", "smart-quotes", 9, 12, 'write "Delivery ETA"'),
    "no colon after a key": ("    alerts:", "    alerts", "yaml-syntax", 16, 5, "no `key: value`"),
    "no colon before a block": ("  eta_prediction:", "  eta_prediction", "yaml-syntax", 8, 3, "no `key: value`"),
    "one space too many": ("    team:", "     team:", "yaml-syntax", 10, 6, "by 5 and the one above by 4"),
    "one space too few": ("    team:", "   team:", "yaml-syntax", 10, 4, "doesn't fit the lines above"),
    "no indentation": ("    team:", "team:", "yaml-syntax", 11, 5, "by 4 and the one above by 0"),
    "an element too far right": ("      - id: eta", "       - id: eta", "yaml-syntax", 23, 8, "the list above"),
    "a list behind its key": ("Delivery ETA", "- Delivery", "yaml-syntax", 9, 12, "in brackets: [a, b]"),
    "a sign for a text block": ("above: 0.2", "above: > 0.2", "yaml-syntax", 20, 18, "text of several lines"),
    "a bracket left open": ("categorical}", "categorical", "yaml-syntax", 16, 11, "a bracket is not closed"),
    "a hash and more words": ("Delivery ETA", "#1 of all", "hash-comment", 9, 5, 'write "#1 of all"'),
    "a key with a backslash": ("Delivery ETA", '"\\x"', "yaml-syntax", 9, 15, "write the backslash twice"),
    "a merged block": ("    team: logistics\n", "    <<: *base\n", "yaml-anchor", 10, 5, "Jsonnet"),
}
IN_THE_SHAPE = {
    "a key that must be there": ("team: log", "taem: log", "unknown-key", 10, 5, "did you mean `team`?"),
    "the version": ("version: 1", "verison: 1", "unknown-key", 1, 1, "did you mean `version`?"),
    "nothing for a threshold": ("above: 0.2", "above: ~", "missing-value", 20, 16, "`above` has no value"),
    "nothing for a contact": ('{channel: "#ml-logistics"}', "", "missing-value", 4, 5, "`slack` has no value"),
    "a key further out": (
        "        severity: notify",
        "    severity: notify",
        "unknown-key",
        27,
        5,
        "predictors.<name>.alerts[]",
    ),
    "keys beside theirs": (
        "models: {primary: eta_v12, shadows: [eta_v13]}",
        "models:\n    primary: eta_v12\n    shadows: []",
        "missing-value",
        *(12, 5, "indented, below it"),
    ),
    "a dash forgotten": ("      - id: eta", "        id: eta", "duplicate-key", 23, 9, "write `- ` before it"),
    "an id forgotten": ("  eta_prediction:\n", "", "misplaced-block", 7, 1, "write its id above"),
    "alerts among predictors": ("    alerts:", "  alerts:", "misplaced-block", 16, 3, "`alerts` is a key of one"),
    "a tag": ("above: 0.2", "above: !!float 0.2", "yaml-tag", 20, 16, "remove the tag"),
    "per cent": ("above: 0.2", "above: 20 %", "wrong-type", 20, 16, "write 0.2"),
    "a decimal comma": ("above: 0.2", "above: 0,2", "wrong-type", 20, 16, "write 0.2"),
    "a comma behind it": ("above: 0.2", "above: 0.2,", "wrong-type", 20, 16, "write 0.2"),
    "a glob without quotes": ("feature: prep_time", "feature: *_time", "yaml-anchor", 19, 18, "quote it"),
    "a comma for thousands": ("above: 0.2", "above: 1,000", "wrong-type", 20, 16, "write 1000"),
    "a word for a number": ("above: 0.2", "above: NaN", "wrong-type", 20, 16, "such as `above: 0.2`"),
    "Prometheus' for": ("for: 2", "for: 2h", "wrong-type", 21, 14, "write 2: 2h are 2 of"),
    "for, in days": ("for: 2", "window: 1d\n        for: 48h", "wrong-type", 22, 14, "write 2: 48h are 2 of"),
    "for, less than a window": ("for: 2", "for: 30m", "wrong-type", 21, 14, "write 1, or leave it out"),
    "for, with the word": ("for: 2", "for: 2 windows", "wrong-type", 21, 14, "write 2"),
    "for, for ever": ("for: 2", "for: always", "wrong-type", 21, 14, "write how many windows in a row"),
    "for, in quotes": ("for: 2", "for: '2'", "wrong-type", 21, 14, "remove the quotes: 2"),
    "an operator": ("above: 0.2", "above: '> 0.4'", "wrong-type", 20, 16, "write `above: 0.4`"),
    "an operator for another key": ("above: 0.2", "above: '<= 40 %'", "wrong-type", 20, 16, "write `below: 0.4`"),
    "an operator in a bound": ("importance: 0.41", "expect: {min: '>= 0'}", "wrong-type", 14, 48, "write `min: 0`"),
    "an operator before a word": ("above: 0.2", "above: '> a'", "wrong-type", 20, 16, "write `above: …`"),
    "an operator before a duration": (
        "alerts:",
        "freshness: {max_silence: '> 8h'}\n    alerts:",
        *("bad-duration", 16, 30, "write 8h"),
    ),
    "a unit": ("above: 0.2", "above: 3 mph", "wrong-type", 20, 16, "the number alone, without a unit"),
    "a band as a list": ("importance: 0.41", "expect: [0, 7200]", "wrong-type", 14, 34, "write {min: 0, max: 7200}"),
    "a band as text": ("importance: 0.41", "expect: 0-7200", "wrong-type", 14, 42, "write {min: 0, max: 7200}"),
    "text for a mapping": ("{kind: categorical}", "categorical", "wrong-type", 15, 17, "such as `postcode: {unit"),
    "a channel for Slack": ('{channel: "#ml-logistics"}', '"#ml"', "wrong-type", 4, 12, '{channel: "#ml-logistics"}'),
    "no channel": ('{channel: "#ml-logistics"}', "{}", "missing-key", 4, 5, '`channel: "#ml-logistics"`'),
    "a choice within": ("alerts:", "reference: {kind: trailng}\n    alerts:", "unknown-choice", 16, 23, "`trailing`"),
    "an age": ("alerts:", "freshness: {max_silence: 999999w}\n    alerts:", "bad-duration", 16, 30, "520w or less"),
    "a duration without a unit": ("alerts:", "freshness: {max_silence: 8}\n    alerts:", "bad-duration", 16, 30, "8h"),
}


def found(folder: Path, text: str) -> Finding:
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    (finding,) = load_registry(folder).findings
    return finding


def test_what_they_slip_from_is_right(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(RIGHT, encoding="utf-8")
    assert load_registry(tmp_path).findings == ()


SLIPS = IN_THE_SYNTAX | IN_THE_SHAPE


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS.keys())
def test_one_slip_is_one_finding(slip: tuple[str, str, str, int, int, str], tmp_path: Path) -> None:
    right, wrong, code, line, column, words = slip
    finding = found(tmp_path, RIGHT.replace(right, wrong, 1).replace("severity: page", "severity: 'page'"))
    assert (finding.code, finding.place.line, finding.place.column) == (code, line, column)
    assert words.lower() in f"{finding.message}; {finding.advice}".lower()


@pytest.mark.parametrize(
    ("before", "indentation"), [("predictors:", 0), ("predictors:", 2), ("    features:", 4), ("    alerts:", 6)]
)
def test_a_predictor_that_was_copied_to_another_place(before: str, indentation: int, tmp_path: Path) -> None:
    copied = textwrap.indent(COPIED, " " * indentation)
    finding = found(tmp_path, RIGHT.replace(before, f"{copied}{before}"))
    line = RIGHT.splitlines().index(before) + 1
    assert (finding.code, finding.place.line, finding.place.column) == ("misplaced-block", line, indentation + 1)
    assert "below `predictors:`" in finding.advice


def test_a_list_element_that_would_be_a_part_of_the_one_above(tmp_path: Path) -> None:
    models = "models:\n      primary: eta_v12\n      shadows:\n        - eta_v13\n         - eta_v14"
    finding = found(tmp_path, RIGHT.replace("models: {primary: eta_v12, shadows: [eta_v13]}", models))
    assert (finding.code, finding.place.line, finding.place.column) == ("yaml-syntax", 16, 10)
    assert "a part of its text" in finding.message


ALERTS = RIGHT[RIGHT.index("      - id: prep") :]
ONE_ALERT = "id: eta-high, metric: prediction_mean, above: 3, severity: notify"
HEAD = RIGHT[: RIGHT.index("  eta_prediction:")]


@pytest.mark.parametrize(
    ("wrong", "code", "line", "advice"),
    [
        (f"      {ONE_ALERT.replace(', ', chr(10) + '      ')}\n", "misplaced-block", 16, "write `- ` before `id`"),
        (f"      eta-high: {{{ONE_ALERT[14:]}}}\n", "wrong-type", 16, "`- id: eta-high` in place of `eta-high:`"),
        (f"      - eta-high: {{{ONE_ALERT[14:]}}}\n", "misplaced-block", 17, "write `- id: eta-high`"),
    ],
)
def test_a_list_of_alerts_that_is_none(wrong: str, code: str, line: int, advice: str, tmp_path: Path) -> None:
    finding = found(tmp_path, RIGHT.replace(ALERTS, wrong))
    assert (finding.code, finding.place.line) == (code, line)
    assert advice in finding.advice


@pytest.mark.parametrize(
    ("section", "entries"),
    [
        ("    features:\n", "      - prep_time\n      - postcode\n"),
        ("    features:\n", "      - {name: prep_time, unit: seconds}\n"),
    ],
)
def test_a_list_of_what_has_names(section: str, entries: str, tmp_path: Path) -> None:
    begin, end = RIGHT.index(section) + len(section), RIGHT.index("    alerts:")
    finding = found(tmp_path, RIGHT[:begin] + entries + RIGHT[end:])
    assert (finding.code, finding.place.line) == ("wrong-type", 13)
    assert "without a dash: `prep_time:`" in finding.advice


@pytest.mark.parametrize(
    ("text", "line", "advice"),
    [
        (HEAD.replace("predictors:\n", "") + COPIED, 7, "write `predictors:` above it"),
        (HEAD.replace("predictors:\n", "") + "eta:\n  models: {primary: a}\n", 7, "write `predictors:` above it"),
        (RIGHT + "eta:\n  models: {primary: a}\n", 28, "move it below `predictors:`"),
        ('version: 1\nlogistics:\n  slack: {channel: "#ml"}\n', 2, "write `teams:` above it"),
        ("version: 1\ndefault: {table: ml.predictions}\n", 2, "write `logs:` above it"),
    ],
)
def test_an_entry_beside_its_section(text: str, line: int, advice: str, tmp_path: Path) -> None:
    finding = found(tmp_path, text)
    assert (finding.code, finding.place.line) == ("misplaced-block", line)
    assert advice in finding.advice


@pytest.mark.parametrize(
    ("glob", "meant"),
    [
        ("wnd_*", "wind_*"),
        ("*_sped", "*_speed"),
        ("wimd_?peed", "wind_?peed"),
        ("*ind_sp*d", None),
        ("*wnid*", "*wind*"),
        ("zzz*", None),
    ],
)
def test_a_glob_that_matches_nothing(glob: str, meant: str | None, tmp_path: Path) -> None:
    text = RIGHT.replace("postcode: {kind: categorical}", "wind_speed: {}").replace(
        "feature: prep_time", f'feature: "{glob}"'
    )
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    findings = load_registry(tmp_path).findings
    offered = [found[1] for one in findings if (found := re.match("did you mean `(.*?)`", one.advice))]
    assert offered == ([meant] if meant else [])


def test_an_alert_among_the_features(tmp_path: Path) -> None:
    alert = "{id: a, metric: feature_mean, above: 3, severity: page}"
    finding = found(tmp_path, RIGHT.replace("      postcode:", f"      alert: {alert}\n      postcode:"))
    assert (finding.code, finding.place.line) == ("misplaced-block", 15)
    assert "`alerts:`" in finding.advice


def _findings(folder: Path, text: str) -> tuple[Finding, ...]:
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return load_registry(folder).findings


def test_any_word_with_two_letters_swapped_is_one_finding_at_most(tmp_path: Path) -> None:
    for word in re.finditer(r"\w{3,}", RIGHT):
        first, second, third, rest = word[0][0], word[0][1], word[0][2], word[0][3:]
        misspelt = f"{RIGHT[: word.start()]}{first}{third}{second}{rest}{RIGHT[word.end() :]}"
        assert len(_findings(tmp_path, misspelt)) <= 1, word


@pytest.mark.parametrize("spaces", [-1, 1])
def test_any_line_that_is_a_space_off_is_one_finding_at_most(spaces: int, tmp_path: Path) -> None:
    lines = RIGHT.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if spaces > 0 or line.startswith(" "):
            moved = f" {line}" if spaces > 0 else line[1:]
            text = "".join([*lines[:number], moved, *lines[number + 1 :]])
            assert len(_findings(tmp_path, text)) <= 1, line
