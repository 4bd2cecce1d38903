"""A scenario: one file that holds input files, a command, and what it must print, write and exit with.

    What this scenario is about, in a line or more.
    -- file registry/a.yaml --
    version: 1
    -- command --
    driftgauge validate
    -- exit --
    1
    -- stdout --
    error[…]: …
    -- stderr --
    1 error in 1 file
    -- wrote output/metrics/catalogue.yaml --
    …

Besides `file` there is `escaped` (Python's escapes, for bytes that no text file holds), `repeated N` (the content N
times, without line breaks) and `link` (a symbolic link to what the section says). `wrote` names a file as it must be
after the command. `pytest --update-scenarios` writes what came out into the file; read the diff before committing it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from generator.cli import main

_HEADER = re.compile(r"^-- (?P<kind>[a-z]+)(?: (?P<name>\S+))?(?: (?P<number>\d+))? --$")
_OUTCOMES = ("exit", "stdout", "stderr", "wrote")


@dataclass(frozen=True)
class Section:
    """A part of a scenario file; `content` ends with a line break unless it is empty."""

    kind: str
    name: str
    number: int
    content: str

    def __str__(self) -> str:
        number = f" {self.number}" if self.number else ""
        return f"-- {self.kind}{f' {self.name}' if self.name else ''}{number} --\n{self.content}"


@dataclass(frozen=True)
class Scenario:
    """A scenario file, read."""

    about: str
    sections: tuple[Section, ...]

    def __str__(self) -> str:
        return self.about + "".join(map(str, self.sections))

    def run(self, folder: Path) -> Scenario:
        """Write the input into an empty `folder`, which must be the working directory, and run the command in it.

        Returns:
            The same scenario with what came out.
        """
        for section in self.sections:
            _write(section, folder)
        commands = next(section for section in self.sections if section.kind == "command")
        code, stdout, stderr = 0, "", ""
        for line in commands.content.splitlines():
            name, *arguments = shlex.split(line)
            assert name == "driftgauge", f"a scenario runs driftgauge, not {name}"
            result = CliRunner().invoke(main, arguments, catch_exceptions=False)
            code, stdout, stderr = result.exit_code, stdout + result.stdout, stderr + result.stderr
        outcome = [Section("exit", "", 0, f"{code}\n"), Section("stdout", "", 0, _ended(stdout))]
        outcome.append(Section("stderr", "", 0, _ended(stderr)))
        inputs = [section for section in self.sections if section.kind not in _OUTCOMES]
        wrote = [_wrote(section, folder) for section in self.sections if section.kind == "wrote"]
        return Scenario(self.about, (*inputs, *outcome, *wrote))


def read(path: Path) -> Scenario:
    """The scenario in a file."""
    about, *rest = _split(path.read_text(encoding="utf-8"))
    return Scenario(about.content, tuple(rest))


def _split(text: str) -> Iterator[Section]:
    header = {"kind": "about", "name": None, "number": None}
    content: list[str] = []
    for line in text.splitlines(keepends=True):
        if match := _HEADER.match(line):
            yield _section(header, content)
            header, content = match.groupdict(), []
        else:
            content.append(line)
    yield _section(header, content)


def _section(header: dict[str, str | None], content: list[str]) -> Section:
    return Section(header["kind"] or "", header["name"] or "", int(header["number"] or 0), "".join(content))


def _write(section: Section, folder: Path) -> None:
    path = folder / section.name
    if section.kind not in {"file", "escaped", "repeated", "link"}:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    match section.kind:
        case "file":
            path.write_text(section.content, encoding="utf-8")
        case "escaped":
            path.write_bytes(section.content.encode().decode("unicode_escape").encode("latin-1"))
        case "repeated":
            path.write_text(section.content.rstrip("\n") * section.number, encoding="utf-8")
        case "link":
            path.symlink_to(section.content.strip())


def _wrote(section: Section, folder: Path) -> Section:
    path = folder / section.name
    content = path.read_text(encoding="utf-8") if path.exists() else "(nothing)"
    return Section("wrote", section.name, 0, _ended(content))


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
