"""No registry file at all."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("empty-registry", Severity.ERROR, "A folder without a registry file")


def finding(folder: str) -> Finding:
    """The finding for a folder that is not there, or holds no registry file."""
    return RULE.finding(
        Place(folder),
        "there is no registry file (*.yaml, *.yml or *.jsonnet) here",
        "name the folder that holds the registry, or add a file to it that begins with `version: 1`",
    )
