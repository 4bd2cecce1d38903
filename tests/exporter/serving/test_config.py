"""Settings: three sources, one order, and errors that name the place."""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_exporter import config
from metrics_exporter.compute import vocabulary
from metrics_exporter.compute.memory import KNOWN_FOR
from metrics_exporter.config import SettingsError
from metrics_exporter.serving.page import trails
from metrics_exporter.statistics.readings import BASELINE_WEEKS
from metrics_exporter.windows import DAILY, HOURLY, Window

OPTIONS = {"warehouse": "duckdb:a.duckdb"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "exporter.yaml"


def test_an_option_goes_before_a_variable_and_that_before_the_file(file: Path) -> None:
    file.write_text("warehouse: duckdb:file\nhistory: file\nmax_age: 1h\nlisten: 127.0.0.1:1\n")
    environment = {"DRIFTGAUGE_HISTORY": "variable", "DRIFTGAUGE_MAX_AGE": "2h", "DRIFTGAUGE_UNKNOWN": "x"}
    settings = config.read({"max_age": "3h"}, environment, file)
    assert (settings.warehouse, settings.history, settings.max_age) == ("duckdb:file", "variable", timedelta(hours=3))
    assert settings.listen == ("127.0.0.1", 1)


def test_it_binds_loopback_unless_told() -> None:
    assert config.read(OPTIONS, {}, None).listen == ("127.0.0.1", 9877)


@pytest.mark.parametrize(
    ("text", "address"),
    [("0.0.0.0:80", ("0.0.0.0", 80)), ("[::1]:80", ("::1", 80)), (":80", ("0.0.0.0", 80)), ("host:0", ("host", 0))],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert config.read({**OPTIONS, "listen": text}, {}, None).listen == address


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("max_aeg: 3h", "exporter.yaml: unknown key 'max_aeg'; did you mean max_age?"),
        ("zzz: 1", "exporter.yaml: unknown key 'zzz'; known keys: history, definitions"),
        ("max_age: soon", "exporter.yaml: max_age: is no duration; write a number and s, m, h or d"),
        ("query_memory: plenty", "exporter.yaml: query_memory: is no size; write a number and MB or GB"),
        ("query_threads: 0", "exporter.yaml: query_threads: input should be greater than or equal to 1"),
        ("grafana_url: javascript:alert(1)", "exporter.yaml: grafana_url: is no address of a page; write one such as"),
        ("series_limit: 0", "exporter.yaml: series_limit: input should be greater than or equal to 1"),
        (
            "auth_password: hunter2",
            "exporter.yaml: auth_password: a password has no place here; use auth_password_file",
        ),
        ("warehouse_password: hunter2", "has no place here; use warehouse_password_file or DRIFTGAUGE_WAREHOUSE_PASS"),
        ("- a", "exporter.yaml: is no mapping of settings"),
        ("a: [", "exporter.yaml: can't be read"),
        (
            "warehouse: predictions",
            "exporter.yaml: warehouse: names no kind of warehouse; write one such as duckdb:PATH",
        ),
    ],
)
def test_a_mistake_in_the_file_names_file_and_key(file: Path, content: str, message: str) -> None:
    file.write_text(content)
    with pytest.raises(SettingsError) as raised:
        config.read({} if "warehouse" in content else OPTIONS, {}, file)
    assert message in str(raised.value)
    assert not raised.value.usage
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("warehouse: postgresql://user:hunter2@host/db: x", "line 1, column "),
        ("history: s3://key:hunter2@bucket\n\tlisten: x", "line 2, column "),
        ("history: *hunter2", "line 1, column 10: found undefined alias"),
        ("history: !hunter2 x", "line 1, column 10: could not determine a constructor for the tag …"),
        ("history: !hunter!2 x", "line 1, column 10: found undefined tag handle"),
        ("history: !!int hunter2", "invalid literal for int() with base 10: …"),
        ("history: !!bool hunter2", "a value is not what its tag says"),
        ("history: !!timestamp hunter2", "a value is not what its tag says"),
        ("history: 'hunter2", "line 1, column "),
        ("history: hunter2\0", "unacceptable character #x0000"),
        ("hunter2: x", "a key is no name of a setting; known keys"),
        ("postgresql://user:hunter2@host: x", "a key is no name of a setting; known keys"),
        ("auth_password hunter2: x", "a key is no name of a setting; did you mean auth_password_file?"),
        ("warehouse: [hunter2]", "warehouse: names no kind of warehouse"),
        ("listen: hunter2", "listen: is no address"),
        ("max_age: hunter2", "max_age: is no duration"),
        ("recompute: hunter2", "recompute: input should be a valid integer"),
        ("log_level: hunter2", "log_level: input should be 'debug', 'info', 'warning' or 'error'"),
        ("history: [hunter2]", "history: input should be a valid string"),
        ("hunter2", "is no mapping of settings"),
    ],
)
def test_a_mistake_in_the_file_shows_nothing_that_it_holds(file: Path, content: str, problem: str) -> None:
    file.write_text(content)
    with pytest.raises(SettingsError) as raised:
        config.read({} if "warehouse" in content else OPTIONS, {}, file)
    assert str(raised.value).startswith(f"{file}: ")
    assert problem in str(raised.value)
    assert "hunter" not in str(raised.value)


