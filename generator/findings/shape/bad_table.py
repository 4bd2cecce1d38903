"""A log's table that is no name of one: a file, an address, a function call or a pattern."""

from __future__ import annotations

import re

from generator.findings import Rule, Severity, quote
from generator.findings.refusal import refuse

RULE = Rule("bad-table", Severity.ERROR, "A table that is no name of one, such as a file")

# A part is a word, or anything in the dialects' quotes that is no path, address or pattern.
_ODD = r"""\s"'`.,:;/\\*?()\[\]{}<>|&=+~!@#%^"""
_WORD = rf"[^{_ODD}0-9-][^{_ODD}]*"
_IN_QUOTES = r"""[^"`/\\*?:;\[\]{}]"""
_PART = rf'(?:{_WORD}|"(?:{_IN_QUOTES}|"")+"|`(?:{_IN_QUOTES}|``)+`)'
_MOST_PARTS = 3  # catalogue, schema and table

PATTERN = rf"^{_PART}(?:\.{_PART}){{0,{_MOST_PARTS - 1}}}$"

_TABLE = re.compile(PATTERN)
_FILE = re.compile(
    r"\.(?:csv|tsv|txt|json|jsonl|ndjson|parquet|arrow|avro|orc|xlsx|db|duckdb|sqlite|gz|zst)[\"`]?$", re.I
)


def accept(table: str) -> str:
    """The table itself.

    Raises:
        PydanticCustomError: it is no name, or one of more than three parts, or the name of a file.
    """
    if _FILE.search(table):
        raise refuse(
            RULE,
            f"{quote(table)} is a file, and no table",
            "write the table's name; where the log lies, also in files, is told to the exporter: --warehouse",
        )
    if not _TABLE.fullmatch(table):
        raise refuse(
            RULE,
            f"{quote(table)} is no name of a table",
            'write it as `table`, `schema.table` or `catalogue.schema.table`, with odd parts in quotes: ml."my table"',
        )
    return table
