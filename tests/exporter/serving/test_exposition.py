"""The text formats: every value arrives as it was, in Prometheus' own parsers."""

from __future__ import annotations

import gzip
import io
import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from metrics_exporter import definitions as contract
from metrics_exporter.definitions import DefinitionsError, Statistic, Subject
from metrics_exporter.profiles.profile import Categories, Profile
from metrics_exporter.profiles.table import Drift
from metrics_exporter.profiles.text import Text
from metrics_exporter.serving.exposition import Encoder, encode, families, render
from metrics_exporter.serving.snapshot import Snapshots
from metrics_exporter.serving.view import groups
from metrics_exporter.windows import DAILY
from tests.exporter.serving.builders import (
    MAX_AGE,
    NOW,
    alert,
    definitions,
    predictor,
    profile,
    readings,
    report,
    shape,
    window,
)
from tests.real_parts import PrometheusBinaries

Parse = Callable[[str], Iterable[Metric]]

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)


def _metric(name: str = "m", help_: str = "Help.", **changes: object) -> contract.Metric:
    whole = {
        "name": name,
        "type": "gauge",
        "help": help_,
        "labels": ("predictor", "model_id", "feature", "window"),
        "subject": Subject.FEATURE,
        "statistic": Statistic.MEAN,
    }
    return contract.Metric.model_validate({**whole, **changes})


def _text(metrics: Iterable[contract.Metric], *profiles: Profile) -> str:
    shown = groups(definitions(), [report(window(profiles))], NOW, MAX_AGE)
    out = io.BytesIO()
    render(families(metrics), shown, out)
    return out.getvalue().decode()


def _samples(text: str, parse: Parse) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in parse(text) for s in family.samples}


@pytest.mark.parametrize(("parse", "end"), [(parse_text, ""), (parse_openmetrics, "# EOF\n")])
@given(names=st.tuples(NAMES, NAMES, NAMES), value=NUMBERS)
@settings(max_examples=150, deadline=None)
def test_any_name_and_number_comes_back_as_it_was(
    parse: Parse, end: str, names: tuple[str, str, str], value: float
) -> None:
    text = _text([_metric()], profile(*names, distribution=shape(value, 0)))
    labels = {**dict(zip(("predictor", "model_id", "feature"), names, strict=True)), "window": "1h"}
    assert _samples(text + end, parse) == {("m", tuple(sorted(labels.items()))): value}


