"""Findings for code-scanning services: SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from generator.findings import Finding, Place
from generator.findings.kinds import page
from generator.rulebook import RULES

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(findings: Iterable[Finding]) -> str:
    """A SARIF log of one run, indented."""
    found = list(findings)
    rules = {finding.code: _rule(finding) for finding in found}
    order = sorted(rules)
    driver = {"name": "driftgauge", "version": version("driftgauge"), "rules": [rules[code] for code in order]}
    results = [_result(finding, order.index(finding.code)) for finding in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(finding: Finding) -> dict[str, Any]:
    text = page(finding.code)
    return {
        "id": finding.code,
        "shortDescription": {"text": RULES[finding.code].summary},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": str(finding.severity)},
    }


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    result = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": str(finding.severity),
        "message": {"text": f"{finding.message}; {finding.advice}"},
        "locations": [_location(finding.place)],
    }
    if finding.related:
        result["relatedLocations"] = [_location(place) for place in finding.related]
    return result


def _location(place: Place) -> dict[str, Any]:
    # A relative path is taken as relative to the repository; an absolute one becomes a file URI.
    path = PurePosixPath(place.file)
    uri = f"file://{quote(place.file)}" if path.is_absolute() else quote(place.file)
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if place.line:
        physical["region"] = {"startLine": place.line, "startColumn": place.column, "endColumn": place.end_column}
    location: dict[str, Any] = {"physicalLocation": physical}
    if place.key_path:
        location["logicalLocations"] = [{"fullyQualifiedName": place.key_path, "kind": "member"}]
    return location
