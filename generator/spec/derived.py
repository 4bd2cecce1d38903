"""What the spec says between the lines: the values that keys have when they are left out, and what they stand for."""

from __future__ import annotations

import re
from collections.abc import Collection

from generator.catalogue import BY_NAME
from generator.promql import glob_regex, is_glob
from generator.spec import v1
from metrics_exporter.windows import DAY, Window

DEFAULT_LOG = "default"
EVERY_FEATURE = "all"
FRESHNESS_PREFIX = "freshness-"

_BRACKET = re.compile(r"\[(?=[*?\[]\])")  # one that would be read as the beginning of `[*]`
_WILDCARD = re.compile(rf"{_BRACKET.pattern}|[*?]")


def feature_text(alert: v1.Alert) -> str | None:
    """The alert's feature as it is written: a name, a glob or `all`; or the exact name."""
    return alert.feature.name if isinstance(alert.feature, v1.ExactFeature) else alert.feature


def feature_glob(alert: v1.Alert) -> str | None:
    """The alert's feature as a name without wildcards, or as a glob in which `[*]`, `[?]` and `[[]` are characters."""
    text = feature_text(alert)
    if text is None or not is_glob(text):
        return "*" if alert.feature == EVERY_FEATURE else text
    literal = _BRACKET if alert.feature == text else _WILDCARD
    return literal.sub(lambda match: f"[{match[0]}]", text)


def metric_name(alert: v1.Alert) -> str:
    """The full name of the alert's metric."""
    return v1.PREFIX + alert.metric


def earlier_ids(spec: v1.Predictor | v1.Alert) -> tuple[str, ...]:
    """The ids that a predictor or an alert had before, the first one first."""
    return (spec.was,) if isinstance(spec.was, str) else tuple(spec.was)


def alert_title(alert: v1.Alert) -> str:
    """What people read of an alert."""
    return alert.title or alert.id


def alert_window(spec: v1.Predictor, alert: v1.Alert) -> str:
    """The windows that an alert watches."""
    metric = BY_NAME.get(metric_name(alert))
    fit = days(spec) if metric and metric.of_days else []
    return alert.window or [*fit, *spec.cadence][0]


def days(spec: v1.Predictor) -> list[str]:
    """The windows of a day or longer in the cadence."""
    return [window for window in spec.cadence if Window.parse(window).length >= DAY]


def freshness_severity(spec: v1.Predictor, *, has_slack: bool) -> str:
    """Where a predictor's freshness alerts go."""
    return spec.freshness.severity or ("notify" if has_slack else "page")


def freshness_title(model_id: str) -> str:
    """What people read of the freshness alert of a model."""
    return f"No predictions from {model_id}"


def model_ids(spec: v1.Predictor, which: str = "all") -> tuple[str, ...]:
    """The ids of the `primary` model, the `shadows`, or `all`: primary first."""
    chosen = {"primary": [spec.models.primary], "shadows": spec.models.shadows}
    return tuple(chosen.get(which, [spec.models.primary, *spec.models.shadows]))


def training_profiles(spec: v1.Predictor) -> dict[str, str]:
    """The profile of each model that has a training reference; a single one is the primary model's."""
    if not isinstance(spec.reference, v1.TrainingReference):
        return {}
    profile = spec.reference.profile
    return {spec.models.primary: profile} if isinstance(profile, str) else profile


def features_named(alert: v1.Alert, features: Collection[str]) -> list[str]:
    """Those of the features that an alert's feature, glob or `all` names."""
    glob = feature_glob(alert)
    if glob is None:
        return []
    if glob in features:
        return [glob]
    named = re.compile(glob_regex(glob), re.DOTALL)
    return [name for name in features if named.fullmatch(name)]
