"""Findings for a program: one JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from generator.findings import Finding, Place, Severity


def render(findings: Iterable[Finding]) -> str:
    """`{"findings": […], "errors": n, "warnings": n}`, indented."""
    found = list(findings)
    counts = {f"{severity}s": sum(finding.severity is severity for finding in found) for severity in Severity}
    return json.dumps({"findings": [_finding(finding) for finding in found], **counts}, indent=2, ensure_ascii=False)


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        **_place(finding.place),
        "message": finding.message,
        "advice": finding.advice,
        "explanation": finding.explanation,
        "related": [_place(place) for place in finding.related],
    }


def _place(place: Place) -> dict[str, Any]:
    where: dict[str, Any] = {"file": place.file}
    if place.key_path:
        where["key_path"] = place.key_path
    if place.line:
        where |= {"line": place.line, "column": place.column, "end_column": place.end_column}
    return where
