"""`seen.json`, in the registry folder: the features that the log had when `driftgauge discover` last read it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from generator.findings import Finding
from generator.findings.shape import unsupported_version
from generator.findings.syntax import unreadable_file
from generator.spec import sources, versions, yaml_reader
from generator.spec.sources import Source

FILE = "seen.json"
VERSION = 1

_ABOUT = (
    "The features that each predictor had in the prediction log when `driftgauge discover` last read it; "
    "`driftgauge validate` compares alerts and declared features with them."
)
_FIX = "delete the file; `driftgauge discover --write` makes it anew"

# Making the file anew is no answer to these: they say themselves what to do.
_NOT_TO_REPLACE = frozenset({unreadable_file.RULE.code, unsupported_version.RULE.code})

# What some program takes for the end of a line, refuses in a text, or doesn't show. (It is a list, since what Python
# calls printable changes from version to version.)
_INVISIBLE = re.compile("[\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]")


class _File(BaseModel):
    """What the file may say; strict."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    version: int = Field(VERSION, ge=VERSION, le=VERSION)
    about: str = ""
    predictors: dict[str, list[str]] = Field(examples=[{"eta_prediction": ["prep_time"]}])


@dataclass(frozen=True)
class Seen:
    """What the file says.

    Attributes:
        features: the names of the features, by predictor; of a predictor that isn't there, nothing is known.
        text: the whole file, None where there is none or it can't be read as text.
        finding: what is wrong with it; then it counts for nothing.
    """

    features: Mapping[str, Sequence[str]] = field(default_factory=dict)
    text: str | None = None
    finding: Finding | None = None

    @property
    def may_be_replaced(self) -> bool:
        """Whether `discover` may write the file, whatever is wrong with it now."""
        return self.finding is None or (self.text is not None and self.finding.code not in _NOT_TO_REPLACE)


def read(folder: Path) -> Seen:
    """The file of a registry folder, nothing seen where there is no such file."""
    file = folder / FILE
    if not os.path.lexists(file):
        return Seen()
    source = sources.read_file(file)
    if isinstance(source, Finding):
        return Seen(finding=_with_fix(source))
    # Reading positions takes twenty times as long, and nobody asks for them unless there is something wrong.
    facts, finding = _quick(source.text), None
    if facts is None:
        facts, finding = _positional(source)
    return Seen(facts.predictors if facts else {}, source.text, finding)


def text(features: Mapping[str, Iterable[str]]) -> str:
    """The file for these features, a name a line; any name is read as it was, and the same ones are the same bytes."""
    predictors = {predictor: sorted(names) for predictor, names in sorted(features.items())}
    data = {"version": VERSION, "about": _ABOUT, "predictors": predictors}
    written = json.dumps(data, indent=2, ensure_ascii=False)
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", written) + "\n"


def _quick(text: str) -> _File | None:
    try:
        return _File.model_validate(json.loads(text, object_pairs_hook=_once))
    except (ValueError, RecursionError):
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _positional(source: Source) -> tuple[_File | None, Finding | None]:
    """The file, and the first thing that is wrong with it; what only JSON refuses, such as a last comma, is right."""
    document, findings = yaml_reader.read(source.name, source.text)
    facts = None
    if document is not None and not findings:
        facts, findings = versions.only(document, _File, VERSION, "the facts about the log")
    return facts, _with_fix(min(findings)) if findings else None


def _with_fix(finding: Finding) -> Finding:
    return finding if finding.code in _NOT_TO_REPLACE else replace(finding, advice=_FIX)
