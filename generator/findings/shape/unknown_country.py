"""A country whose holidays nobody knows."""

from __future__ import annotations

from generator.findings import Rule, Severity, did_you_mean, quote
from generator.findings.refusal import refuse

RULE = Rule("unknown-country", Severity.ERROR, "A country or region whose holidays are not known")

PATTERN = "^[A-Z]{2,3}(-[A-Za-z0-9]+)?$"


def accept(place: str) -> str:
    """The country, or the country and its region, such as US and US-NY.

    Raises:
        PydanticCustomError: the package `holidays` doesn't know it.
    """
    import holidays  # noqa: PLC0415 - few registries name one, and it takes its time to load

    known = holidays.list_supported_countries()
    country, _, region = place.partition("-")
    if country not in known:
        problem, advice = (
            f"no holidays are known of {quote(place)}",
            did_you_mean(place.upper(), known, "write the country's two letters, such as US or DE"),
        )
        raise refuse(RULE, problem, advice)
    if region and region not in known[country]:
        advice = did_you_mean(region, known[country], "write the country alone")
        raise refuse(RULE, f"{quote(country)} has no region {quote(region)}", advice)
    return place
