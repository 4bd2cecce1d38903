"""The exporter's metric definitions: one file that all predictors share, and one a predictor."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from generator import conventions
from generator.alerting.rules import Rules
from generator.catalogue import METRICS
from generator.model import Predictor, Registry
from generator.render.renderer import Files, Renderer
from generator.render.yaml_files import yaml_file
from metrics_exporter import definitions
from metrics_exporter.definitions import SCHEMA_VERSION


def _shared_file(registry: Registry) -> Files:
    path = conventions.CATALOGUE_DEFINITIONS_FILE
    return {path: yaml_file(path, _dump(_catalogue(registry)), _ABOUT_CATALOGUE)}


def _predictor_file(predictor: Predictor, _: Rules) -> Files:
    path = conventions.definitions_file(predictor.id)
    copied = {model.profile.path: model.profile.content for model in predictor.models if model.profile}
    dumped = _dump(_predictor(predictor))
    if not predictor.exclude:  # few leave days out: nobody else's file is to speak of it
        del dumped["exclude"]
    return {path: yaml_file(path, dumped, _ABOUT_PREDICTOR), **copied}


render = Renderer(_shared_file, _predictor_file)


_ABOUT_CATALOGUE = "What the exporter reads, and the metrics that it exports of every predictor, registered or not."
_ABOUT_PREDICTOR = "What the exporter is told of this predictor."


def _catalogue(registry: Registry) -> definitions.Catalogue:
    return definitions.Catalogue(
        schema_version=SCHEMA_VERSION,
        logs=registry.logs,
        metrics=tuple(metric.definition for metric in METRICS),
    )


def _predictor(predictor: Predictor) -> definitions.Predictor:
    return definitions.Predictor(
        schema_version=SCHEMA_VERSION,
        predictor=predictor.id,
        title=predictor.title,
        team=predictor.team.id,
        unit=predictor.unit,
        log=predictor.log,
        windows=predictor.windows,
        models=tuple(
            definitions.Model(id=model.id, role=model.role, reference=model.reference) for model in predictor.models
        ),
        features={feature.name: _feature(feature.kind, feature.unit) for feature in predictor.features},
        exclude=predictor.exclude,
        holidays=predictor.holidays,
        evaluation=_evaluation(predictor),
        alerts=tuple(alert.condition for alert in predictor.alerts),
    )


@lru_cache
def _feature(kind: definitions.Kind | None, unit: str | None) -> definitions.Feature:
    """Of tens of thousands of features few differ in more than their names."""
    return definitions.Feature(kind=kind, unit=unit)


def _evaluation(predictor: Predictor) -> definitions.Evaluation | None:
    evaluation = predictor.evaluation
    if evaluation is None:
        return None
    return definitions.Evaluation(
        actuals=evaluation.actuals,
        matures_after_seconds=evaluation.matures_after_seconds,
        metrics=evaluation.metrics,
        training=dict(evaluation.training),
    )


def _dump(definition: definitions.Definition) -> dict[str, Any]:
    return definition.model_dump(mode="json", exclude_none=True)
