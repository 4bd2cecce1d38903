"""`driftgauge.yaml`, beside the registry: what a repository has generated for it. Without the file, defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from generator.findings import Finding, did_you_mean, quote, together
from generator.findings.refusal import refuse
from generator.findings.shape import unknown_choice
from generator.render import DEFAULT_TARGETS, TARGETS
from generator.spec import sources, versions, yaml_reader
from generator.spec.releases import Releases

FILE = "driftgauge.yaml"
VERSION = 1


def _target(name: str) -> str:
    if name not in TARGETS:
        raise refuse(unknown_choice.RULE, f"there is no target {quote(name)}", did_you_mean(name, TARGETS))
    return name


class Settings(BaseModel):
    """What the file may say; strict."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    version: int = VERSION
    targets: list[Annotated[str, AfterValidator(_target)]] = Field(list(DEFAULT_TARGETS))
    release: int | None = Field(None, ge=0)
    keep_moved: int = Field(Releases.keep_moved, ge=1)

    @property
    def releases(self) -> Releases:
        """Which release this is, and how many of them a rename is told to Terraform."""
        return Releases(self.release, self.keep_moved)


@dataclass(frozen=True)
class Read:
    """The settings, None when there is something wrong with them, and what it is."""

    settings: Settings | None
    findings: tuple[Finding, ...] = ()


def beside(registry: Path) -> Path:
    """Where a registry folder's settings are."""
    return Path(os.path.normpath(registry / ".." / FILE))


def read(file: Path) -> Read:
    """The settings in `file`, defaults where there is no such file. What is wrong with it are findings."""
    if not (file.exists() or file.is_symlink()):
        return Read(Settings())
    source = sources.read_file(file)
    if isinstance(source, Finding):
        return Read(None, (source,))
    document, findings = yaml_reader.read(source.name, source.text)
    settings, more = (None, []) if document is None else versions.only(document, Settings, VERSION, "the settings")
    found = tuple(sorted(together(findings, more)))
    return Read(None if found else settings, found)
