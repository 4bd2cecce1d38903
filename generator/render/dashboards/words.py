"""Names and words on their way into Grafana: titles, Markdown, addresses and units."""

from __future__ import annotations

import re
from urllib.parse import quote

_WORD_JOINER = "\u2060"  # invisible; breaks `$name` and `[[name]]`, which Grafana would replace
_TITLE_LENGTH = 180  # the column has room for 189
_VARIABLE_START = re.compile(r"\$(?=[\w{])|\[(?=\[)")
_MARKDOWN = re.compile(r"[\\`*_\[\]<>~&]")  # what has a meaning in the middle of a line

# Spans of time stay in the unit of the registry, in which people know them and write thresholds: Grafana's own would
# make hours of many minutes, and axes of odd steps.
UNITS = {
    "bytes": "bytes",
    "celsius": "celsius",
    "count": "short",
    "days": "suffix:d",
    "degrees": "degree",
    "dollars": "currencyUSD",
    "eur": "currencyEUR",
    "euros": "currencyEUR",
    "fahrenheit": "fahrenheit",
    "feet": "lengthft",
    "gbp": "currencyGBP",
    "grams": "massg",
    "hours": "suffix:h",
    "hpa": "pressurehpa",
    "kilograms": "masskg",
    "kilometers": "lengthkm",
    "kilometres": "lengthkm",
    "km/h": "velocitykmh",
    "knots": "velocityknot",
    "m/s": "velocityms",
    "mbar": "pressurembar",
    "meters": "lengthm",
    "metres": "lengthm",
    "miles": "lengthmi",
    "milliseconds": "suffix:ms",
    "minutes": "suffix:min",
    "mph": "velocitymph",
    "percent": "percent",
    "probability": "percentunit",
    "ratio": "percentunit",
    "seconds": "suffix:s",
    "share": "percentunit",
    "usd": "currencyUSD",
    "year": "none",
}


def unit_id(unit: str | None) -> str:
    """Grafana's id of a unit of the registry; an unknown one stands behind the number as it is."""
    if unit is None:
        return "short"
    return UNITS.get(unit.lower(), f"suffix:{plain(unit)}")


def plain(words: str) -> str:
    """One line of text in which Grafana finds no variable."""
    return _VARIABLE_START.sub(lambda match: match[0] + _WORD_JOINER, " ".join(words.split()))


def title(words: str) -> str:
    """One line of text in which Grafana finds no variable, short enough for its database."""
    line = plain(words)
    return line if len(line) <= _TITLE_LENGTH else f"{line[: _TITLE_LENGTH - 1]}…"


def markdown(words: str) -> str:
    """One line of text as Markdown that shows it as it is; never to stand first on its line."""
    return plain(_MARKDOWN.sub(lambda match: "\\" + match[0], " ".join(words.split())))


def code(name: str) -> str:
    """A name as a code span."""
    return f"`{plain(name)}`" if "`" not in name else markdown(name)


def link(words: str, url: str) -> str:
    """A Markdown link; the address is encoded as far as Markdown and Grafana's variables need it."""
    address = quote(url, safe=":/?#@!&'*+,;=%~")
    return f"[{markdown(words)}](<{address}>)"
