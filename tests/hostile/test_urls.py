"""Addresses in messages: what is shown of them, and what of a driver's words."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_exporter.urls import scrubbed, secrets, shown, without_secrets


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://user:hunter2@host:1/log.parquet?a=b", "https://host:1/log.parquet"),
        ("https://host/log.parquet?token=hunter2#part", "https://host/log.parquet"),
        ("s3://key@bucket/log/*.parquet", "s3://bucket/log/*.parquet"),
        ("md:db?motherduck_token=hunter2", "md:db"),
        ("log/part-?.parquet", "log/part-?.parquet"),
        ("/data/a@b#c.duckdb", "/data/a@b#c.duckdb"),
        ("C:/data/log?.duckdb", "C:/data/log?.duckdb"),
        ("postgresql://user:hun/ter2@host/db", "postgresql://host/db"),
        ("https://host:80/a@b", "https://host:80/a@b"),
    ],
)
def test_what_is_shown(url: str, public: str) -> None:
    assert shown(url) == public
    assert scrubbed(f"could not open {url}", url) == f"could not open {public}"


def test_a_driver_that_takes_the_address_apart() -> None:
    url = "ftp://user:hunter2@host/x?token=secret"
    assert scrubbed("530 hunter2 of user:hunter2 with token=secret", url) == "530 … of … with …"
    assert scrubbed("no such file", "log.duckdb") == "no such file"


def test_secrets_as_they_are_written_and_as_they_are_meant() -> None:
    url = "postgresql://user:hun%2Fter2@host/db?sslmode=on&password=a%20word"
    assert {"hun%2Fter2", "hun/ter2", "a%20word", "a word"} <= {*secrets(url)}
    assert "on" not in secrets(url)
    assert scrubbed('password "hun/ter2" is wrong, as "a word" is', url) == 'password "…" is wrong, as "…" is'


def test_a_name_is_no_secret_and_a_key_is() -> None:
    assert secrets("postgresql+psycopg://driftgauge@host/db") == secrets("trino://driftgauge@host:8080/c") == ()
    assert secrets("s3://driftgauge@bucket") == secrets("duckdb:https://driftgauge@host/x") == ("driftgauge",)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("postgresql://user:hunter2@h:1/db?sslmode=on&password=x: no", "postgresql://h:1/db no"),
        ("at 'https://h/a?token=hunter2#z', twice: s3://k:hunter2@b", "at 'https://h/a', twice: s3://b"),
        ("postgresql%3A%2F%2Fuser%3Ahunter2%40h%2Fdb", "postgresql%3A%2F%2Fh%2Fdb"),
        ("duckdb:postgres://u:p@ss@h/d", "duckdb:postgres://h/d"),
        ("postgresql://user:hun/ter2@h/db", "postgresql://h/db"),
        ("host=h password=hunter2 user=u", "host=h password=… user=u"),
        ("PGPASSWORD='hun ter2' psql", "PGPASSWORD=… psql"),
        ("md:db?motherduck_token=hunter2", "md:db?motherduck_token=…"),
        ("a@b.example: see log/part-?.parquet, 12:30, x=1", "a@b.example: see log/part-?.parquet, 12:30, x=1"),
        ("listening on https://[::1]:9877", "listening on https://[::1]:9877"),
    ],
)
def test_a_text_that_nobody_knows_the_urls_of(text: str, public: str) -> None:
    assert without_secrets(text) == public


PASSWORD = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="@/?#'\"<>"), min_size=1)


@given(PASSWORD, st.sampled_from(["postgresql", "s3", "https"]), st.sampled_from(["", "/db", "/a/b.parquet"]))
def test_no_password_shows(password: str, scheme: str, path: str) -> None:
    url = f"{scheme}://user:{password}@host{path}"
    told = f"can't open {url} or {quote(url, safe='')}"
    assert without_secrets(told) == f"can't open {shown(url)} or {quote(shown(url), safe='')}"


@given(st.text(max_size=200))
def test_any_text_is_taken(text: str) -> None:
    once = without_secrets(text)
    assert without_secrets(once) == once
