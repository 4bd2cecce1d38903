"""Rendered files → disk: all of them or none, and nothing that is somebody else's.

A file is the generator's own when it carries the mark that names its own path; a copied profile, which has no mark,
when its name is that of its content. Everything is staged beside the tree
first and then renamed into place; what fails is rolled back. A run that is killed leaves a mixture of old and new
files, each of them whole, and its staging folder: the next run removes that and finishes the work.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from generator.conventions import OUTPUT_FOLDERS, OUTPUT_SUFFIXES, PROFILES_FOLDER, content_name, generated_mark
from generator.errors import UserError

_STAGING_PREFIX = ".driftgauge-"


class WriteError(UserError):
    """The output can't be written. The message names the path, what to do, and that the tree is as it was."""


@dataclass(frozen=True)
class Change:
    """A file whose content on disk is not what it should be; None: there is no such file, before or after."""

    path: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True)
class Plan:
    """What has to happen for the output folder to hold exactly the wanted files.

    Attributes:
        stale: files whose content differs.
        missing: files that are not there.
        orphaned: own files that nothing generates any more.
        foreign: why a wanted path can't be written: somebody else's file is in the way.
        unchanged: how many files are as they should be.
    """

    stale: tuple[Change, ...]
    missing: tuple[Change, ...]
    orphaned: tuple[Change, ...]
    foreign: tuple[str, ...]
    unchanged: int

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes, by path."""
        return tuple(sorted((*self.stale, *self.missing, *self.orphaned), key=lambda change: change.path))

    @property
    def is_current(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.changes or self.foreign)


def plan(folder: Path, files: Mapping[str, bytes], *, kept: Collection[str] = (), partial: bool = False) -> Plan:
    """Compare the wanted files with those on disk; writes nothing.

    Args:
        folder: the output folder; need not exist.
        files: content by path relative to it.
        kept: paths of more wanted files, known to be as they should be.
        partial: there are more that are generated, so none is orphaned.

    Raises:
        WriteError: a file can't be read.
    """
    with _refusals(folder):
        return _compare(folder, files, kept, partial)


def _compare(folder: Path, files: Mapping[str, bytes], kept: Collection[str], partial: bool) -> Plan:
    stale, missing, foreign, unchanged = [], [], [], len(kept)
    above = cache(lambda inside: _obstacle_above(folder, inside))  # many files are in few folders
    for path, content in sorted(files.items()):
        file = folder / path
        if obstacle := above(path.rpartition("/")[0]) or _obstacle_at(file):
            foreign.append(obstacle)
            continue
        before = _read(file)
        if before == content:
            unchanged += 1
        elif before is None:
            missing.append(Change(path, None, content))
        elif _is_own(path, before):
            stale.append(Change(path, before, content))
        else:
            foreign.append(f"{file}: is not driftgauge's (its mark is missing); move it away, or delete it")
    wanted = files.keys() | kept
    orphaned = [] if partial else [Change(path, before, None) for path, before in _own_files(folder, wanted)]
    return Plan(tuple(stale), tuple(missing), tuple(orphaned), tuple(foreign), unchanged)


def apply(folder: Path, files: Mapping[str, bytes], *, kept: Collection[str] = (), partial: bool = False) -> Plan:
    """Make the output folder hold exactly the wanted files, beside those of other people; what was done.

    The arguments are those of `plan`.

    Raises:
        WriteError: a file of somebody else's is in the way, or the file system refused; nothing has changed.
    """
    with _refusals(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            _remove_leftovers(folder)
            planned = _compare(folder, files, kept, partial)
            if planned.foreign:
                raise WriteError("\n".join(planned.foreign))
            if planned.changes:
                _commit(folder, planned.changes)
    return planned


@contextmanager
def _refusals(folder: Path) -> Iterator[None]:
    """Say what the file system refused, and that nothing has changed."""
    try:
        yield
    except OSError as error:
        staged = not error.filename or _STAGING_PREFIX in error.filename  # a name that nobody knows
        place, reason = folder if staged else error.filename, error.strerror or error
        raise WriteError(f"{place}: {reason}; the output is as it was: see to the folder, and run it again") from error


def _obstacle_above(folder: Path, inside: str) -> str | None:
    """Why there can be no files in a folder inside: a link or a file where the generator needs a folder."""
    place = folder
    for part in PurePosixPath(inside).parts:
        place /= part
        if place.is_symlink():
            return f"{place}: is a symbolic link, and driftgauge does not write through it; replace it by a folder"
        if place.exists() and not place.is_dir():
            return f"{place}: is a file where a folder is needed; move it away"
    return None


def _obstacle_at(file: Path) -> str | None:
    """Why a file can't be the generator's own: a link, or a folder, is in its place."""
    try:
        mode = file.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(mode):
        return f"{file}: is a symbolic link, and driftgauge does not replace it; move it away"
    return None if stat.S_ISREG(mode) else f"{file}: is not a regular file; move it away"


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _is_own(path: str, content: bytes) -> bool:
    if _is_profile(path):
        return PurePosixPath(path).stem == content_name(content)
    mark = generated_mark(path).encode()
    if path.endswith(".json"):  # JSON has no comments: the mark is in the dashboard's description
        return mark in content
    return content.partition(b"\n")[0].removeprefix(b"# ").rstrip() == mark


def _is_profile(path: str) -> bool:
    return path.startswith(f"{PROFILES_FOLDER}/")


def _own_files(folder: Path, wanted: Container[str]) -> Iterator[tuple[str, bytes]]:
    """The generator's own files on disk that are not wanted; no links or hidden folders (`.terraform`) are followed."""
    for top in OUTPUT_FOLDERS:
        for place, folders, names in os.walk(folder / top):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            inside = Path(place).relative_to(folder).as_posix()
            for path in (f"{inside}/{name}" for name in sorted(names)):
                file = folder / path
                may_be_own = file.suffix in OUTPUT_SUFFIXES or _is_profile(path)
                if path in wanted or not may_be_own or file.is_symlink() or not file.is_file():
                    continue
                if _is_own(path, content := file.read_bytes()):
                    yield path, content


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Two runs at once would take each other's staging for leftovers: the second waits."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _remove_leftovers(folder: Path) -> None:
    for leftover in folder.glob(f"{_STAGING_PREFIX}*"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)


