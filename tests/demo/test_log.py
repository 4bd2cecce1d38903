"""What the log promises, held against the source that it was made from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import pandas as pd
import pytest
import yaml

from demo.features import PREDICTORS, PredictorSpec
from demo.flights import source_table
from demo.log import Log
from tests.real_parts import ROOT

BY_NAME = {predictor.name: predictor for predictor in PREDICTORS}
NULLABLE = ("dew_point", "wind_direction", "wind_speed", "gusts")

each_predictor = pytest.mark.parametrize("predictor", PREDICTORS, ids=lambda predictor: predictor.name)


def _registered() -> dict[str, dict]:
    files = sorted((ROOT / "registry").glob("*.yaml"))
    return {
        name: predictor
        for file in files
        for name, predictor in yaml.safe_load(file.read_text(encoding="utf-8"))["predictors"].items()
    }


def test_registry_and_log_agree_and_taxi_time_is_in_no_file(database: duckdb.DuckDBPyConnection) -> None:
    logged = database.sql("SELECT DISTINCT predictor_name, model_id FROM all_predictions").fetchall()
    declared = {
        (name, model)
        for name, predictor in _registered().items()
        for model in (predictor["models"]["primary"], *predictor["models"]["shadows"])
    }
    assert set(logged) == declared | {("taxi_time", "taxi_time_v1")}


def test_registered_features_are_in_the_log() -> None:
    for name, predictor in _registered().items():
        assert set(predictor["features"]) <= set(BY_NAME[name].features)


def test_the_last_day_has_no_weather_which_the_demo_says(database: duckdb.DuckDBPyConnection) -> None:
    (begins,) = database.sql(
        "SELECT max(sent_at) FROM all_predictions "
        "WHERE predictor_name IN ('arrival_delay', 'cancellation') AND 'visibility' NOT IN default_values_used"
    ).fetchall()[0]
    assert (begins.strftime("%A"), begins.hour) == ("Tuesday", 0)


@each_predictor
def test_twenty_features_of_every_kind(database: duckdb.DuckDBPyConnection, predictor: PredictorSpec) -> None:
    maps = database.execute(
        "SELECT DISTINCT map_keys(features) FROM all_predictions WHERE predictor_name = ?", [predictor.name]
    ).fetchall()
    assert maps == [(list(predictor.features),)]
    assert len(predictor.features) >= 20
    values = _values(database, predictor.name, "sent_at < (SELECT min(sent_at) + INTERVAL 30 DAY FROM all_predictions)")
    number = values.apply(lambda column: pd.to_numeric(column, errors="coerce").notna().any())
    boolean = values.apply(lambda column: column.dropna().isin(["true", "false"]).all())
    assert number.any()
    assert boolean.any()
    assert (~number & ~boolean).any()


def _values(database: duckdb.DuckDBPyConnection, predictor: str, where: str) -> pd.DataFrame:
    names = ", ".join(f"features['{name}'] AS \"{name}\"" for name in BY_NAME[predictor].features)
    return database.sql(f"SELECT {names} FROM all_predictions WHERE predictor_name = '{predictor}' AND {where}").df()


@pytest.fixture(scope="module")
def defaulted(log: Log, flights: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """Primary predictions of `arrival_delay`, with the aircraft and weather that the source has for them."""
    with duckdb.connect(str(log.file), read_only=True) as database:
        rows = database.sql(
            "SELECT DISTINCT ON (prediction_id) prediction_id, sent_at, default_values_used AS defaults, "
            "features['aircraft_year'] AS year, features['pressure'] AS pressure, features['wind_speed'] AS wind "
            "FROM all_predictions WHERE model_id = 'arrival_delay_v3'"
        ).df()
    rows["hour"] = rows["sent_at"].dt.floor("h") - timedelta(weeks=log.weeks, hours=1)
    rows = rows.merge(flights[["prediction_id", "tailnum", "origin"]], on="prediction_id")
    planes = source_table("planes.csv")[["tailnum", "year", "seats"]].rename(columns={"year": "true_year"})
    weather = weather.rename(columns={"pressure": "true_pressure", "wind_speed": "true_wind", "observed_at": "hour"})
    weather = weather[["origin", "hour", "true_pressure", "true_wind"]]
    return rows.merge(planes, on="tailnum", how="left").merge(weather, on=["origin", "hour"], how="left")


@pytest.mark.parametrize(
    ("feature", "source"),
    [("aircraft_year", "true_year"), ("aircraft_seats", "seats"), ("pressure", "true_pressure")],
)
def test_defaults_are_used_exactly_where_the_source_is_missing(
    defaulted: pd.DataFrame, feature: str, source: str
) -> None:
    named = defaulted["defaults"].map(lambda names: feature in names)
    missing = defaulted[source].isna()
    assert 0.05 < missing.mean() < 0.3
    assert (named == missing).all()


def test_values_are_the_sources_and_defaults_the_configured_ones(defaulted: pd.DataFrame) -> None:
    defaults = BY_NAME["arrival_delay"].defaults
    for value, source, name in (("year", "true_year", "aircraft_year"), ("pressure", "true_pressure", "pressure")):
        expected = defaulted[source].fillna(defaults[name])
        assert (pd.to_numeric(defaulted[value]) == expected).all()


def test_a_source_without_a_default_stays_null(defaulted: pd.DataFrame) -> None:
    assert (defaulted["wind"].isna() == defaulted["true_wind"].isna()).all()
    assert defaulted["wind"].isna().any()


@each_predictor
def test_only_features_without_a_default_are_null(
    database: duckdb.DuckDBPyConnection, predictor: PredictorSpec
) -> None:
    null = database.execute(
        "SELECT DISTINCT e.key FROM (SELECT unnest(map_entries(features)) AS e FROM all_predictions "
        "WHERE predictor_name = ?) WHERE e.value IS NULL",
        [predictor.name],
    ).fetchall()
    assert {name for (name,) in null} == set(NULLABLE)
    assert not set(NULLABLE) & set(predictor.defaults)


def test_prediction_ids_repeat_across_predictors_models_and_time(database: duckdb.DuckDBPyConnection) -> None:
    predictors, models, times = database.sql(
        "SELECT max(p), max(m), max(t) FROM (SELECT count(DISTINCT predictor_name) AS p, "
        "count(DISTINCT model_id) AS m, count(DISTINCT sent_at) FILTER (model_id = 'cancellation_v1') AS t "
        "FROM all_predictions GROUP BY prediction_id)"
    ).fetchall()[0]
    assert (predictors, models, times) == (3, 5, 2)


def test_few_rows_are_delivered_twice(database: duckdb.DuckDBPyConnection) -> None:
    total, distinct = database.sql(
        "SELECT count(*), count(DISTINCT (prediction_id, predictor_name, model_id, sent_at)) FROM all_predictions"
    ).fetchall()[0]
    assert 0.0003 < (total - distinct) / total < 0.003
    assert database.sql("SELECT count(*) FROM (SELECT DISTINCT * FROM all_predictions)").fetchall() == [(distinct,)]


def test_every_departure_is_predicted_when_it_leaves_the_gate(
    database: duckdb.DuckDBPyConnection, log: Log, flights: pd.DataFrame
) -> None:
    later = flights[(flights["month"] > 2) & flights["departed_at"].notna()].set_index("prediction_id")
    for model in ("arrival_delay_v3", "arrival_delay_v4", "taxi_time_v1"):
        rows = database.sql(
            f"SELECT DISTINCT prediction_id, sent_at FROM all_predictions WHERE model_id = '{model}'"
        ).df()
        sent = rows.set_index("prediction_id")["sent_at"] - timedelta(weeks=log.weeks)
        assert sent.index.is_unique
        assert (sent == later["departed_at"].reindex(sent.index)).all()
        assert len(sent) == len(later)


def test_cancellation_is_predicted_at_the_scheduled_hour_and_once_more_for_who_still_waits(
    database: duckdb.DuckDBPyConnection, log: Log, flights: pd.DataFrame
) -> None:
    rows = database.sql(
        "SELECT prediction_id, list(DISTINCT sent_at ORDER BY sent_at) AS sent FROM all_predictions "
        "WHERE model_id = 'cancellation_v1' GROUP BY 1"
    ).df()
    rows = rows.merge(flights[flights["month"] > 2], on="prediction_id", how="outer", validate="one_to_one")
    shift = timedelta(weeks=log.weeks)
    assert (pd.to_datetime(rows["sent"].str[0]) - shift == rows["hour_at"]).all()
    waited = rows["sent"].str.len() == 2
    hour_later = rows["hour_at"] + timedelta(hours=1)
    assert (waited == (rows["departed_at"].isna() | (rows["departed_at"] >= hour_later))).all()
    assert (pd.to_datetime(rows.loc[waited, "sent"].str[1]) - shift == hour_later[waited]).all()


def test_the_views_end_now(database: duckdb.DuckDBPyConnection) -> None:
    for view, clock in (("predictions", "sent_at"), ("actuals", "observed_at")):
        before = datetime.now(UTC).replace(tzinfo=None)
        shown, latest = database.sql(f"SELECT count(*), max({clock}) FROM {view}").fetchall()[0]
        assert latest <= datetime.now(UTC).replace(tzinfo=None)
        due = database.execute(f"SELECT count(*) FROM all_{view} WHERE {clock} <= ?", [before]).fetchall()[0][0]
        assert due <= shown < due + 1000
        assert shown < database.sql(f"SELECT count(*) FROM all_{view}").fetchall()[0][0]


def test_now_is_in_the_last_week(log: Log) -> None:
    assert log.end - timedelta(weeks=1) < datetime.now(UTC).replace(tzinfo=None) <= log.end


def test_rows_lie_in_the_order_of_time(database: duckdb.DuckDBPyConnection) -> None:
    disorder = database.sql(
        "SELECT count(*) FROM (SELECT sent_at < lag(sent_at) OVER (ORDER BY rowid) AS back FROM all_predictions) "
        "WHERE back"
    ).fetchall()
    assert disorder == [(0,)]


def test_actuals_are_one_a_flight_and_known_after_the_prediction(database: duckdb.DuckDBPyConnection) -> None:
    rows, distinct = database.sql(
        "SELECT count(*), count(DISTINCT (prediction_id, predictor_name)) FROM all_actuals"
    ).fetchall()[0]
    assert rows == distinct
    early = database.sql(
        "SELECT count(*) FROM all_actuals a JOIN all_predictions p USING (prediction_id, predictor_name) "
        "WHERE predictor_name <> 'cancellation' AND a.observed_at <= p.sent_at"
    ).fetchall()
    assert early == [(0,)]


@pytest.mark.parametrize(
    ("model", "error", "best"),
    [
        (
            "arrival_delay_v3",
            "avg(abs(actual - prediction_result))",
            "avg(abs(actual - features['departure_delay']::INT))",
        ),
        (
            "arrival_delay_v4",
            "avg(abs(actual - prediction_result))",
            "avg(abs(actual - features['departure_delay']::INT))",
        ),
        ("cancellation_v1", "avg((actual - prediction_result) ** 2)", "var_pop(actual)"),
        ("cancellation_v2", "avg((actual - prediction_result) ** 2)", "var_pop(actual)"),
        ("taxi_time_v1", "avg((actual - prediction_result) ** 2)", "var_pop(actual)"),
    ],
)
def test_predictions_beat_the_best_simple_guess(
    database: duckdb.DuckDBPyConnection, model: str, error: str, best: str
) -> None:
    ours, simple = database.sql(
        f"SELECT {error}, {best} FROM all_predictions JOIN all_actuals USING (prediction_id, predictor_name) "
        f"WHERE model_id = '{model}'"
    ).fetchall()[0]
    assert ours < 0.95 * simple
