"""Version 1 of the registry file. Every key has a description, an example and, where it may be left out, a default.

The JSON Schema for editors and `docs/registry.md` are made from this module.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from generator.catalogue import METRICS
from generator.findings.refusal import refuse
from generator.findings.shape import (
    bad_address,
    bad_channel,
    bad_day,
    bad_duration,
    bad_name,
    bad_partition,
    bad_table,
    bad_text,
    bad_window,
    unknown_choice,
    unknown_country,
)
from metrics_exporter.definitions import QUANTILES

PREFIX = "ml_"

# What an alert may name: metrics with a threshold that makes sense, without the prefix that all of them share.
ALERT_METRICS = tuple(metric.name.removeprefix(PREFIX) for metric in METRICS if metric.samples is not None)

EVALUATION_METRICS: dict[str, tuple[str, ...]] = {
    "regression": (
        "mae",
        "rmse",
        "mse",
        "bias",
        "mape",
        "r2",
        "median_absolute_error",
        "concordance",
        "censored_mae",
    ),
    "binary": ("accuracy", "precision", "recall", "f1", "roc_auc", "average_precision", "log_loss", "brier"),
    "multiclass": ("accuracy", "macro_f1"),
    "ranking": ("mrr", "ndcg"),
    "text": ("bleu",),
}

# The least and the greatest value of each, None: unbounded.
EVALUATION_RANGES: dict[str, tuple[float | None, float | None]] = {
    **dict.fromkeys(("mae", "rmse", "mse", "mape", "median_absolute_error", "censored_mae", "log_loss"), (0, None)),
    **dict.fromkeys(("accuracy", "precision", "recall", "f1", "macro_f1", "roc_auc", "average_precision"), (0, 1)),
    **dict.fromkeys(("brier", "concordance", "mrr", "ndcg", "bleu"), (0, 1)),
    "r2": (None, 1),
    "bias": (None, None),
}

Name = Annotated[str, AfterValidator(bad_name.accept), Field(json_schema_extra={"minLength": 1, "maxLength": 200})]
Text = Annotated[str, AfterValidator(bad_text.accept), Field(json_schema_extra={"minLength": 1})]
Table = Annotated[Text, AfterValidator(bad_table.accept), Field(json_schema_extra={"pattern": bad_table.PATTERN})]
DateFormat = Annotated[
    str, AfterValidator(bad_partition.accept), Field(json_schema_extra={"pattern": bad_partition.PATTERN})
]
Lines = Annotated[str, AfterValidator(bad_text.accept_lines), Field(json_schema_extra={"minLength": 1})]
Duration = Annotated[
    str,
    BeforeValidator(bad_duration.needs_unit),
    AfterValidator(bad_duration.accept),
    Field(json_schema_extra={"pattern": bad_duration.PATTERN}),
]
Day = Annotated[str, AfterValidator(bad_day.accept), Field(json_schema_extra={"pattern": bad_day.PATTERN})]
Country = Annotated[
    str, AfterValidator(unknown_country.accept), Field(json_schema_extra={"pattern": unknown_country.PATTERN})
]
PositiveDuration = Annotated[Duration, AfterValidator(bad_duration.not_zero)]
Address = Annotated[
    str, AfterValidator(bad_address.accept), Field(json_schema_extra={"format": "uri", "pattern": "^https?://"})
]
Channel = Annotated[str, AfterValidator(bad_channel.accept), Field(json_schema_extra={"pattern": bad_channel.PATTERN})]
Number = Annotated[float, Field(allow_inf_nan=False)]
WindowName = Annotated[str, AfterValidator(bad_window.accept), Field(json_schema_extra={"pattern": bad_window.PATTERN})]
SeverityName = Literal["page", "notify", "report"]


def _text_or_list(value: Any) -> str | None:
    return "text" if isinstance(value, str) else "list" if isinstance(value, list) else None


Names = Annotated[
    Annotated[Name, Tag("text")] | Annotated[list[Name], Tag("list")],
    Discriminator(_text_or_list, custom_error_type="text_or_list", custom_error_message="text or a list of texts"),
]


def _text_or_mapping(value: Any) -> str | None:
    return "text" if isinstance(value, str) else "mapping" if isinstance(value, dict) else None


def _known_quantile(value: float) -> float:
    if value not in QUANTILES:
        choices = ", ".join(map(str, QUANTILES))
        raise refuse(unknown_choice.RULE, f"there is no quantile {value}", f"use one of {choices}")
    return value


class Spec(BaseModel):
    """Strict: an unknown key or a wrong type is a finding."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Columns(Spec):
    """The log's column names, where they differ from the usual ones."""

    sent_at: Name = Field("sent_at", description="When the prediction was made, UTC.", examples=["created_at"])
    prediction_id: Name = Field(
        "prediction_id", description="The caller's id of the object; need not be unique.", examples=["delivery_id"]
    )
    predictor_name: Name = Field("predictor_name", description="The predictor.", examples=["predictor"])
    model_id: Name = Field("model_id", description="The model version that predicted.", examples=["model_version"])
    features: Names = Field(
        "features",
        description=(
            "The column with all features (a map, JSON or struct), or a list of columns that are a feature each; "
            "`*` in a column's name stands for any characters."
        ),
        examples=["features", ["feature_*"]],
    )
    prediction_result: Name = Field("prediction_result", description="The model's output.", examples=["score"])
    default_values_used: Name = Field(
        "default_values_used",
        description="The names of the features whose value was missing and replaced by the model's default.",
        examples=["defaulted"],
    )


