"""What each predictor knows when it predicts, and what goes in where a source is missing.

Every feature is from before the moment of the prediction: weather from the last hour that has ended, traffic from
what has left by then. An aircraft is only assigned to flights that flew, so `cancellation` must not see it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from demo.flights import load_aircraft

Default = int | float | str

_HOUR = pd.Timedelta(hours=1)
_WEATHER = (
    "temperature",
    "dew_point",
    "humidity",
    "wind_direction",
    "wind_speed",
    "gusts",
    "precipitation",
    "pressure",
    "visibility",
)
_SCHEDULE = (
    "carrier",
    "origin",
    "destination",
    "distance",
    "scheduled_hour",
    "scheduled_minute",
    "scheduled_minutes",
    "weekday",
    "weekend",
    "hour_departures",
)
_TRAFFIC = ("overdue_ratio", "carrier_overdue_ratio", "recent_departure_delay")
_AIRCRAFT = ("aircraft_year", "aircraft_seats", "aircraft_engines", "aircraft_engine_type", "aircraft_maker")
_GATE = ("departure_delay", "late_departure")

# What the models were given for a missing source; a feature that isn't here stays NULL in the log.
_WEATHER_DEFAULTS: dict[str, Default] = {
    "temperature": 55.0,
    "humidity": 60.0,
    "precipitation": 0.0,
    "pressure": 1013.0,
    "visibility": 10.0,
}
_TRAFFIC_DEFAULTS: dict[str, Default] = {
    "overdue_ratio": 0.0,
    "carrier_overdue_ratio": 0.0,
    "recent_departure_delay": 0.0,
}
_AIRCRAFT_DEFAULTS: dict[str, Default] = {
    "aircraft_year": 2002,
    "aircraft_seats": 140,
    "aircraft_engines": "2",
    "aircraft_engine_type": "Turbo-fan",
    "aircraft_maker": "unknown",
}


@dataclass(frozen=True)
class ModelSpec:
    """A model: its id, how many boosting rounds it has, how large its trees are, and the loss it was fitted with."""

    id: str
    rounds: int
    leaves: int
    loss: str


@dataclass(frozen=True)
class PredictorSpec:
    """A predictor: what it sees, what it predicts, and its models, the primary first.

    Attributes:
        features: the features' names, in the order of the models' input.
        defaults: what goes in where a feature's source is missing.
        target: the column that holds the actual value.
        observed_at: the column that tells when the actual value is known.
        requests: flights → one row a prediction, with its time in `sent_at`.
    """

    name: str
    features: tuple[str, ...]
    defaults: dict[str, Default]
    target: str
    observed_at: str
    models: tuple[ModelSpec, ...]
    requests: Callable[[pd.DataFrame], pd.DataFrame]


def at_departure(flights: pd.DataFrame) -> pd.DataFrame:
    """A prediction for every flight that left, at the minute it left the gate."""
    departed = flights[flights["departed_at"].notna()]
    return departed.assign(sent_at=departed["departed_at"], late_departure=departed["departure_delay"] > 15)


def at_scheduled_hour(flights: pd.DataFrame) -> pd.DataFrame:
    """A prediction for every flight at its scheduled hour, and one more an hour later if it is still at the gate."""
    later = flights["hour_at"] + _HOUR
    waiting = flights["departed_at"].isna() | (flights["departed_at"] >= later)
    return pd.concat(
        [flights.assign(sent_at=flights["hour_at"]), flights[waiting].assign(sent_at=later[waiting])],
        ignore_index=True,
    )


PREDICTORS = (
    PredictorSpec(
        name="arrival_delay",
        features=(*_GATE, *_SCHEDULE, *_AIRCRAFT, *_TRAFFIC, *_WEATHER),
        defaults={**_WEATHER_DEFAULTS, **_TRAFFIC_DEFAULTS, **_AIRCRAFT_DEFAULTS},
        target="arrival_delay",
        observed_at="arrived_at",
        models=(
            ModelSpec("arrival_delay_v3", rounds=60, leaves=15, loss="squared_error"),
            ModelSpec("arrival_delay_v4", rounds=120, leaves=31, loss="absolute_error"),
        ),
        requests=at_departure,
    ),
    PredictorSpec(
        name="cancellation",
        features=(*_SCHEDULE, *_TRAFFIC, *_WEATHER),
        defaults={**_WEATHER_DEFAULTS, **_TRAFFIC_DEFAULTS},
        target="cancelled",
        observed_at="cancellation_known_at",
        models=(
            ModelSpec("cancellation_v1", rounds=40, leaves=7, loss="log_loss"),
            ModelSpec("cancellation_v2", rounds=80, leaves=15, loss="log_loss"),
        ),
        requests=at_scheduled_hour,
    ),
    PredictorSpec(
        name="taxi_time",
        features=(*_SCHEDULE, *_AIRCRAFT, *_TRAFFIC, *_WEATHER),
        defaults={**_WEATHER_DEFAULTS, **_TRAFFIC_DEFAULTS, **_AIRCRAFT_DEFAULTS},
        target="ground_minutes",
        observed_at="arrived_at",
        models=(ModelSpec("taxi_time_v1", rounds=60, leaves=15, loss="squared_error"),),
        requests=at_departure,
    ),
)


def prepare(flights: pd.DataFrame) -> pd.DataFrame:
    """Add what is known of each flight whatever the predictor: schedule, aircraft and, in the end, the actuals."""
    by_hour = flights.groupby(["origin", "hour_at"])["carrier"].transform("size")
    local = pd.to_timedelta(flights["scheduled_hour"], unit="h")
    weekday = (flights["hour_at"] - local).dt.day_name()
    cancelled = flights["departed_at"].isna()
    with_aircraft = flights.merge(load_aircraft(), on="tailnum", how="left", validate="many_to_one")
    return with_aircraft.assign(
        hour_departures=by_hour,
        weekday=weekday,
        weekend=weekday.isin(["Saturday", "Sunday"]),
        cancelled=cancelled.astype(float),
        # The source doesn't say when a flight was cancelled; within a day of its time it was certain.
        cancellation_known_at=flights["departed_at"].fillna(flights["scheduled_at"] + 24 * _HOUR),
    )


class Surroundings:
    """Weather and traffic by airport and hour, as known when that hour begins."""

    def __init__(self, flights: pd.DataFrame, weather: pd.DataFrame) -> None:
        self._weather = weather.assign(known_at=weather["observed_at"] + _HOUR).drop(columns="observed_at")
        self._overdue = _overdue_ratio(flights, ["origin"], "overdue_ratio")
        self._carrier_overdue = _overdue_ratio(flights, ["origin", "carrier"], "carrier_overdue_ratio")
        self._delays = _recent_delay(flights)

    def join(self, requests: pd.DataFrame) -> pd.DataFrame:
        """Add to each request what was known at the full hour before it was sent."""
        joined = requests.assign(known_at=requests["sent_at"].dt.floor("h"))
        for table in (self._weather, self._overdue, self._delays):
            joined = joined.merge(table, on=["origin", "known_at"], how="left", validate="many_to_one")
        on = ["origin", "carrier", "known_at"]
        return joined.merge(self._carrier_overdue, on=on, how="left", validate="many_to_one")


def _overdue_ratio(flights: pd.DataFrame, by: list[str], name: str) -> pd.DataFrame:
    """The share of the last three hours' scheduled flights that had not left by a full hour."""
    hours = [flights.assign(known_at=flights["hour_at"] + n * _HOUR) for n in (1, 2, 3)]
    due = pd.concat(hours, ignore_index=True)
    due[name] = due["departed_at"].isna() | (due["departed_at"] >= due["known_at"])
    return due.groupby([*by, "known_at"])[name].mean().reset_index()


def _recent_delay(flights: pd.DataFrame) -> pd.DataFrame:
    """The mean delay, in minutes, of what left an airport in the hour before a full hour."""
    departed = flights[flights["departed_at"].notna()]
    known_at = departed["departed_at"].dt.floor("h") + _HOUR
    delays = departed.assign(known_at=known_at).groupby(["origin", "known_at"])["departure_delay"].mean()
    return delays.rename("recent_departure_delay").reset_index()
