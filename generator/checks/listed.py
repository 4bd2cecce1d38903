"""All findings there are. They are reported sorted by place, so the order here means nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from generator.checks.meaning import (
    bad_rename,
    category_with_bounds,
    condition_too_long,
    confusable_names,
    duplicate_alert,
    duplicate_definition,
    duplicate_title,
    evaluation_not_computed,
    evaluation_not_declared,
    kind_without_metric,
    missing_alert_key,
    model_claimed_twice,
    name_collision,
    name_too_long,
    needless_alert_key,
    no_shadow,
    one_threshold,
    page_without_runbook,
    profile_not_found,
    repeated_alert,
    reversed_bounds,
    samples_contradiction,
    severity_without_contact,
    shadow_is_primary,
    silence_below_window,
    team_without_contact,
    threshold_unreachable,
    unknown_evaluation_metric,
    unknown_log,
    unknown_metric,
    unknown_team,
    unmatched_feature,
    unseen_feature,
    window_not_in_cadence,
)
from generator.checks.shape import (
    bad_address,
    bad_channel,
    bad_duration,
    bad_name,
    bad_text,
    bad_window,
    misplaced_block,
    missing_key,
    out_of_range,
    unknown_choice,
    unknown_key,
    unsupported_version,
    wrong_type,
)
from generator.checks.syntax import (
    bad_silence,
    colon,
    control_character,
    duplicate_key,
    empty_file,
    empty_registry,
    hash_comment,
    jsonnet_error,
    jsonnet_import,
    jsonnet_limit,
    jsonnet_missing,
    merge_conflict,
    missing_value,
    not_utf8,
    odd_space,
    several_documents,
    smart_quotes,
    tab,
    too_large,
    unreadable_file,
    unused_silence,
    yaml_anchor,
    yaml_boolean,
    yaml_date,
    yaml_key,
    yaml_number_base,
    yaml_sexagesimal,
    yaml_syntax,
    yaml_tag,
    yaml_underscore,
)
from generator.findings import Finding, Rule
from generator.spec.registry import Declarations


class Kind(Protocol):
    """A module that is a kind of finding."""

    RULE: Rule


class Check(Kind, Protocol):
    """One that looks at the registry as a whole."""

    def check(self, declared: Declarations, /) -> Iterable[Finding]:
        """What is wrong."""


SYNTAX: tuple[Kind, ...] = (
    bad_silence,
    colon,
    control_character,
    duplicate_key,
    empty_file,
    empty_registry,
    hash_comment,
    jsonnet_error,
    jsonnet_import,
    jsonnet_limit,
    jsonnet_missing,
    merge_conflict,
    missing_value,
    not_utf8,
    odd_space,
    several_documents,
    smart_quotes,
    tab,
    too_large,
    unreadable_file,
    unused_silence,
    yaml_anchor,
    yaml_boolean,
    yaml_date,
    yaml_key,
    yaml_number_base,
    yaml_sexagesimal,
    yaml_syntax,
    yaml_tag,
    yaml_underscore,
)

SHAPE: tuple[Kind, ...] = (
    bad_address,
    bad_channel,
    bad_duration,
    bad_name,
    bad_text,
    bad_window,
    misplaced_block,
    missing_key,
    out_of_range,
    unknown_choice,
    unknown_key,
    unsupported_version,
    wrong_type,
)

MEANING: tuple[Check, ...] = (
    bad_rename,
    category_with_bounds,
    condition_too_long,
    confusable_names,
    duplicate_alert,
    duplicate_definition,
    duplicate_title,
    evaluation_not_computed,
    evaluation_not_declared,
    kind_without_metric,
    missing_alert_key,
    model_claimed_twice,
    name_collision,
    name_too_long,
    needless_alert_key,
    no_shadow,
    one_threshold,
    page_without_runbook,
    profile_not_found,
    repeated_alert,
    reversed_bounds,
    samples_contradiction,
    severity_without_contact,
    shadow_is_primary,
    silence_below_window,
    team_without_contact,
    threshold_unreachable,
    unknown_evaluation_metric,
    unknown_log,
    unknown_metric,
    unknown_team,
    unmatched_feature,
    unseen_feature,
    window_not_in_cadence,
)

RULES: dict[str, Rule] = {kind.RULE.code: kind.RULE for kind in (*SYNTAX, *SHAPE, *MEANING)}


def page(code: str) -> str:
    """The finding's page in the documentation, Markdown."""
    return (Path(__file__).parent / "pages" / f"{code}.md").read_text(encoding="utf-8")
