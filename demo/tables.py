"""From flights to the log's tables, in the time at which it all happened: 2013."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pandas as pd
import pyarrow as pa

from demo.features import PREDICTORS, Default, PredictorSpec, Surroundings, prepare
from demo.flights import load_weather
from demo.models import in_log, predictions, trained_on

# Writers that deliver at least once deliver some rows twice: the primary's row of every flight divisible by this.
_DELIVERED_TWICE = 997

_SCHEMA = """
CREATE TABLE all_predictions (
    sent_at TIMESTAMP NOT NULL,
    prediction_id VARCHAR NOT NULL,
    predictor_name VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    features MAP(VARCHAR, VARCHAR) NOT NULL,
    prediction_result DOUBLE NOT NULL,
    default_values_used VARCHAR[] NOT NULL
);
CREATE TABLE all_actuals (
    prediction_id VARCHAR NOT NULL,
    predictor_name VARCHAR NOT NULL,
    actual DOUBLE NOT NULL,
    observed_at TIMESTAMP NOT NULL
);
"""


def fill(database: duckdb.DuckDBPyConnection, flights: pd.DataFrame, say: Callable[[str], None]) -> None:
    """Make `all_predictions` and `all_actuals`, each in the order of time, so that a window is a short scan.

    And, of each predictor, `training_…`: what its models were trained on, with the label.
    """
    database.execute(_SCHEMA)
    surroundings = Surroundings(flights, load_weather())
    flights = prepare(flights)
    for predictor in PREDICTORS:
        requests = surroundings.join(predictor.requests(flights))
        for model in predictor.models:
            say(f"training {model.id} on January and February, predicting the rest of the year")
            requests[model.id] = predictions(requests, predictor, model)
        _keep_training(database, predictor, requests[trained_on(requests, predictor)])
        _stage(database, predictor, requests[in_log(requests)])
    say("writing the log")
    _write(database)


def _keep_training(database: duckdb.DuckDBPyConnection, predictor: PredictorSpec, requests: pd.DataFrame) -> None:
    """What was missing stays missing: what the models were given in its place is no value of the feature."""
    rows = requests[[*predictor.features]].assign(label=requests[predictor.target])
    database.register("requests", pa.Table.from_pandas(rows.convert_dtypes(), preserve_index=False))
    database.execute(f"CREATE TABLE training_{predictor.name} AS SELECT * FROM requests")
    database.unregister("requests")


def _stage(database: duckdb.DuckDBPyConnection, predictor: PredictorSpec, requests: pd.DataFrame) -> None:
    models = [model.id for model in predictor.models]
    context = ["sent_at", "prediction_id", "actual", "known_at", "flight"]
    rows = requests.assign(actual=requests[predictor.target], known_at=requests[predictor.observed_at])
    columns = [*context, *predictor.features, *models]
    table = pa.Table.from_pandas(rows[columns].convert_dtypes(), preserve_index=False)
    database.register("requests", table)
    database.execute(f"CREATE TEMP TABLE {predictor.name} AS SELECT * FROM requests")
    database.unregister("requests")


def _write(database: duckdb.DuckDBPyConnection) -> None:
    rows = " UNION ALL ".join(_rows_sql(predictor) for predictor in PREDICTORS)
    times = " UNION ".join(f"SELECT date_trunc('month', sent_at) FROM {predictor.name}" for predictor in PREDICTORS)
    for (month,) in database.sql(
        f"SELECT * FROM ({times}) ORDER BY 1"
    ).fetchall():  # one after the other, so that sorting maps needs little memory
        database.execute(
            f"INSERT INTO all_predictions SELECT * FROM ({rows}) "
            "ORDER BY sent_at, predictor_name, model_id, prediction_id",
            {"month": month},
        )
    actuals = " UNION ALL ".join(_actuals_sql(predictor) for predictor in PREDICTORS)
    database.execute(f"INSERT INTO all_actuals SELECT * FROM ({actuals}) ORDER BY observed_at, predictor_name")


def _rows_sql(predictor: PredictorSpec) -> str:
    """A row for each request and model, the primary's twice now and then."""
    models = [f"{{'model_id': '{model.id}', 'result': \"{model.id}\"}}" for model in predictor.models]
    once, twice = ", ".join(models), ", ".join([*models, models[0]])
    values = ", ".join(f"'{name}': {_value_sql(name, predictor.defaults)}" for name in predictor.features)
    names = ", ".join(f"'{name}'" for name in predictor.defaults)
    missing = ", ".join(f'"{name}" IS NULL' for name in predictor.defaults)
    return f"""
        SELECT sent_at, prediction_id, '{predictor.name}' AS predictor_name, answer.model_id, features,
            answer.result AS prediction_result, default_values_used
        FROM (
            SELECT sent_at, prediction_id, MAP {{{values}}} AS features,
                list_where([{names}], [{missing}]) AS default_values_used,
                unnest(CASE WHEN flight % {_DELIVERED_TWICE} = 0 THEN [{twice}] ELSE [{once}] END) AS answer
            FROM {predictor.name}
            WHERE sent_at >= $month AND sent_at < $month + INTERVAL 1 MONTH
        )"""


def _value_sql(name: str, defaults: dict[str, Default]) -> str:
    if name not in defaults:
        return f'CAST("{name}" AS VARCHAR)'
    return f'CAST(coalesce("{name}", {defaults[name]!r}) AS VARCHAR)'


def _actuals_sql(predictor: PredictorSpec) -> str:
    return f"""
        SELECT DISTINCT prediction_id, '{predictor.name}' AS predictor_name, actual, known_at AS observed_at
        FROM {predictor.name} WHERE actual IS NOT NULL"""
