"""A partition column whose values are no part of a date."""

from __future__ import annotations

import re

from generator.findings import Rule, Severity, quote
from generator.findings.refusal import refuse

RULE = Rule("bad-partition", Severity.ERROR, "A partition that is no part of a date")

PATTERN = r"^[A-Za-z0-9 _.:/=-]*(?:%[YmdHjy][A-Za-z0-9 _.:/=-]*)+$"

_FORMAT = re.compile(PATTERN)


def accept(form: str) -> str:
    """The format itself.

    Raises:
        PydanticCustomError: it has no date in it, or something that no date has.
    """
    if not _FORMAT.fullmatch(form):
        raise refuse(
            RULE,
            f"{quote(form)} does not say how a date is written",
            "write it with %Y, %m, %d and %H, such as '%Y-%m-%d' for 2026-03-05, or %j for the day of the year",
        )
    return form


def accept_all(partition: dict[str, str]) -> dict[str, str]:
    """The partition itself.

    Raises:
        PydanticCustomError: its columns name no day, so that they leave nothing out.
    """
    written = "".join(partition.values())
    if partition and not ("%Y" in written or "%y" in written):
        raise refuse(
            RULE,
            f"the partition ({', '.join(partition)}) has no year, so rows of every year would be read",
            "name the column that holds the date, too, such as `ds: '%Y-%m-%d'`",
        )
    return partition