class Log(Spec):
    """A prediction log."""

    table: Table = Field(
        "predictions",
        description="The table or view, with its schema if it needs one, odd parts in quotes. No file or address.",
        examples=["ml.predictions"],
    )
    columns: Columns = Field(
        Columns(), description="Column names that differ from the usual ones.", examples=[{"sent_at": "created_at"}]
    )
    settle: Duration = Field(
        "10m",
        description="How long after a window's end its rows keep arriving; the window is computed then.",
        examples=["30m"],
    )
    partition: Annotated[dict[Name, DateFormat], AfterValidator(bad_partition.accept_all)] = Field(
        default={},
        description=(
            "The columns by which the table is partitioned, and how the UTC date of `sent_at` is written in each "
            "(`%Y`, `%m`, `%d`, `%H`), so that the warehouse reads no others."
        ),
        examples=[{"ds": "%Y-%m-%d"}],
    )
    partition_delay: Duration = Field(
        "0m",
        description="How much later than `sent_at` a row's partition may be, where it is that of the row's arrival.",
        examples=["1d"],
    )


class Slack(Spec):
    """Where the team reads its messages."""

    channel: Channel = Field(
        description="The channel, with quotes: `#` without quotes begins a comment.", examples=["#ml-logistics"]
    )


class PagerDuty(Spec):
    """Who is paged."""

    service: Name = Field(
        description="The service's name; its integration key is a Terraform variable.", examples=["logistics-ml"]
    )


class Team(Spec):
    """Who owns predictors, and how they are reached. Names only: secrets are Terraform variables."""

    slack: Slack | None = Field(
        None,
        description="Where alerts of severity `notify` go.",
        examples=[{"channel": "#ml-logistics"}],
    )
    pagerduty: PagerDuty | None = Field(
        None, description="Where alerts of severity `page` go.", examples=[{"service": "logistics-ml"}]
    )
    runbook_url: Address | None = Field(
        None,
        description="What to do when an alert fires; an alert may name a page of its own.",
        examples=["https://runbooks.example.com/ml"],
    )


class Models(Spec):
    """The model versions of a predictor."""

    primary: Name = Field(description="The model whose predictions are served.", examples=["eta_v12"])
    shadows: list[Name] = Field(
        [],
        description="Models that predict and are logged, but are not served.",
        examples=[["eta_v13"]],
    )