@given(help_=st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\0')).map(str.strip))
@settings(max_examples=100, deadline=None)
def test_help_comes_back_as_it_was(help_: str) -> None:
    (family,) = parse_openmetrics(_text([_metric(help_=help_)], profile(feature="f")) + "# EOF\n")
    assert family.documentation == help_


def test_a_double_quote_in_help_becomes_a_single_one_as_the_formats_disagree() -> None:
    assert "# HELP m The 'best' one." in _text([_metric(help_='The "best" one.')], profile(feature="f"))


@pytest.mark.parametrize("value", [1e308, 5e-324, -0.0, 0.1 + 0.2, 1e22])
def test_extreme_numbers(value: float) -> None:
    samples = _samples(_text([_metric()], profile(feature="f", distribution=shape(value, 0))), parse_text)
    (found,) = samples.values()
    assert found == value


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_no_finite_number_is_no_series(value: float) -> None:
    assert _text([_metric()], profile(feature="f", distribution=replace(shape(), mean=value))) == ""


def test_a_nul_which_would_end_a_scrape_is_replaced() -> None:
    assert 'feature="a\ufffdb"' in _text([_metric()], profile(feature="a\0b"))


def test_readings_have_a_feature_or_none_and_say_when_they_can_not_be_judged() -> None:
    of_feature, of_model = alert("defaults"), alert("volume").model_copy(update={"feature": None})
    found = [
        readings(of_feature, {("eta_v1", "distance"): 0.5, ("eta_v2", "distance"): math.nan}),
        readings(of_model, {("eta_v1", None): 12.0, ("eta_v2", None): math.inf}),
    ]
    metric = _metric(
        "ml_alert_reading",
        labels=("predictor", "model_id", "feature", "alert", "bound"),
        subject=Subject.ALERT,
        statistic=Statistic.READING,
    )
    shown = groups(definitions(predictor(alerts=(of_feature, of_model))), [report(found=found)], NOW, MAX_AGE)
    out = io.BytesIO()
    counts = render(families([metric]), shown, out)
    assert counts == {"eta": 3}
    assert out.getvalue().decode().splitlines()[2:] == [
        'ml_alert_reading{predictor="eta",model_id="eta_v1",feature="distance",alert="defaults",bound="above"} 0.5',
        'ml_alert_reading{predictor="eta",model_id="eta_v2",feature="distance",alert="defaults",bound="above"} NaN',
        'ml_alert_reading{predictor="eta",model_id="eta_v1",alert="volume",bound="above"} 12',
    ]


def test_families_without_series_are_left_out() -> None:
    categorical = profile(feature="city", categories=Categories((("ams", 90),), 0, 1))
    assert _text([_metric()], categorical) == ""


def test_batches_are_joined_below_one_header(monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = [profile(name, "m", feature) for name in ("a", "b") for feature in ("x", "y")]
    whole = _text([_metric()], *profiles)
    monkeypatch.setattr("metrics_exporter.serving.exposition._BATCH", 1)
    assert _text([_metric()], *profiles) == whole
    assert whole.count("# TYPE") == 1


def test_families_and_series_are_sorted() -> None:
    text = _text([_metric("b"), _metric("a")], profile(feature="y"), profile(feature="x"), profile("a", "m", "z"))
    lines = [line.partition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert lines == [
        f'{name}{{predictor="{p}",model_id="{m}",feature="{f}",window="1h"}}'
        for name in "ab"
        for p, m, f in (("a", "m", "z"), ("eta", "eta_v1", "x"), ("eta", "eta_v1", "y"))
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subject": Subject.MODEL}, "catalogue.yaml: m: a model has no statistic mean"),
        ({"labels": ("predictor", "colour")}, r"catalogue.yaml: m: labels \['colour'\] don't fit mean of a feature"),
        ({"statistic": Statistic.QUANTILE}, r"labels \['quantile'\] don't fit"),
    ],
)
def test_a_catalogue_that_can_not_be_extracted_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DefinitionsError, match=message):
        families([_metric(**changes)])


def test_the_whole_catalogue_passes_promtool(prometheus_binaries: PrometheusBinaries) -> None:
    hostile = profile(feature='a"b\\c\nd\re\tf 한국어 {}=#', distribution=shape(1e300, 1.0))
    city = profile(feature="city", categories=Categories((("ams", 90),), 0, 1, 45))
    day = window([profile(), hostile, city], length=DAILY)
    numbers = np.array([0.3, 0.2, np.nan])
    drift = Drift(numbers, numbers, np.ones(3), np.zeros(3), Text.of(["trailing", "trailing", None]))
    reports = [report(window([profile(), hostile, city]), replace(day, profiles=replace(day.profiles, drift=drift)))]
    defined = definitions(predictor(mae=3.0), predictor('a"b\\c\nd {}=#'))
    snapshot = Snapshots().make(defined, reports, groups(defined, reports, NOW, MAX_AGE), NOW)
    text = snapshot.current.text.text()
    assert {metric.name for metric in defined.catalogue.metrics} - set(_names(text)) == {
        "ml_alert_reading",
        "ml_evaluation",
        "ml_evaluation_labelled_ratio",
        "ml_evaluation_rows",
        "ml_evaluation_window_end_timestamp_seconds",
        "ml_model_silence_seconds",
    }
    prometheus_binaries.check("check", "metrics", stdin=text)
    assert 'ml_model_drifted_features{predictor="eta",model_id="eta_v1",window="1d"} 0\n' in text
    assert 'ml_prediction_psi{predictor="eta",model_id="eta_v1",window="1d",reference="trailing"} 0.3\n' in text
    assert text.count("ml_feature_psi{") == 1


def _names(text: str) -> list[str]:
    return [line.split()[2] for line in text.splitlines() if line.startswith("# HELP")]


def test_both_formats_hold_the_same_samples() -> None:
    negative = profile(feature="degrees", distribution=shape(-300.0, 40.0))
    defined, reports = definitions(predictor(mae=3.0)), [report(window([profile(), negative]))]
    snapshot = Snapshots().make(defined, reports, groups(defined, reports, NOW, MAX_AGE), NOW)
    text, openmetrics = snapshot.current.text.text(), snapshot.current.openmetrics.text()
    assert openmetrics.endswith("# EOF\n")
    assert snapshot.current.text.head is snapshot.current.openmetrics.head
    samples = _samples(openmetrics, parse_openmetrics)  # a strict parser: a summary with a quantile below 0 is refused
    assert _samples(text, parse_text) == samples
    assert any(name == "ml_feature_quantile" and value < 0 for (name, _), value in samples.items())


@given(st.lists(st.binary(), max_size=5), st.binary(), st.binary())
@settings(max_examples=50, deadline=None)
def test_an_encoder_finishes_with_one_tail_and_with_another(parts: list[bytes], one: bytes, other: bytes) -> None:
    encoder = Encoder()
    for part in parts:
        encoder.write(part)
    for tail in (one, other):
        encoded = encoder.finish(tail)
        whole = b"".join(parts) + tail
        assert gzip.decompress(encoded.head + encoded.tail) == whole == b"".join(encoded.chunks())
        assert encoded.size == len(whole)


def test_large_bodies_are_inflated_piece_by_piece() -> None:
    data = bytes(range(256)) * 10_000
    pieces = list(encode(data).chunks())
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= 1 << 18
