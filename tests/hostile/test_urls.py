"""Addresses in messages: what is shown of them, and what of a driver's words."""

from __future__ import annotations

import pytest

from metrics_exporter.urls import scrubbed, shown


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
    ],
)
def test_what_is_shown(url: str, public: str) -> None:
    assert shown(url) == public
    assert scrubbed(f"could not open {url}", url) == f"could not open {public}"


def test_a_driver_that_takes_the_address_apart() -> None:
    url = "ftp://user:hunter2@host/x?token=secret"
    assert scrubbed("530 hunter2 of user:hunter2 with token=secret", url) == "530 … of … with …"
    assert scrubbed("no such file", "log.duckdb") == "no such file"