Profiles = Annotated[
    Annotated[Text, Tag("text")] | Annotated[dict[Name, Text], Field(min_length=1), Tag("mapping")],
    Discriminator(
        _text_or_mapping, custom_error_type="text_or_texts", custom_error_message="text or a mapping of texts by model"
    ),
]


class TrainingReference(Spec):
    """Drift is measured against what each model was trained on; of features that its profile lacks, as usual."""

    kind: Literal["training"] = Field(description="Against a profile of the training set.", examples=["training"])
    profile: Profiles = Field(
        description=(
            "The primary model's profile, a file below the registry folder, which `driftgauge profile` makes; or, "
            "where shadows have their own, a file for each model: `{eta_v12: profiles/eta_v12.json, eta_v13: …}`. "
            "`generate` copies them beside the definitions."
        ),
        examples=["profiles/eta_v12.json", {"eta_v12": "profiles/eta_v12.json", "eta_v13": "profiles/eta_v13.json"}],
    )


class TrailingReference(Spec):
    """Drift is measured against the weeks before, those of the same model."""

    kind: Literal["trailing"] = Field(description="Against the past weeks of the log.", examples=["trailing"])
    weeks: int = Field(4, ge=1, le=52, description="How many weeks.", examples=[4])


class PrimaryReference(Spec):
    """Each shadow is compared with the primary in the same window; the primary with the four weeks before."""

    kind: Literal["primary"] = Field(description="Shadows against the primary.", examples=["primary"])


Reference = Annotated[TrainingReference | TrailingReference | PrimaryReference, Field(discriminator="kind")]


class Exclusion(Spec):
    """Days, in UTC, that no other day is to be judged by: an incident, a holiday, a broken log."""

    from_: Day = Field(alias="from", description="The first day.", examples=["2026-11-26"])
    to: Day | None = Field(None, description="The last day. Default: the first.", examples=["2026-11-29"])
    reason: Text = Field(description="Why, for those who come later.", examples=["Thanksgiving"])


class Bounds(Spec):
    """From `min` to `max`; one of them may be left out."""

    min: Number | None = Field(None, description="The smallest value.", examples=[0])
    max: Number | None = Field(None, description="The greatest value.", examples=[7200])


class Outside(Spec):
    """The band that the metric should stay in."""

    min: Number = Field(description="The alert fires below this value.", examples=[5])
    max: Number = Field(description="The alert fires above this value.", examples=[45])


class Feature(Spec):
    """What is known of a feature. Every feature in the log is monitored, declared or not."""

    kind: Literal["numeric", "boolean", "categorical"] | None = Field(
        None,
        description="How its values are read, where that isn't what most values look like (a postcode, a code number).",
        examples=["categorical"],
    )
    unit: Text | None = Field(None, description="The unit that dashboards show.", examples=["seconds"])
    importance: Number | None = Field(
        None, ge=0, description="How much the model depends on it; orders dashboards and messages.", examples=[0.41]
    )
    expect: Bounds | None = Field(
        None, description="The values that make sense, drawn in the dashboard.", examples=[{"min": 0, "max": 7200}]
    )


class Evaluation(Spec):
    """How predictions meet what really happened."""

    actuals: Lines = Field(
        description=(
            "A query that yields `prediction_id`, `actual`, `observed_at` and `censored` (TRUE where only a lower "
            "bound of the actual value is known)."
        ),
        examples=[
            "SELECT delivery_id AS prediction_id, minutes AS actual, delivered_at AS observed_at, FALSE AS censored "
            "FROM deliveries"
        ],
    )
    matures_after: Duration = Field(description="How late the actual values arrive.", examples=["3h", "21d"])
    metrics: list[str] = Field(
        min_length=1,
        description="What to compute: "
        + "; ".join(f"{task}: {', '.join(names)}" for task, names in EVALUATION_METRICS.items())
        + ".",
        examples=[["mae", "rmse"]],
        json_schema_extra={
            "items": {
                "type": "string",
                "enum": [*sorted({name for names in EVALUATION_METRICS.values() for name in names})],
            }
        },
    )
    training: dict[str, Number] = Field(
        {},
        description="The same metrics on the training evaluation set, drawn beside them.",
        examples=[{"mae": 3.1, "rmse": 4.4}],
    )