@given(
    st.text(max_size=40), st.sampled_from(["a: [", "a: !", "a: *", "a: &", "a: %", "a: '", 'a: "', "a:\n\t", "a: b: "])
)
def test_no_text_around_a_secret_makes_it_show(before: str, start: str) -> None:
    text = f"{before}\n{start}hunter2{before}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "exporter.yaml"
        file.write_text(text, encoding="utf-8")
        try:
            config.read(OPTIONS, {}, file)
        except SettingsError as error:
            assert "hunter" not in str(error)


def test_the_password_in_place_of_its_file_does_not_show() -> None:
    options = {**OPTIONS, "auth_username": "prometheus", "auth_password_file": "hunter2"}
    with pytest.raises(SettingsError, match="auth_password_file: the password can't be read") as raised:
        config.read(options, {}, None).credentials()
    assert "hunter2" not in str(raised.value)


def test_a_fifo_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(SettingsError, match=r"fifo: can't be read \(not a regular file\)"):
        config.read(OPTIONS, {}, fifo)
    options = {**OPTIONS, "auth_username": "prometheus", "auth_password_file": str(fifo)}
    with pytest.raises(SettingsError, match="not a regular file"):
        config.read(options, {}, None).credentials()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DRIFTGAUGE_LISTN", "DRIFTGAUGE_LISTEN"),
        ("DRIFTGAUGE_WAREHOSE", "DRIFTGAUGE_WAREHOUSE"),
        ("DRIFTGAUGE_MAXAGE", "DRIFTGAUGE_MAX_AGE"),
        ("DRIFTGAUGE_AUTH_PASSWORT", "DRIFTGAUGE_AUTH_PASSWORD"),
        ("DRIFTGAUGE_CONFG", "DRIFTGAUGE_CONFIG"),
    ],
)
def test_a_misspelt_variable_is_an_error(name: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: unknown variable; did you mean {meant}\\?") as raised:
        config.read(OPTIONS, {name: "hunter2"}, None)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "name",
    [
        "DRIFTGAUGE_CONFIG",
        "DRIFTGAUGE_LOGISTICS_SLACK_URL",  # what the Alertmanager example takes
        "DRIFTGAUGE_DASHBOARDS",
        "DRIFTGAUGE_PORT",  # what Kubernetes sets for services of these names
        "DRIFTGAUGE_SERVICE_HOST",
        "DRIFTGAUGE_PORT_9877_TCP_ADDR",
        "DRIFTGAUGE_DEFINITIONS_PORT",
        "DRIFTGAUGE_HISTORY_SERVICE_PORT",
        "_DRIFTGAUGE_COMPLETE",
    ],
)
def test_somebody_else_s_variable_is_none_of_ours(name: str) -> None:
    assert config.read(OPTIONS, {name: "x"}, None).listen == ("127.0.0.1", 9877)


def test_all_that_no_message_may_show_is_known() -> None:
    options = {"warehouse": "duckdb:postgres://u:hun%2Fter2@host/db?token=abcdef", "history": "s3://key:word@bucket"}
    environment = {"DRIFTGAUGE_AUTH_PASSWORD": "hunter3", "DRIFTGAUGE_WAREHOUSE_PASSWORD": "hunter4"}
    hidden = config.read(options, environment, None).secrets()
    assert {"hun/ter2", "hun%2Fter2", "abcdef", "word", "hunter3", "hunter4"} <= {*hidden}


