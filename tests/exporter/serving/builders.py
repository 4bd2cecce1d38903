"""Definitions, profiles and reports to serve, and a small log to run the whole exporter on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import yaml

from generator.catalogue import METRICS
from metrics_exporter.compute.refresh import LogReport
from metrics_exporter.definitions import (
    Alert,
    Catalogue,
    Comparison,
    Definitions,
    Evaluation,
    Log,
    Model,
    Predictor,
    Role,
)
from metrics_exporter.profiles.profile import Categories, Distribution, Profile, Series
from metrics_exporter.profiles.table import Profiles, WindowProfiles
from metrics_exporter.profiles.text import Text
from metrics_exporter.statistics.readings import Judged, all_readings
from metrics_exporter.windows import DAILY, HOURLY, Window

END = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOW = END + timedelta(minutes=15)
SETTLE_SECONDS = 600
MAX_AGE = timedelta(hours=3)


def definitions(*predictors: Predictor, logs: Iterable[str] = ("default",)) -> Definitions:
    """The real catalogue over logs of these names."""
    return Definitions(
        catalogue=Catalogue(
            schema_version=1,
            logs={name: Log(table="predictions", settle_seconds=SETTLE_SECONDS) for name in logs},
            metrics=tuple(metric.definition for metric in METRICS),
        ),
        predictors={predictor.predictor: predictor for predictor in predictors},
    )


def predictor(
    name: str = "eta",
    *,
    windows: tuple[Window, ...] = (HOURLY, DAILY),
    log: str = "default",
    mae: float | None = None,
    alerts: tuple[Alert, ...] = (),
) -> Predictor:
    """A registered predictor with a primary model, `NAME_v1`, and a shadow, `NAME_v2`."""
    training = {} if mae is None else {"mae": mae}
    evaluation = Evaluation(actuals="SELECT 1", matures_after_seconds=60, metrics=("mae",), training=training)
    return Predictor(
        schema_version=1,
        predictor=name,
        title=name.title(),
        team="logistics",
        log=log,
        windows=windows,
        models=(Model(id=f"{name}_v1", role=Role.PRIMARY), Model(id=f"{name}_v2", role=Role.SHADOW)),
        evaluation=evaluation,
        alerts=alerts,
    )


def alert(id_: str = "defaults", *, predictor: str = "eta", window: Window = HOURLY, severity: str = "page") -> Alert:
    """A registered predictor's alert that fires when a fifth of a feature's values are defaults."""
    return Alert(
        id=id_,
        title=f"{id_.capitalize()} of a feature",
        metric="ml_feature_default_ratio",
        feature="*",
        window=window,
        comparison=Comparison.ABOVE,
        high=0.2,
        models=(f"{predictor}_v1", f"{predictor}_v2"),
        severity=severity,
    )


def readings(
    of: Alert, values: Mapping[tuple[str, str | None], float], *, predictor: str = "eta"
) -> tuple[str, Alert, Judged]:
    """An alert's readings by model id and feature."""
    models, features = [model for model, _ in values], [feature for _, feature in values]
    return predictor, of, Judged(Text.of(models), Text.of(features), np.array(list(values.values()), float))


def shape(mean: float = 5.0, spread: float = 1.0, squared_deviations: float = 40.0) -> Distribution:
    """A distribution whose grid rises evenly around the mean."""
    grid = tuple(mean + spread * (place - 50) / 50 for place in range(1, 100))
    return Distribution(mean, squared_deviations, mean - 2 * spread, mean + 2 * spread, grid)


def profile(
    predictor: str = "eta",
    model_id: str = "eta_v1",
    feature: str | None = None,
    *,
    rows: int = 100,
    values: int = 90,
    nulls: int = 6,
    defaults: int = 4,
    unparsable: int = 0,
    infinities: int = 0,
    distribution: Distribution | None = None,
    categories: Categories | None = None,
) -> Profile:
    """A numeric profile, or a categorical one where there are categories."""
    if categories is None and distribution is None:
        distribution = shape()
    return Profile(
        series=Series(predictor, model_id, feature),
        rows=rows,
        values=values,
        nulls=nulls,
        infinities=infinities,
        defaults=defaults,
        unparsable=unparsable,
        distribution=distribution,
        categories=categories,
    )


def window(
    profiles: Iterable[Profile],
    *,
    length: Window = HOURLY,
    end: datetime = END,
    log: str = "default",
    rows: int = 100,
    unreadable: tuple[tuple[str, int], ...] = (),
) -> WindowProfiles:
    """A window of a log."""
    return WindowProfiles(log, length, end, rows, 2, Profiles.of(profiles), unreadable)


def report(
    *windows: WindowProfiles,
    log: str = "default",
    lengths: tuple[Window, ...] = (HOURLY, DAILY),
    error: str | None = None,
    known: Mapping[tuple[str, str], datetime] | None = None,
    silence: Mapping[tuple[str, str], float] | None = None,
    found: Sequence[tuple[str, Alert, Judged]] = (),
) -> LogReport:
    """A report of windows; the models that are known are those of the windows, unless said."""
    seen = {(p.series.predictor, p.series.model_id): w.end for w in windows for p in w.profiles}
    return LogReport(
        log=log,
        windows=lengths,
        latest={each.window: each for each in windows},
        known=dict(seen if known is None else known),
        silence=dict(silence or {}),
        readings=all_readings(found),
        last_success=NOW,
        query_seconds=1.5,
        error=error,
        missed_windows=2,
        errors=1,
    )


def write_definitions(folder: Path, defined: Definitions) -> Path:
    """Write definitions as the generator does."""
    (folder / "predictors").mkdir(parents=True, exist_ok=True)
    catalogue = defined.catalogue.model_dump(mode="json")
    (folder / "catalogue.yaml").write_text(yaml.safe_dump(catalogue), encoding="utf-8")
    for each in defined.predictors.values():
        text = yaml.safe_dump(each.model_dump(mode="json"))
        (folder / "predictors" / f"{each.predictor}.yaml").write_text(text, encoding="utf-8")
    return folder


def write_log(path: Path, predictor: str = "eta", feature: str = "distance") -> Path:
    """Six hours of predictions up to `END`, thirty an hour, of the registered models and of an unregistered one."""
    with duckdb.connect(str(path)) as database:
        database.execute(
            "CREATE OR REPLACE TABLE predictions AS SELECT ?::TIMESTAMP - INTERVAL (i * 2) MINUTE AS sent_at, "
            "'id' || i AS prediction_id, p[1] AS predictor_name, p[2] AS model_id, i * 0.5 AS prediction_result, "
            "MAP {?: (i % 7)::VARCHAR, 'city': ['ams', 'ber'][1 + i % 2]} AS features, "
            "CASE WHEN i % 10 = 0 THEN ['distance'] ELSE []::VARCHAR[] END AS default_values_used "
            "FROM range(1, 181) r(i), (SELECT unnest([[?, ? || '_v1'], [?, ? || '_v2'], ['tips', 'tips_v1']])) m(p)",
            [END.replace(tzinfo=None), feature, *[predictor] * 4],
        )
    return path
