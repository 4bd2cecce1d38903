"""Where a finding is explained."""

from __future__ import annotations

from generator.findings import Finding


def address(finding: Finding) -> str:
    """The page in the project's documentation."""
    return f"docs/{finding.doc}"