class Freshness(Spec):
    """When silence is an alert. Every model gets this alert."""

    max_silence: PositiveDuration = Field(
        "3h", description="How long a model may make no predictions.", examples=["8h"]
    )
    severity: SeverityName | None = Field(
        None,
        description="Where the alert goes. Default: `notify` if the team has Slack, else `page`.",
        examples=["page"],
    )


class ExactFeature(Spec):
    """A feature by its exact name, whatever characters it has."""

    name: Name = Field(description="Its name in the log; `*`, `?` and `all` mean themselves.", examples=["a*b"])


FeatureNames = Annotated[
    Annotated[Name, Tag("text")] | Annotated[ExactFeature, Tag("mapping")],
    Discriminator(
        _text_or_mapping, custom_error_type="text_or_mapping", custom_error_message="text or a mapping with the name"
    ),
]


class Alert(Spec):
    """A threshold on a metric. It has exactly one of `above`, `below`, `outside` and `change_above`."""

    id: Name = Field(description="Stable: the rule's address and UID derive from it.", examples=["prep-time-defaults"])
    was: Names = Field(
        [],
        description="The id it had before, or a list of them, the first one first: it keeps the UIDs of the first.",
        examples=["prep-defaults", ["defaults", "prep-defaults"]],
    )
    title: Text | None = Field(
        None, description="What people read. Default: the id.", examples=["Preparation time is often missing"]
    )
    metric: str = Field(
        description="The metric's name, without `ml_`.",
        examples=["feature_default_ratio"],
        json_schema_extra={"enum": list(ALERT_METRICS)},
    )
    feature: FeatureNames | None = Field(
        None,
        description=(
            "For a feature's metric: its name, a glob (`wind_*`: `*` is any text, `?` one character), or `all`. "
            "One that is really called `all` or `a*b` is written `{name: all}`."
        ),
        examples=["prep_time", "wind_*", "all", {"name": "a*b"}],
    )
    quantile: Annotated[float, AfterValidator(_known_quantile)] | None = Field(
        None,
        description="For a `_quantile` metric: which one.",
        examples=[0.95],
        json_schema_extra={"enum": list(QUANTILES)},
    )
    evaluation: str | None = Field(
        None, description="For the metric `evaluation`: which evaluation metric.", examples=["mae"]
    )
    window: WindowName | None = Field(
        None,
        description=(
            "Which windows. Default: the first of the predictor's cadence; for a metric of drift, the first of a day "
            "or longer."
        ),
        examples=["1d"],
    )
    above: Number | None = Field(None, description="It fires above this value.", examples=[0.2])
    below: Number | None = Field(None, description="It fires below this value.", examples=[100])
    outside: Outside | None = Field(
        None, description="It fires below `min` and above `max`.", examples=[{"min": 5, "max": 45}]
    )
    change_above: Number | None = Field(
        None,
        gt=0,
        description="It fires when the value is this far from the same hours of past weeks; 0.5 is half of it.",
        examples=[0.5],
    )
    for_: int = Field(1, alias="for", ge=1, le=1000, description="In how many windows in a row.", examples=[2])
    min_samples: int = Field(
        0, ge=0, description="It doesn't fire on fewer samples than these in a window.", examples=[500]
    )
    severity: SeverityName = Field(
        description="`page`: PagerDuty; `notify`: Slack; `report`: a line in the dashboard only.", examples=["notify"]
    )
    models: Literal["primary", "shadows", "all"] = Field(
        "primary", description="Which models it watches.", examples=["all"]
    )
    runbook_url: Address | None = Field(
        None,
        description="What to do when it fires. Default: the team's.",
        examples=["https://runbooks.example.com/ml/prep-time"],
    )


