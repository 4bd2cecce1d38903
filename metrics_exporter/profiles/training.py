"""Tables of profiles ↔ profiles of training sets, as they are committed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import sqrt

from metrics_exporter.profiles.profile import Categories, Distribution, Profile, Series
from metrics_exporter.profiles.table import Profiles
from metrics_exporter.training_profiles import SCHEMA_VERSION, Numbers, Summary, TrainingProfile
from metrics_exporter.training_profiles import Categories as Names


def to_document(profiles: Iterable[Profile]) -> TrainingProfile:
    """What is committed of the series of one model, of which there is one; predictions without values are left out."""
    series = [*profiles]
    first, predictions = series[0], [each for each in series if each.series.feature is None and each.values]
    return TrainingProfile(
        schema_version=SCHEMA_VERSION,
        predictor=first.series.predictor,
        model_id=first.series.model_id,
        rows=first.rows,
        prediction=_summary(predictions[0]) if predictions else None,
        features={each.series.feature: _summary(each) for each in series if each.series.feature is not None},
    )


def to_table(documents: Iterable[TrainingProfile]) -> Profiles:
    """The table of what some models were trained on."""
    return Profiles.of(profile for document in documents for profile in _profiles(document))


def _summary(profile: Profile) -> Summary:
    shape, kinds = profile.distribution, profile.categories
    return Summary(
        values=profile.values,
        nulls=profile.nulls,
        infinities=profile.infinities,
        unparsable=profile.unparsable,
        numbers=None if shape is None else _numbers(shape, profile.values),
        categories=None if kinds is None else Names(top=kinds.top, other=kinds.other, distinct=kinds.distinct),
    )


def _numbers(shape: Distribution, values: int) -> Numbers:
    return Numbers(
        mean=_rounded(shape.mean),
        standard_deviation=_rounded(sqrt(shape.squared_deviations / (values - 1))) if values > 1 else None,
        minimum=shape.minimum,
        maximum=shape.maximum,
        grid=shape.grid,
        grid_rows=shape.grid_rows,
        atoms=shape.atoms,
    )


def _rounded(number: float) -> float:
    """Sums differ in their last digits from run to run; the file does not."""
    return float(f"{number:.12g}")


def _profiles(document: TrainingProfile) -> Iterator[Profile]:
    summaries: list[tuple[str | None, Summary]] = [*document.features.items()]
    if document.prediction is not None:
        summaries.append((None, document.prediction))
    for feature, summary in summaries:
        yield Profile(
            series=Series(document.predictor, document.model_id, feature),
            rows=document.rows,
            values=summary.values,
            nulls=summary.nulls,
            infinities=summary.infinities,
            defaults=0,
            unparsable=summary.unparsable,
            distribution=None if summary.numbers is None else _distribution(summary.numbers, summary.values),
            categories=None if summary.categories is None else _categories(summary.categories),
        )


def _distribution(numbers: Numbers, values: int) -> Distribution:
    return Distribution(
        mean=numbers.mean,
        squared_deviations=(numbers.standard_deviation or 0.0) ** 2 * max(values - 1, 0),
        minimum=numbers.minimum,
        maximum=numbers.maximum,
        grid=numbers.grid,
        grid_rows=numbers.grid_rows,
        atoms=numbers.atoms,
    )


def _categories(names: Names) -> Categories:
    return Categories(top=names.top, other=names.other, distinct=names.distinct)
