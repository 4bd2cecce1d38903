"""A log's table is a name in the warehouse's catalogue, and nothing that makes it read something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from generator.findings.shape import bad_table

IN_QUOTES = st.text(
    st.characters(exclude_characters='"`/\\\\*?:;[]{}', exclude_categories=("C",)), min_size=1, max_size=20
)


@pytest.mark.parametrize(
    "table",
    [
        "predictions",
        "ml.predictions",
        "lake.ml.predictions",
        "my-project.ml.predictions_2",
        "`my-project.ml`.predictions",
        '"my schema"."a ""quoted"" one"',
        "ml.predictions$partitions",
        "größen.предсказания",
        "sqlite_master",
    ],
)
def test_a_name(table: str) -> None:
    assert bad_table.accept(table) == table


@pytest.mark.parametrize(
    "table",
    [
        "/some/file.csv",
        '"/some/file.csv"',
        "predictions.parquet",
        '"predictions.CSV"',
        "`log.json`",
        "'log'",
        "read_csv('log')",
        "read_csv(log)",
        "s3://bucket/log",
        "https://example.com/log",
        '"https://example.com/log"',
        "predictions*",
        '"predictions_??"',
        "predictions; DROP TABLE x",
        "predictions -- x",
        "(SELECT 1)",
        "a.b.c.d",
        "ml.",
        ".ml",
        "a..b",
        "1st",
        '"open',
        '""',
        "~/log",
        "C:\\log",
    ],
)
def test_no_name(table: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        bad_table.accept(table)
    assert refused.value.type == "bad-table"


@given(IN_QUOTES.filter(lambda text: "." not in text))
def test_anything_but_paths_and_patterns_may_stand_in_quotes(text: str) -> None:
    assert bad_table.accept(f'ml."{text}"')