class Predictor(Spec):
    """A predictor: what one purpose's models predict."""

    was: Names = Field(
        [],
        description="The id it had before, or a list of them, the first one first: it keeps the UIDs of the first.",
        examples=["eta", ["delivery_time", "eta"]],
    )
    renamed_in: int | None = Field(
        None,
        ge=0,
        description=(
            "The release of this repository that renamed it last. With `release` in `driftgauge.yaml`, Terraform's "
            "`moved` blocks go `keep_moved` releases later; without it they stay."
        ),
        examples=[13],
    )
    title: Text | None = Field(None, description="What people call it. Default: the id.", examples=["Delivery ETA"])
    team: Name = Field(description="Who owns it: the id of a team.", examples=["logistics"])
    task: Literal["regression", "binary", "multiclass", "ranking", "text"] = Field(
        description="What it predicts: a number, yes or no, a class, an order, or text.", examples=["regression"]
    )
    unit: Text | None = Field(None, description="The prediction's unit.", examples=["minutes"])
    log: Name = Field("default", description="The log that it is in: a key of `logs`.", examples=["default"])
    models: Models = Field(description="Its model versions.", examples=[{"primary": "eta_v12", "shadows": ["eta_v13"]}])
    cadence: list[WindowName] = Field(
        ["1h", "1d"],
        min_length=1,
        description="The windows that are computed: divisors of a day from `1m` on, and `7d`.",
        examples=[["15m", "1h", "1d"]],
    )
    reference: Reference | None = Field(
        None,
        description="What drift is measured against; without it, the four weeks before.",
        examples=[{"kind": "trailing", "weeks": 4}],
    )
    exclude: list[Exclusion] = Field(
        [],
        description="Days that are left out of what drift is measured against; they are judged themselves, though.",
        examples=[[{"from": "2026-11-26", "to": "2026-11-29", "reason": "Thanksgiving"}]],
    )
    holidays: Country | None = Field(
        None,
        description=(
            "A country, or a country and its region, whose public holidays are left out, too, each a day in UTC."
        ),
        examples=["US", "US-NY"],
    )
    freshness: Freshness = Field(
        Freshness(), description="When silence is an alert.", examples=[{"max_silence": "8h", "severity": "page"}]
    )
    features: dict[Name, Feature] = Field(
        {},
        description="What is known of its features, by name. All features are monitored, declared or not.",
        examples=[{"prep_time": {"unit": "seconds", "importance": 0.41}}],
    )
    evaluation: Evaluation | None = Field(
        None,
        description="How its predictions meet what really happened.",
        examples=[{"actuals": "SELECT …", "matures_after": "3h", "metrics": ["mae"]}],
    )
    alerts: list[Alert] = Field(
        [],
        description="Its thresholds.",
        examples=[
            [{"id": "volume-low", "metric": "predictions", "below": 100, "severity": "notify"}],
        ],
    )


class RegistryFile(Spec):
    """A registry file. Several files make one registry."""

    version: Literal[1] = Field(description="The version of this format.", examples=[1])
    logs: dict[Name, Log] = Field(
        {},
        description="The prediction logs by name. Without any, `default` is a table `predictions`.",
        examples=[{"default": {"table": "ml.predictions", "settle": "30m"}}],
    )
    teams: dict[Name, Team] = Field(
        {},
        description="The teams that own predictors, by id.",
        examples=[{"logistics": {"slack": {"channel": "#ml-logistics"}}}],
    )
    predictors: dict[Name, Predictor] = Field(
        {},
        description="The predictors by id: the `predictor_name` in the log. Immutable.",
        examples=[
            {
                "eta_prediction": {
                    "team": "logistics",
                    "task": "regression",
                    "models": {"primary": "eta_v12"},
                }
            }
        ],
    )
