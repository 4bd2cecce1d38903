"""`driftgauge init`: a new monitoring repository."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import click
from pydantic_core import PydanticCustomError

from generator import scaffold
from generator.findings.refusal import words
from generator.findings.shape import bad_name

_README, _INSTRUCTIONS, _IGNORE = "README.md", "MONITORING.md", ".gitignore"  # the second where the first is theirs

_EXAMPLES = """\b
Examples:
  driftgauge init                                        in this folder, for both CIs
  driftgauge init ml-monitoring --team logistics --ci github
"""


def _team(context: click.Context, parameter: click.Parameter, name: str) -> str:
    try:
        return bad_name.accept(name)
    except PydanticCustomError as refusal:
        raise click.BadParameter(words(refusal)) from None


@click.command("init", epilog=_EXAMPLES)
@click.argument("folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--team", default="my-team", show_default=True, callback=_team, help="The first team's id.")
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "both"]),
    default="both",
    show_default=True,
    help="Whose CI checks each change.",
)
def command(folder: Path, team: str, ci: scaffold.Ci) -> None:
    """Make a new monitoring repository in DIR: a registry to start from, what it generates, CI, and a README.

    DIR may be a git repository already. Replaces no file: a README and a .gitignore that are there stay, and where
    another one of its files exists already, it lists them and writes nothing.

    Exit codes: 0 fine, 1 files are in the way or can't be written, 2 wrong usage.
    """
    files = scaffold.repository(scaffold.Options(team, ci))
    ignored = files[_IGNORE]
    try:
        theirs = _make_way(folder, files)
        obstacles = _obstacles(folder, files)
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}; nothing was written") from None
    if obstacles:
        click.echo("".join(f"{path}: exists already\n" for path in obstacles), err=True, nl=False)
        click.echo("Nothing was written: choose an empty folder, or move these files away.", err=True)
        sys.exit(1)
    _write(folder, files)
    click.echo(_what_next(folder, files))
    if _IGNORE in theirs:
        click.echo(f"\nYour {_IGNORE} stays. Add to it:\n{_patterns(ignored)}")


def _make_way(folder: Path, files: dict[str, bytes]) -> set[str]:
    """Leave out what a repository has of its own as a rule, a README and a .gitignore; the names of those it has."""
    theirs = {name for name in (_README, _IGNORE) if _is_there(folder / name)}
    if _README in theirs:
        files[_INSTRUCTIONS] = files[_README]
    for name in theirs:
        del files[name]
    return theirs


def _patterns(ignored: bytes) -> str:
    lines = ignored.decode().splitlines()
    return "\n".join(f"  {line}" for line in lines if line and not line.startswith("#"))


def _obstacles(folder: Path, files: Iterable[str]) -> list[Path]:
    """What is where a file should go, or is no folder where one has to be."""
    found: dict[Path, None] = {}
    for path in files:
        parents = [folder / parent for parent in Path(path).parents]
        blocking = [parent for parent in parents if _is_there(parent) and not parent.is_dir()]
        found |= dict.fromkeys(blocking or [folder / path] * _is_there(folder / path))
    return list(found)


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write all files, or none: those that were written go again when one can't be, and so do their folders."""
    written = []
    missing = {parent for path in files for parent in (folder / path).parents if not parent.exists()}
    try:
        for path, data in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as new:
                written.append(file)
                new.write(data)
    except OSError as error:
        for file in written:
            file.unlink()
        for parent in sorted(missing, reverse=True):  # what is in a folder comes after it
            with suppress(OSError):
                parent.rmdir()
        raise click.ClickException(f"{error.filename or folder}: {error.strerror}; nothing was written") from None


def _what_next(folder: Path, files: Iterable[str]) -> str:
    kept = [path for path in files if not path.startswith(f"{scaffold.OUTPUT}/")]
    listed = "\n".join(f"  {path}" for path in kept)
    readme = _INSTRUCTIONS if _INSTRUCTIONS in kept else _README
    change = "" if folder == Path() else f"  cd {folder}\n"
    start = "" if _is_in_git(folder) else "git init && "
    return f"""\
{folder} is a monitoring repository now. These files are yours to edit:
{listed}

Next
{change}  {start}git add . && git commit -m "Start monitoring as code"
  driftgauge discover --warehouse duckdb:predictions.duckdb     what is in your prediction log
  {readme:<60}  everything else"""


def _is_in_git(folder: Path) -> bool:
    place = folder.resolve()
    return any((parent / ".git").exists() for parent in (place, *place.parents))
