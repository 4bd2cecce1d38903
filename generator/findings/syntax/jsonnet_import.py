"""A Jsonnet file that imports what it can't have."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity, quote

RULE = Rule("jsonnet-import", Severity.ERROR, "An import from outside the registry folder, or of nothing")


def outside(place: Place, name: str) -> Finding:
    """The finding for an import that leads out of the registry folder."""
    return RULE.finding(
        place,
        f"the import of {quote(name)} leads out of the registry folder",
        "copy what is needed to below the registry folder: a registry must mean the same on every machine",
    )


def missing(place: Place, name: str) -> Finding:
    """The finding for an import of a file that can't be read."""
    return RULE.finding(
        place,
        f"the import of {quote(name)} can't be read",
        "write its path from the folder of the file that imports it",
    )