@pytest.mark.parametrize("text", ["9877", "host", "1.2.3.4:99999", "::1:80", "a b:"])
def test_a_mistake_in_an_option_is_wrong_usage(text: str) -> None:
    with pytest.raises(SettingsError, match="--listen: is no address") as raised:
        config.read({**OPTIONS, "listen": text}, {}, None)
    assert raised.value.usage


def test_a_mistake_in_a_variable_names_it() -> None:
    with pytest.raises(SettingsError, match="DRIFTGAUGE_RECOMPUTE: input should be a valid integer") as raised:
        config.read(OPTIONS, {"DRIFTGAUGE_RECOMPUTE": "x"}, None)
    assert not raised.value.usage


def test_a_missing_setting_says_all_ways_to_give_it() -> None:
    with pytest.raises(
        SettingsError, match="warehouse is not set; give --warehouse, DRIFTGAUGE_WAREHOUSE or"
    ) as raised:
        config.read({}, {}, None)
    assert raised.value.usage


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: can't be read"):
        config.read(OPTIONS, {}, tmp_path / "nowhere.yaml")


def test_no_credentials_unless_asked_for() -> None:
    assert config.read(OPTIONS, {}, None).credentials() is None


def test_credentials_from_the_environment_do_not_show() -> None:
    environment = {"DRIFTGAUGE_AUTH_USERNAME": "prometheus", "DRIFTGAUGE_AUTH_PASSWORD": "hunter2"}
    settings = config.read(OPTIONS, environment, None)
    assert settings.credentials() == ("prometheus", "hunter2")
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings)


def test_credentials_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    options = {**OPTIONS, "auth_username": "prometheus", "auth_password_file": str(secret)}
    assert config.read(options, {}, None).credentials() == ("prometheus", "hunter2")


def test_the_warehouse_s_password_is_read_anew_each_time(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    settings = config.read({**OPTIONS, "warehouse_password_file": str(secret)}, {}, None)
    assert settings.warehouse_login() == "hunter2"
    secret.write_text("hunter3\n")
    assert settings.warehouse_login() == "hunter3"
    from_environment = config.read(OPTIONS, {"DRIFTGAUGE_WAREHOUSE_PASSWORD": "hunter4"}, None)
    assert from_environment.warehouse_login() == "hunter4"
    assert "hunter" not in repr(from_environment)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"auth_username": "prometheus"}, "basic auth needs both a user name and a password"),
        (
            {"auth_password_file": "/nowhere/secret", "auth_username": "p"},
            "auth_password_file: the password can't be read \\(No such file",
        ),
    ],
)
def test_credentials_that_are_not_complete(options: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        config.read({**OPTIONS, **options}, {}, None).credentials()


def test_windows_are_kept_for_as_long_as_the_settings_say() -> None:
    settings = config.read({**OPTIONS, "keep_short": "40d", "keep_long": "3650d"}, {}, None)
    assert settings.retention.count(Window.parse("15m")) == 40 * 24 * 4
    assert settings.retention.count(HOURLY) == 40 * 24
    assert settings.retention.count(DAILY) == 3650
    assert settings.retention.count(Window.parse("7d")) == 522
    usual = config.read(OPTIONS, {}, None).retention
    assert (usual.count(HOURLY), usual.count(DAILY)) == (9600, 1100)


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"keep_short": "35d"}, "--keep-short: is shorter than 36d, what the exporter reads itself: alerts compare"),
        ({"keep_short": "100d", "lookback_days": "93"}, "--keep-short: is shorter than 101d"),
        ({"lookback_days": "400"}, "keep_short: is shorter than 408d"),
        ({"keep_short": "200d", "keep_long": "199d"}, "--keep-long: is shorter than keep_short, 200d"),
        ({"keep_short": "1101d"}, "keep_long: is shorter than keep_short, 1101d"),
        ({"keep_short": "4000d"}, "--keep-short: is longer than 3650d"),
    ],
)
def test_nothing_is_removed_that_the_exporter_reads(chosen: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        config.read({**OPTIONS, **chosen}, {}, None)
    assert str(refused.value).startswith(told)


def test_the_floor_is_what_is_read() -> None:
    read = timedelta(days=config.READ_DAYS)
    assert read == KNOWN_FOR == vocabulary.SPAN == BASELINE_WEEKS * timedelta(weeks=1)
    assert read > trails.SPAN
