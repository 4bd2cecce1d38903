"""Findings as annotations of a pull request: GitHub's workflow commands."""

from __future__ import annotations

from collections.abc import Iterable

from generator.findings import Finding


def render(findings: Iterable[Finding]) -> str:
    """One workflow command a finding and line."""
    return "".join(_command(finding) for finding in findings)


def _command(finding: Finding) -> str:
    place = finding.place
    properties: dict[str, str | int] = {"file": place.file, "title": finding.code}
    if place.line:
        last = max(place.column, place.end_column - 1)
        properties |= {"line": place.line, "endLine": place.line, "col": place.column, "endColumn": last}
    shown = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    where = f"{place.key_path}: " if place.key_path else ""
    also = "".join(f"\nAlso: {other}" for other in finding.related)
    message = f"{where}{finding.message}\n{finding.advice}{also}\nSee `{finding.explanation}`"
    return f"::{finding.severity} {shown}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
