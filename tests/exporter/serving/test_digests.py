"""The digest of what is measured: another one if and only if something else is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import yaml

from metrics_exporter.definitions import (
    Columns,
    Evaluation,
    Exclusion,
    Feature,
    Kind,
    Log,
    Model,
    Predictor,
    Reference,
    Role,
)
from metrics_exporter.digests import digests
from tests.exporter.serving.builders import definitions
from tests.output.examples import ALERT

Case = tuple[Predictor, Log]

LOG = Log(table="predictions", columns=Columns(features=("f_*", "g_*")))
PROFILE, WEEKS = Reference(kind="training", profile="eta_v1.json"), Reference(kind="trailing", weeks=4)
V1 = Model(id="eta_v1", role=Role.PRIMARY, reference=PROFILE)
V2 = Model(id="eta_v2", role=Role.SHADOW, reference=WEEKS)
FEATURES = {"distance": Feature(kind=Kind.NUMERIC), "city": Feature(unit="m")}
EVALUATION = Evaluation(
    actuals="SELECT 1", matures_after_seconds=60, metrics=("mae", "rmse"), training={"mae": 2.5, "rmse": 3.0}
)
EXCLUSION = Exclusion(first=date(2026, 3, 1), last=date(2026, 3, 2), reason="an incident")
ETA = Predictor(
    schema_version=1,
    predictor="eta",
    title="Delivery time",
    team="logistics",
    models=(V1, V2),
    features=FEATURES,
    evaluation=EVALUATION,
)


def with_eta(**changes: Any) -> Case:
    return ETA.model_copy(update=changes), LOG


def with_references(primary: Reference | None, shadow: Reference | None) -> Case:
    models = (V1.model_copy(update={"reference": primary}), V2.model_copy(update={"reference": shadow}))
    return with_eta(models=models)


def with_features(**changes: Feature) -> Case:
    return with_eta(features={**FEATURES, **changes})


def with_evaluation(**changes: Any) -> Case:
    return with_eta(evaluation=EVALUATION.model_copy(update=changes))


def with_log(**changes: Any) -> Case:
    return ETA, LOG.model_copy(update=changes)


def digest(predictor: Predictor = ETA, log: Log = LOG) -> str:
    defined = definitions(predictor)
    catalogue = defined.catalogue.model_copy(update={"logs": {predictor.log: log}})
    return digests(defined.model_copy(update={"catalogue": catalogue}))[predictor.predictor]


OTHER = {
    "unit": with_eta(unit="minutes"),
    "windows": with_eta(windows=("1h",)),
    "a model less": with_eta(models=(V1,)),
    "another model": with_eta(models=(V1, V2.model_copy(update={"id": "eta_v3"}))),
    "no features": with_eta(features={}),
    "kind of a feature": with_features(distance=Feature(kind=Kind.CATEGORICAL)),
    "unit of a feature": with_features(city=Feature(unit="km")),
    "another feature": with_features(rain=Feature(kind=Kind.BOOLEAN)),
    "no reference": with_references(None, None),
    "reference of the primary model alone": with_references(PROFILE, None),
    "kind of the reference": with_references(WEEKS, WEEKS),
    "profile of the reference": with_references(Reference(kind="training", profile="eta.json"), WEEKS),
    "weeks of the reference": with_references(PROFILE, Reference(kind="trailing", weeks=8)),
    "references of each other": with_references(WEEKS, PROFILE),
    "days that are left out": with_eta(exclude=(EXCLUSION,)),
    "holidays": with_eta(holidays="US"),
    "no evaluation": with_eta(evaluation=None),
    "query of actuals": with_evaluation(actuals="SELECT 2"),
    "maturity of actuals": with_evaluation(matures_after_seconds=90),
    "metrics of the evaluation": with_evaluation(metrics=("mae",)),
    "figures of the training": with_evaluation(training={"mae": 2.5, "rmse": 3.5}),
    "table": with_log(table="other"),
    "settling time": with_log(settle_seconds=900),
    "partition": with_log(partition={"ds": "%Y-%m-%d"}),
    "delay of the partition": with_log(partition_delay_seconds=3600),
    "columns of features": with_log(columns=Columns(features=("f_*",))),
    "column of time": with_log(columns=Columns(features=("f_*", "g_*"), sent_at="created_at")),
}
SAME = {
    "version of the file": with_eta(schema_version=2),
    "id": with_eta(predictor="eta_by_another_name"),
    "title": with_eta(title="ETA"),
    "team": with_eta(team="maps"),
    "name of the log": with_eta(log="warehouse"),
    "a promotion": with_eta(
        models=(V2.model_copy(update={"role": Role.PRIMARY}), V1.model_copy(update={"role": Role.SHADOW}))
    ),
    "alerts": with_eta(alerts=(ALERT.condition,)),
    "order of windows": with_eta(windows=("1d", "1h")),
    "order of features": with_eta(features=dict(reversed(FEATURES.items()))),
    "a feature of which nothing is declared": with_features(rain=Feature()),
    "order of evaluation metrics": with_evaluation(metrics=("rmse", "mae"), training={"rmse": 3.0, "mae": 2.5}),
    "order of columns": with_log(columns=Columns(features=("g_*", "f_*"))),
}


def test_why_days_are_left_out_changes_no_digest() -> None:
    reasons = (EXCLUSION, EXCLUSION.model_copy(update={"reason": "the log was broken"}))
    assert len({digest(*with_eta(exclude=(each,))) for each in reasons}) == 1


@pytest.mark.parametrize("case", OTHER.values(), ids=OTHER)
def test_whatever_changes_what_is_measured_changes_the_digest(case: Case) -> None:
    assert digest(*case) != digest()


def test_no_two_changes_have_one_digest() -> None:
    assert len({digest(*case) for case in OTHER.values()}) == len(OTHER)


@pytest.mark.parametrize("case", SAME.values(), ids=SAME)
def test_nothing_else_changes_it(case: Case) -> None:
    assert digest(*case) == digest()


def test_every_key_of_a_definition_was_tried() -> None:
    cases = [*OTHER.values(), *SAME.values()]
    tried = {key for one, _ in cases for key in Predictor.model_fields if getattr(one, key) != getattr(ETA, key)}
    assert tried == Predictor.model_fields.keys()
    assert {key for _, log in cases for key in Log.model_fields if getattr(log, key) != getattr(LOG, key)} == {
        *Log.model_fields
    }


def test_how_the_file_is_written_does_not_matter() -> None:
    content = yaml.safe_load(yaml.safe_dump(ETA.model_dump(mode="json"), default_flow_style=True))
    short = ETA.model_dump(mode="json", exclude_defaults=True)
    assert digest(Predictor.model_validate(content)) == digest(Predictor.model_validate(short)) == digest()


def test_it_is_the_same_in_every_release() -> None:
    """Were it another, an upgrade would mark a change of every predictor."""
    assert digest() == "da506c62526a"
    assert digest(*with_references(None, None)) == "ba68f9644952"