def _commit(folder: Path, changes: tuple[Change, ...]) -> None:
    staging = Path(tempfile.mkdtemp(prefix=_STAGING_PREFIX, dir=folder))
    made: list[Path] = []
    done: list[Change] = []
    try:
        for position, change in enumerate(changes):
            _stage(staging, position, change)
        for position, change in enumerate(changes):
            file = folder / change.path
            if change.after is not None:
                made += _make_parents(file)
            done.append(change)
            _rename(staging / f"{position}.new", file, change.after)
    except BaseException:
        _roll_back(folder, staging, done, made)
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    _remove_emptied(folder, changes)


def _stage(staging: Path, position: int, change: Change) -> None:
    """Write the new content, and a copy of the old: no later step needs room on the disk."""
    for suffix, content in (("new", change.after), ("old", change.before)):
        if content is not None:
            (staging / f"{position}.{suffix}").write_bytes(content)


def _make_parents(file: Path) -> list[Path]:
    """Make the folders above a file; those that were not there, outermost first."""
    wanted: list[Path] = []
    for parent in file.parents:
        if parent.exists():
            break
        wanted.insert(0, parent)
    for parent in wanted:
        parent.mkdir()
    return wanted


def _rename(staged: Path, target: Path, content: bytes | None) -> None:
    """Put a staged file in its place, or with no content remove what is there."""
    if content is None:
        target.unlink(missing_ok=True)
    else:
        staged.replace(target)


def _roll_back(folder: Path, staging: Path, done: list[Change], made: list[Path]) -> None:
    try:
        for position, change in reversed(list(enumerate(done))):
            if _read(folder / change.path) == change.before:
                continue  # the step that failed
            _rename(staging / f"{position}.old", folder / change.path, change.before)
        for parent in reversed(made):
            parent.rmdir()
    except OSError as error:
        reason = error.strerror or error
        raise WriteError(
            f"{folder}: some files are new and some old, and can't be put back ({reason}); mend that, and run it again"
        ) from error


def _remove_emptied(folder: Path, changes: tuple[Change, ...]) -> None:
    """Remove folders that a removal has emptied, innermost first."""
    left = {Path(change.path).parent for change in changes if change.after is None}
    left |= {parent for path in left for parent in path.parents}
    for path in sorted(left - {Path()}, key=lambda path: -len(path.parts)):
        with suppress(OSError):  # somebody's files are still in it
            (folder / path).rmdir()
