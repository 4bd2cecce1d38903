"""A proposal → the registry's files as they would be with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from generator.discover import facts
from generator.discover.edit import NotEditableError, add
from generator.discover.guesses import Declared
from generator.discover.propose import Additions, Proposal
from generator.findings import listing, quote
from generator.spec import seen, sources, yaml_reader
from generator.spec.sources import Source
from generator.yaml_text import scalar

NEW_FILE = "discovered"
_SCHEMA_FILE = "registry.schema.json"


@dataclass(frozen=True)
class FileEdit:
    """A file as it is, None when there is none, and as it would be."""

    path: Path
    before: str | None
    after: str


def edits(folder: Path, proposal: Proposal, table: str | None = None) -> tuple[tuple[FileEdit, ...], tuple[str, ...]]:
    """The files that change, sorted by path, and notes on what can't be written by a program.

    Args:
        folder: the registry; need not exist.
        proposal: for what is in it now.
        table: the default log's, where that has to be declared.
    """
    added, by_hand = _with_additions(folder, proposal.additions)
    seen_now, not_kept = _with_features(folder, proposal)
    changed = [*added, *seen_now]
    if proposal.predictors:
        changed.append(FileEdit(_free_name(folder), None, new_file(proposal, table, (folder / _SCHEMA_FILE).exists())))
    return tuple(sorted(changed, key=lambda edit: edit.path)), (*by_hand, *not_kept)


def _with_additions(folder: Path, wanted: Sequence[Additions]) -> tuple[list[FileEdit], list[str]]:
    """The registry files with what is added to their predictors, and notes on what has no place in a file."""
    files = {source.path: source for source in sources.read(folder)[0]} if wanted else {}
    declaring = dict(_declaring(files.values()))
    texts = {source.path: source.text for source in files.values()}
    notes = []
    for additions in wanted:
        source = declaring.get(additions.predictor)
        if source is None:
            notes.append(_by_hand("the Jsonnet file that makes it", additions))
            continue
        try:
            texts[source.path] = add(texts[source.path], additions)
        except NotEditableError:
            notes.append(_by_hand(source.name, additions))
    return [FileEdit(path, s.text, texts[path]) for path, s in files.items() if texts[path] != s.text], notes


def _with_features(folder: Path, proposal: Proposal) -> tuple[list[FileEdit], tuple[str, ...]]:
    """`seen.json` with the features that were found, and notes on what it can't keep."""
    before = seen.read(folder)
    after, notes = facts.update(before, proposal)
    return [] if after is None else [FileEdit(folder / seen.FILE, before.text, after)], notes


def new_file(proposal: Proposal, table: str | None = None, has_schema: bool = False) -> str:
    """A registry file with the new predictors; with a line for editors where the JSON Schema lies beside it."""
    environment = Environment(
        loader=PackageLoader("generator", "discover"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML, quoted by its own filter
    )
    environment.filters |= {"scalar": scalar, "comment": _comment, "declaration": _declaration}
    return environment.get_template("new_file.yaml.j2").render(
        vars(proposal), table=table, schema=_SCHEMA_FILE if has_schema else None
    )


def _comment(reason: str) -> str:
    return f"  # {reason}" if reason else ""


def _declaration(feature: Declared) -> str:
    known = {"kind": feature.kind, "unit": feature.unit}
    return f"{{{', '.join(f'{key}: {scalar(value)}' for key, value in known.items() if value)}}}"


def _declaring(files: Iterable[Source]) -> Iterator[tuple[str, Source]]:
    """Each predictor of a YAML file, and the file."""
    for source in files:
        if source.path.suffix == ".jsonnet":
            continue
        document, _ = yaml_reader.read(source.name, source.text)
        if document is not None:
            yield from ((name, source) for name in document.data.get("predictors", {}))


def _by_hand(where: str, additions: Additions) -> str:
    wanted = []
    if additions.shadows:
        wanted.append(f"the shadows {listing(additions.shadows)}")
    if additions.kinds:
        wanted.append(f"the kinds {listing(f'{name}: {kind}' for name, kind in additions.kinds)}")
    return f"{where}: add to {quote(additions.predictor)} by hand {' and '.join(wanted)}"


def _free_name(folder: Path) -> Path:
    number = 1
    path = folder / f"{NEW_FILE}.yaml"
    while path.exists() or path.is_symlink():
        number += 1
        path = folder / f"{NEW_FILE}-{number}.yaml"
    return path
