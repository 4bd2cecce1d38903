"""The scan against pandas, in every layout that a log may have."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metrics_exporter.definitions import Columns, Kind, Log
from metrics_exporter.profiles.merge import TOP_CATEGORIES
from metrics_exporter.profiles.profile import Profile
from metrics_exporter.profiles.table import GRID, WindowProfiles
from metrics_exporter.sources import WarehouseError, open_warehouse
from metrics_exporter.sources.scan import ScanRequest
from metrics_exporter.sources.scan import scan as run_scan
from tests.exporter.compute.logs import HOUR, START, LogFile, Row, ScanRow, by_feature, scan, scan_rows, shown

Offer = Callable[[LogFile], tuple[str, Columns]]

KEYS = ("price", "age", "epoch", "city", "open", "postcode", "gone")
EACH = ", ".join(f"features ->> '{key}' AS {key}" for key in KEYS)
TYPED = (
    "(features ->> 'price')::DOUBLE AS price, (features ->> 'age')::INTEGER AS age, (features ->> 'epoch')::BIGINT AS "
    "epoch, features ->> 'city' AS city, (features ->> 'open')::BOOLEAN AS open, (features ->> 'postcode')::INTEGER AS "
    "postcode, (features ->> 'gone')::DOUBLE AS gone"
)
REST = "prediction_id, predictor_name, model_id, prediction_result, default_values_used"


def _sample_rows() -> list[Row]:
    rng = random.Random(5)
    return [
        Row(
            features={
                "price": rng.lognormvariate(3, 2) if i % 11 else None,
                "age": rng.randrange(90),
                "epoch": 1_700_000_000 + rng.randrange(3600),
                "city": rng.choice(["Seoul", "서울", "O'Fallon", 'a "b" ${c}\nd']),
                "open": rng.random() < 0.3,
                "postcode": rng.choice([10115, 10117, 20095]),
                **({"gone": 1.5} if i % 2 else {}),
            },
            model="m1" if i % 3 else "m2",
            result=rng.gauss(0, 1e-3) + 1,
            defaults=["age"] if i % 5 == 0 else ["city", "price"] if i % 7 == 0 else [],
            at=START + timedelta(seconds=rng.randrange(7200)),
        )
        for i in range(3000)
    ]


ROWS = _sample_rows()


def _database(select: str, columns: Columns | None = None) -> Offer:
    def offer(log: LogFile) -> tuple[str, Columns]:
        log.reshape(select)
        return log.url, columns or Columns()

    return offer


def _files(pattern: str, copy: str, columns: Columns | None = None) -> Offer:
    def offer(log: LogFile) -> tuple[str, Columns]:
        target = log.path.parent / pattern.replace("*", "part1")
        log.execute(f"COPY ({copy}) TO '{target}'")
        return f"duckdb:{log.path.parent / pattern}", columns or Columns()

    return offer


EVERY = Columns(features=("*",))
LAYOUTS: dict[str, Offer] = {
    "json text": _database("*"),
    "json": _database("* REPLACE (features::JSON AS features)"),
    "map of text": _database("* REPLACE (features::JSON::MAP(VARCHAR, VARCHAR) AS features)"),
    "map of json": _database("* REPLACE (features::JSON::MAP(VARCHAR, JSON) AS features)"),
    "struct": _database(f"* REPLACE ((SELECT s FROM (SELECT {TYPED}) AS s) AS features)"),
    "columns": _database(f"sent_at, {REST}, {TYPED}", EVERY),
    "text columns": _database(f"sent_at, {REST}, {EACH}", Columns(features=("pri*", "age", "[ceop]*", "gone"))),
    "timestamptz": _database("* REPLACE (sent_at::TIMESTAMPTZ AS sent_at)"),
    "iso text": _database("* REPLACE (strftime(sent_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS sent_at)"),
    "naive text": _database("* REPLACE (sent_at::VARCHAR AS sent_at)"),
    "json defaults": _database("* REPLACE (to_json(default_values_used)::VARCHAR AS default_values_used)"),
    "numeric result": _database("* REPLACE (prediction_result::DOUBLE AS prediction_result)"),
    "parquet": _files("log/*.parquet", "SELECT * FROM predictions"),
    "csv": _files(
        "log/*.csv", "SELECT * REPLACE (to_json(default_values_used) AS default_values_used) FROM predictions"
    ),
    "csv columns": _files(
        "log/*.csv",
        f"SELECT sent_at, {REST.replace('default_values_used', 'to_json(default_values_used) AS default_values_used')},"
        f" {EACH} FROM predictions",
        EVERY,
    ),
}


@pytest.fixture(params=LAYOUTS.values(), ids=LAYOUTS.keys())
def windows(request: pytest.FixtureRequest, log: LogFile) -> tuple[WindowProfiles, ...]:
    log.write(ROWS)
    (log.path.parent / "log").mkdir()
    offer: Offer = request.param
    url, columns = offer(log)
    return scan(url, columns=columns, kinds={("p", "postcode"): Kind.CATEGORICAL}, hours=3)


def _expected(window: WindowProfiles, model: str) -> list[Row]:
    return [row for row in ROWS if window.start <= row.at < window.end and row.model == model]


def _values(rows: Sequence[Row], feature: str) -> list[Any]:
    return [
        row.features[feature] for row in rows if row.features.get(feature) is not None and feature not in row.defaults
    ]


def test_every_layout_gives_the_numbers_of_pandas(windows: tuple[WindowProfiles, ...]) -> None:
    assert [window.start for window in windows] == [START, START + HOUR, START + 2 * HOUR]
    assert windows[2].rows == 0
    assert len(windows[2].profiles) == 0
    for window in windows[:2]:
        for model in ("m1", "m2"):
            rows, profiles = _expected(window, model), by_feature(window, model)
            assert set(profiles) == {None, *KEYS}
            assert profiles[None].rows == len(rows)
            _assert_numbers(profiles[None], [row.result for row in rows], rows)
            for feature in ("price", "age", "epoch", "gone"):
                _assert_numbers(profiles[feature], _values(rows, feature), rows)
                assert profiles[feature].defaults == sum(feature in row.defaults for row in rows)
                assert profiles[feature].nulls == sum(row.features.get(feature) is None for row in rows)


def _assert_numbers(profile: Profile, values: Sequence[Any], rows: Sequence[Row]) -> None:
    expected, shape = pd.Series(values, dtype=float), profile.distribution
    assert shape is not None
    assert profile.rows == len(rows)
    assert profile.values == len(expected)
    assert (profile.infinities, profile.unparsable) == (0, 0)
    assert shape.mean == pytest.approx(expected.mean(), rel=1e-9)
    assert math.sqrt(shape.squared_deviations / profile.values) == pytest.approx(expected.std(ddof=0), rel=1e-9)
    assert (shape.minimum, shape.maximum) == (expected.min(), expected.max())
    low, high = (np.quantile(expected, np.array(GRID) + by, method="inverted_cdf") for by in (-1e-9, 1e-9))
    assert ((low <= shape.grid) & (shape.grid <= high)).all()


def test_every_layout_counts_the_same_categories(windows: tuple[WindowProfiles, ...]) -> None:
    for window in windows[:2]:
        rows, profiles = _expected(window, "m2"), by_feature(window, "m2")
        for feature, text in (("city", str), ("postcode", str), ("open", lambda value: str(value).lower())):
            counted = Counter(text(value) for value in _values(rows, feature))
            categories = profiles[feature].categories
            assert categories is not None
            assert dict(categories.top) == counted
            assert (categories.other, categories.distinct) == (0, len(counted))
            assert profiles[feature].values == counted.total()
        truth = profiles["open"].distribution
        assert truth is not None
        assert truth.mean == pytest.approx(pd.Series(_values(rows, "open")).mean())
        assert profiles["city"].distribution is None


@pytest.mark.parametrize("value_type", ["DOUBLE", "FLOAT", "INTEGER", "DECIMAL(9, 2)", "VARCHAR"])
def test_map_of_any_number_type(log: LogFile, value_type: str) -> None:
    log.write([Row({"a": i, "b": -i}, defaults=["b"] if i < 3 else []) for i in range(10)])
    log.reshape(f"* REPLACE (features::JSON::MAP(VARCHAR, {value_type}) AS features)")
    profiles = by_feature(scan(log.url)[0])
    assert profiles["a"].distribution is not None
    assert profiles["a"].distribution.mean == 4.5
    assert profiles["b"].values == 7
    assert profiles["b"].defaults == 3


def test_map_of_numbers_with_a_categorical_and_a_boolean(log: LogFile) -> None:
    log.write([Row({"code": 10115.0, "flag": i % 2, "half": 2.5, "n": i}) for i in range(4)])
    log.reshape("* REPLACE (features::JSON::MAP(VARCHAR, DOUBLE) AS features)")
    kinds = {("p", "code"): Kind.CATEGORICAL, ("p", "flag"): Kind.BOOLEAN, ("p", "half"): Kind.CATEGORICAL}
    profiles = by_feature(scan(log.url, kinds=kinds)[0])
    assert _top(profiles["code"]) == (("10115", 4),)
    assert _top(profiles["flag"]) == (("false", 2), ("true", 2))
    assert _top(profiles["half"]) == (("2.5", 4),)
    assert profiles["n"].distribution is not None
    assert profiles["n"].distribution.maximum == 3


def test_map_of_booleans(log: LogFile) -> None:
    log.write([Row({"flag": True}), Row({"flag": False}), Row({"flag": True})])
    log.reshape("* REPLACE (features::JSON::MAP(VARCHAR, BOOLEAN) AS features)")
    profile = by_feature(scan(log.url)[0])["flag"]
    assert _top(profile) == (("true", 2), ("false", 1))


def _top(profile: Profile) -> tuple[tuple[str, int], ...]:
    assert profile.categories is not None
    return profile.categories.top


def test_odd_values_are_counted_apart_and_poison_nothing(log: LogFile) -> None:
    values = ["1", "2.5", " 3 ", "NaN", "inf", "-Infinity", None, "oops", "1e400", "true"]
    log.write([Row({"x": value}, result=value) for value in values])
    window = scan(log.url, kinds={("p", "x"): Kind.NUMERIC})[0]
    x = by_feature(window)["x"]
    assert (x.rows, x.values, x.nulls, x.infinities, x.unparsable) == (10, 4, 2, 3, 1)
    assert x.distribution is not None
    assert x.distribution.mean == pytest.approx((1 + 2.5 + 3 + 1) / 4)
    result = by_feature(window)[None]
    assert (result.values, result.nulls, result.infinities, result.unparsable) == (4, 2, 3, 1)


def test_numbers_that_are_no_numbers_in_a_numeric_map(log: LogFile) -> None:
    log.write([Row({"x": 1}), Row({"x": 2}), Row({"x": 3}), Row({"x": None}), Row({"x": 5}, defaults=["x"])])
    log.reshape(
        "* REPLACE (MAP(['x'], [CASE prediction_id WHEN 'd1' THEN 'nan'::DOUBLE WHEN 'd2' THEN 'inf'::DOUBLE "
        "WHEN 'd4' THEN NULL ELSE 3 END]) AS features)"
    )
    x = by_feature(scan(log.url)[0])["x"]
    assert (x.rows, x.values, x.nulls, x.infinities, x.defaults, x.unparsable) == (5, 1, 2, 1, 1, 0)


def test_values_whose_squares_overflow_do_not_stop_the_scan(log: LogFile) -> None:
    log.write([Row({"x": 1e200, "y": 1}), Row({"x": -1e200, "y": 2})])
    profiles = by_feature(scan(log.url)[0])
    assert profiles["x"].distribution is not None
    assert math.isnan(profiles["x"].distribution.squared_deviations)  # not to be had
    assert profiles["y"].distribution is not None
    assert profiles["y"].distribution.squared_deviations == 0.5


def test_a_mean_is_finite_where_the_sum_of_its_values_is_not(log: LogFile) -> None:
    greatest = 1.7976931348623157e308
    log.write([Row({"x": greatest if i < 2 else i, "y": -greatest}, result=greatest) for i in range(20)])
    profiles = by_feature(scan(log.url)[0])
    for feature, mean in (("x", greatest / 10), ("y", -greatest), (None, greatest)):
        shape = profiles[feature].distribution
        assert shape is not None
        assert shape.mean == pytest.approx(mean)
        assert all(map(math.isfinite, shape.grid))


def test_of_rows_that_share_a_key_always_the_same_counts(log: LogFile) -> None:
    rows = [Row({"a": i, "b": "x" * (i % 7)}, id="x", defaults=["b"] * (i % 3)) for i in range(2000)]
    log.write(rows)
    first = scan(log.url)
    assert first[0].duplicates == 1999
    log.execute("DROP TABLE predictions")
    log.write(reversed(rows))
    assert [shown(window) for window in scan(log.url)] == [shown(window) for window in first]


@pytest.mark.parametrize("moments", [1, 10])
def test_large_models_whose_rows_have_no_id_of_their_own(log: LogFile, moments: int) -> None:
    log.execute(
        f"""CREATE TABLE predictions AS SELECT TIMESTAMP '2026-03-04 10:00:01' + to_minutes(i % {moments}) AS sent_at,
        NULL AS prediction_id, 'p' AS predictor_name, 'm1' AS model_id, MAP(['a'], [i % 10]) AS features,
        i % 100 AS prediction_result FROM range(200000) t(i)"""
    )
    profiles = by_feature(scan(log.url)[0])
    for feature, values in (("a", 10), (None, 100)):
        shape = profiles[feature].distribution
        assert shape is not None
        ranks = [(math.ceil(value) / values, (math.floor(value) + 1) / values) for value in shape.grid]
        assert all(low - 0.03 <= q <= high + 0.03 for q, (low, high) in zip(GRID, ranks, strict=True))


def _literal(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def _text_log(log: LogFile, column: str, texts: Sequence[str | None]) -> list[ScanRow]:
    """What is scanned of a log with a row for each text in a column."""
    log.write([Row({"a": 1})] * len(texts))
    values = ", ".join(f"('d{i + 1}', {_literal(text)})" for i, text in enumerate(texts))
    log.execute(
        f"CREATE OR REPLACE TABLE predictions AS SELECT p.* REPLACE (text AS {column}) FROM predictions p "
        f"JOIN (VALUES {values}) t(id, text) ON id = prediction_id"
    )
    request = ScanRequest(Log(table="predictions"), START, START + HOUR, {})
    return list(scan_rows(run_scan(open_warehouse(log.url), request, 60)))


def test_defaults_are_read_from_any_list_as_text(log: LogFile) -> None:
    lists = ["['a']", "a", "a,b", '["a", "b"]', "[a, b]", "{a}", "a;b", "('a',)", " a | b "]
    rows = _text_log(log, "default_values_used", [*lists, "[]", "None", None, '{"a": 1}', '["a"'])
    counts = {
        (row.part, row.feature or row.category): row.present for row in rows if row.part in ("defaults", "unreadable")
    }
    assert counts == {("defaults", "a"): 9, ("defaults", "b"): 5, ("unreadable", "default_values_used"): 2}


def test_features_are_read_from_what_python_and_duckdb_write(log: LogFile) -> None:
    texts = [
        '{"a": 1, "b": true}',
        "{'a': 2, 'b': True}",
        "{'a': np.float64(3.0), 'b': None}",
        "{a=4, b=false}",
        '{"a": 5, "a": 5}',
        '{"a": 6, "a": 7, "b": false}',
        "null",
        None,
        "[1, 2]",
        '{"a": 4',
    ]
    rows = _text_log(log, "features", texts)
    a = next(row for row in rows if row.feature == "a")
    assert (a.present, a.numbers, a.minimum, a.maximum) == (6, 5, 1, 5)
    assert {row.category: row.present for row in rows if row.feature == "b"} == {"true": 2, "false": 2}
    assert [(row.category, row.present) for row in rows if row.part == "unreadable"] == [("features", 2)]


@pytest.mark.parametrize(
    ("column", "text"), [("features", "oops"), ("default_values_used", '{"a": 1}'), ("sent_at", "soon")]
)
def test_a_log_of_which_no_row_can_be_read_is_an_error(log: LogFile, column: str, text: str) -> None:
    with pytest.raises(WarehouseError, match=f"column {column} can't be read in any of"):
        _text_log(log, column, [text] * 3)


def test_rows_without_a_time_that_counts_are_counted(log: LogFile) -> None:
    texts = ["2026-03-04 10:00:00", "03-01-26 09:05:00", "26/03/01 09:15:00", "infinity", "2026-03-04 10:20 x", None]
    assert [row.present for row in _text_log(log, "sent_at", texts) if row.part == "undated"] == [5]


def test_results_that_are_text_are_categories(log: LogFile) -> None:
    rows = _text_log(log, "prediction_result", ["cat", "dog", "cat", "1.5", "true"])
    assert {row.category: row.present for row in rows if row.part == "series" and row.feature is None} == {
        "cat": 2,
        "dog": 1,
    }
    assert next(row.numbers for row in rows if row.part == "model") == 2


def test_texts_that_look_like_something_else(log: LogFile) -> None:
    log.write([Row({"city": city, "day": "2026-03-04", "tags": [1, 2]}) for city in ("Nan", "Pai", "NaN", "")])
    profiles = by_feature(scan(log.url)[0])
    assert _top(profiles["city"]) == (("Nan", 1), ("Pai", 1))
    assert profiles["city"].nulls == 2
    for feature in ("day", "tags"):
        assert (profiles[feature].unparsable, profiles[feature].categories) in {(4, None), (0, None)}


def test_a_whole_number_is_one_id_and_one_category(log: LogFile) -> None:
    log.write([Row({"code": text}) for text in ("7", "7.0", "7.5")])
    log.reshape("* REPLACE (3.0::DOUBLE AS model_id)")
    profiles = by_feature(scan(log.url, kinds={("p", "code"): Kind.CATEGORICAL})[0], model="3")
    assert _top(profiles["code"]) == (("7", 2), ("7.5", 1))


@pytest.mark.parametrize("shape", ["MAP(['id', 'n'], [{0}, 1])", "{{'id': {0}, 'n': 1}}", '\'{{"id": {0}, "n": 1}}\''])
def test_whole_numbers_of_many_digits_keep_their_text(log: LogFile, shape: str) -> None:
    ids = (9007199254740993, 9007199254740992)
    log.write([Row({}) for _ in ids])
    first, second = (shape.format(f"{number}" if shape.startswith("'") else f"{number}::BIGINT") for number in ids)
    log.reshape(f"* REPLACE (CASE prediction_id WHEN 'd1' THEN {first} ELSE {second} END AS features)")
    profiles = by_feature(scan(log.url, kinds={("p", "id"): Kind.CATEGORICAL})[0])
    assert _top(profiles["id"]) == (("9007199254740992", 1), ("9007199254740993", 1))
    assert profiles["n"].values == 2


def test_deviation_of_epoch_seconds_survives_cancellation(log: LogFile) -> None:
    log.execute(
        "CREATE TABLE predictions AS SELECT TIMESTAMP '2026-03-04 10:00:01' AS sent_at, i::VARCHAR AS prediction_id, "
        "'p' AS predictor_name, 'm1' AS model_id, MAP(['t'], [1.7e9 + (i % 7) * 1e-3]) AS features, 1.0 AS "
        "prediction_result FROM range(200000) t(i)"
    )
    shape = by_feature(scan(log.url)[0])["t"].distribution
    assert shape is not None
    expected = pd.Series([1.7e9 + (i % 7) * 1e-3 for i in range(200_000)])
    assert shape.mean == pytest.approx(expected.mean(), rel=1e-11)  # threads add up in any order
    centred = expected - 1.7e9
    assert math.sqrt(shape.squared_deviations / 200_000) == pytest.approx(centred.std(ddof=0), rel=1e-4)


def test_feature_names_are_data(log: LogFile) -> None:
    names = ["it's", 'say "hi"', "two\nlines", "${x} %{y}", "배달 시간", "x" * 300, "a; DROP TABLE predictions", ""]
    log.write([Row(dict.fromkeys(names, i)) for i in range(3)])
    log.reshape("* REPLACE (features::JSON::MAP(VARCHAR, INTEGER) AS features)")
    profiles = by_feature(scan(log.url)[0])
    assert set(profiles) == {None, *names}
    assert all(profile.values == 3 for profile in profiles.values())


def test_table_and_column_names_are_quoted(log: LogFile) -> None:
    log.write([Row({"a": 1})])
    log.execute(
        'CREATE SCHEMA "my schema"',
        """CREATE TABLE "my schema"."log's" AS SELECT sent_at AS "when; --", prediction_id AS "id""x", predictor_name AS
        "select", model_id AS "model id", features AS "특징", prediction_result AS "result" FROM predictions""",
    )
    columns = Columns(
        sent_at="when; --",
        prediction_id='id"x',
        predictor_name="select",
        model_id="model id",
        features="특징",
        prediction_result="result",
    )
    assert scan(log.url, table="my schema.log's", columns=columns)[0].rows == 1


def test_files_are_offered_under_a_qualified_table_name(log: LogFile, tmp_path: Path) -> None:
    log.write([Row({"a": 1})])
    log.execute(f"COPY predictions TO '{tmp_path}/it''s.parquet'")
    assert scan(f"duckdb:{tmp_path}/it's.parquet", table="prod.predictions")[0].rows == 1


def test_repeated_ids_all_count_but_exact_copies_count_once(log: LogFile) -> None:
    later = START + timedelta(minutes=9)
    log.write(
        [
            Row({"a": 1}, id="x"),
            Row({"a": 1}, id="x"),
            Row({"a": 1}, id="x"),
            Row({"a": 2}, id="x", at=later),
            Row({"a": 3}, id="x", model="m2"),
            Row({"a": 4}, id="y", defaults=["a"]),
            Row({"a": 4}, id="y", defaults=["a"]),
        ]
    )
    window = scan(log.url)[0]
    assert (window.rows, window.duplicates) == (4, 3)
    a = by_feature(window)["a"]
    assert (a.rows, a.values, a.defaults) == (3, 2, 1)


def test_rows_without_an_id_are_never_copies(log: LogFile) -> None:
    log.write([Row({"a": 1}), Row({"a": 1})])
    log.reshape("* REPLACE (NULL::VARCHAR AS prediction_id)")
    window = scan(log.url)[0]
    assert (window.rows, window.duplicates) == (2, 0)


def test_defaults_of_features_that_the_row_leaves_out(log: LogFile) -> None:
    log.write([Row({"a": 1}, defaults=["b", "b"]), Row({"a": 1, "b": 2})])
    b = by_feature(scan(log.url)[0])["b"]
    assert (b.rows, b.values, b.nulls, b.defaults) == (2, 1, 1, 1)


def test_a_log_without_defaults(log: LogFile) -> None:
    log.write([Row({"a": 1}, defaults=["a"])])
    log.reshape("* EXCLUDE default_values_used")
    a = by_feature(scan(log.url)[0])["a"]
    assert (a.values, a.defaults) == (1, 0)


def test_kind_is_the_majority_of_the_first_window_with_values(log: LogFile) -> None:
    second = START + HOUR + timedelta(minutes=1)
    log.write(
        [
            *[Row({"mostly_number": value}) for value in ("1", "2", "3", "n/a")],
            *[Row({"mostly_text": value}) for value in ("a", "b", "7")],
            *[Row({"mostly_truth": value}) for value in ("true", "FALSE", "true", "1", "x")],
            *[Row({"mostly_number": value}, at=second) for value in ("x", "y", "4")],
        ]
    )
    first, then = (by_feature(window) for window in scan(log.url, hours=2))
    assert (first["mostly_number"].values, first["mostly_number"].unparsable) == (3, 1)
    assert _top(first["mostly_text"]) == (("7", 1), ("a", 1), ("b", 1))
    assert _top(first["mostly_truth"]) == (("true", 3), ("false", 1))
    assert first["mostly_truth"].unparsable == 1
    assert (then["mostly_number"].values, then["mostly_number"].unparsable) == (1, 2)


def test_many_categories_keep_the_top_and_count_the_rest(log: LogFile) -> None:
    values = [f"c{i:03d}" for i in range(TOP_CATEGORIES + 30) for _ in range(1 + (i < 20))]
    log.write([Row({"id": value}) for value in values])
    categories = by_feature(scan(log.url)[0])["id"].categories
    assert categories is not None
    assert categories.top[:20] == tuple((f"c{i:03d}", 2) for i in range(20))
    assert len(categories.top) == TOP_CATEGORIES
    assert (categories.other, categories.distinct) == (30, TOP_CATEGORIES + 30)


def test_a_megabyte_of_a_name_is_cut_and_still_told_from_another(log: LogFile) -> None:
    long, other = "x" * 1_000_000, "x" * 999_999 + "y"
    log.write([Row({long: 1, other: "z" * 2000}, model=long, predictor=long, defaults=[long]), Row({"a" * 1000: 1})])
    (window,) = scan(log.url)
    assert "a" * 1000 in by_feature(window)
    features = {p.series.feature: p for p in window.profiles}
    cut, cut_other = (name for name in features if name and name.startswith("xxx"))
    assert cut != cut_other
    assert {features[cut].defaults, features[cut_other].defaults} == {0, 1}
    names = {name for p in window.profiles for name in (p.series.predictor, p.series.model_id, p.series.feature)}
    assert max(len(name) for name in names if name) == 1000
    assert [[len(name) for name, _ in p.categories.top] for p in window.profiles if p.categories] == [[1000]]


def test_rows_of_nobody_keep_an_empty_name(log: LogFile) -> None:
    log.write([Row({"a": 1})])
    log.reshape("* REPLACE (NULL::VARCHAR AS model_id)")
    assert by_feature(scan(log.url)[0], model="")[None].rows == 1
