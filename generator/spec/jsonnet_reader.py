"""A Jsonnet file → plain data. The result has no lines, so findings name the path of the key in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from generator.findings import Finding, Place
from generator.findings.lines import place_at_end
from generator.findings.syntax import jsonnet_error, jsonnet_import, jsonnet_limit, jsonnet_missing
from generator.spec import jsonnet_child
from generator.spec.jsonnet_child import Outcome
from generator.spec.sources import Source, display
from generator.spec.tree import Document

_CHILD = "generator.spec.jsonnet_child"
# Go looks for garbage less often, which takes a third of the time off, as long as there is memory.
_COLLECTION = {"GOGC": "400", "GOMEMLIMIT": "1GiB"}
_POSITION = re.compile(
    r"^\s*(?P<file>[^\s:][^:\n]*):\(?(?P<line>\d+):(?P<column>\d+)(?:\)-\(\d+:\d+\)|-(?P<end>\d+))?", re.MULTILINE
)


def read(source: Source, folder: Path) -> tuple[Document | None, list[Finding]]:
    """The document that a file evaluates to, None when it doesn't, and what is wrong with it."""
    seconds = str(jsonnet_child.MAX_SECONDS)
    command = [sys.executable, "-I", "-m", _CHILD, str(source.path), str(folder), seconds]
    try:
        run = subprocess.run(
            command,
            capture_output=True,
            timeout=2 * jsonnet_child.MAX_SECONDS,
            check=False,
            env=os.environ | _COLLECTION,
        )
    except subprocess.TimeoutExpired:
        return None, [jsonnet_limit.finding(Place(source.name))]
    words = run.stdout.decode("utf-8", "replace")
    if run.returncode == Outcome.FINE:
        return _document(source, words)
    if run.returncode in set(Outcome):
        return None, [_finding(source, Outcome(run.returncode), words)]
    return None, [_stopped(source, run.returncode, run.stderr.decode("utf-8", "replace"))]


def _document(source: Source, text: str) -> tuple[Document | None, list[Finding]]:
    try:
        return Document(source.name, json.loads(text)), []
    except (RecursionError, ValueError):
        return None, [jsonnet_limit.finding(Place(source.name))]


def _finding(source: Source, outcome: Outcome, words: str) -> Finding:
    here = Place(source.name)
    match outcome:
        case Outcome.NOT_INSTALLED:
            return jsonnet_missing.finding(here)
        case Outcome.IMPORT_OUTSIDE:
            return jsonnet_import.outside(_import_of(source, words), words)
        case Outcome.IMPORT_MISSING:
            return jsonnet_import.missing(_import_of(source, words), words)
        case Outcome.FAILED:
            said = words.strip().removeprefix("RUNTIME ERROR:").strip()
            return jsonnet_error.finding(_place(source, said), _message(said))
        case _:
            return jsonnet_limit.finding(here)


def _stopped(source: Source, code: int, words: str) -> Finding:
    """The finding for a process that ended by itself or by a signal: by a limit, or it could not run at all."""
    here = Place(source.name)
    if code < 0 or "memory" in words.lower():
        return jsonnet_limit.finding(here)
    return jsonnet_error.finding(here, words.strip().rpartition("\n")[2] or f"its process ended with {code}")


def _import_of(source: Source, name: str) -> Place:
    """Where a file imports `name`; the file as a whole when that is in one that it imports."""
    found = re.search(rf"\bimport(?:str|bin)?\s+@?(?P<quoted>[\"']{re.escape(name)}[\"'])", source.text)
    if found is None:
        return Place(source.name)
    start = place_at_end(source.name, source.text[: found.start("quoted")])
    return replace(start, end_column=start.column + len(found["quoted"]))


def _message(words: str) -> str:
    """Jsonnet's own words without position and stack."""
    first = words.splitlines()[0] if words else "no reason given"
    return _POSITION.sub("", first).strip()


def _place(source: Source, words: str) -> Place:
    """The first position that Jsonnet names, in the file or one that it imports."""
    found = next((match for match in _POSITION.finditer(words) if not match["file"].startswith("<")), None)
    if found is None:
        return Place(source.name)
    line, column = int(found["line"]), int(found["column"])
    file = display(Path(found["file"]))
    return Place(file, line, column, max(int(found["end"] or 0), column + 1))
