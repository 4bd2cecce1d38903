"""Mutated registries: whatever is dropped, doubled, renamed, swapped or flipped, what comes out are findings."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from generator.load import load_registry
from generator.report import github, json_report, sarif, text
from generator.rulebook import RULES
from tests.real_parts import ROOT

Mutation = Callable[[random.Random, bytes], bytes]

SECONDS = 2

SEEDS = [file.read_bytes() for file in sorted((ROOT / "registry").glob("*.yaml"))] + [
    re.search(rb"```yaml\n(.*?)```", (ROOT / "docs" / "registry.md").read_bytes(), flags=re.DOTALL)[1]  # type: ignore[index]
]

ODDITIES = """\
& * ! | > % @ ` " ' # : - ? , { } [ ] << ~ null true no 1_000 12:30 010 0x1F 1e999 .nan .inf -0 --- ... &a *a !!int !x
"\\x00" "\\ud800" "" {} [] {a: b} [a] 99999999999999999999999999 2001-01-01 a:b 'a' 10m 3h -1 0.5 all * wind_*
""".split()  # noqa: SIM905 - a list of these would be a page
RAW = [b"\x00", b"\xff", b"\xc3", b"\t", b"\r", b"\x85", b"\xe2\x80\xa8", b"\xf0\x9f\x92\xa9", b"\xef\xbb\xbf", b"\n"]
WORDS = re.compile(rb"[A-Za-z0-9_.-]+")


def _span(rng: random.Random, data: bytes) -> tuple[int, int]:
    start = rng.randrange(len(data))
    return start, min(len(data), start + rng.randint(1, 40))


def flip(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def drop(rng: random.Random, data: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + data[end:]


def double(rng: random.Random, data: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:end] + data[start:]


def insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.choice([rng.choice(RAW), rng.choice(ODDITIES).encode()]) + data[at:]


def swap_words(rng: random.Random, data: bytes) -> bytes:
    """Two words change places: keys become values, numbers names."""
    first, second = sorted(rng.sample(list(WORDS.finditer(data)), 2), key=lambda match: match.start())
    between = data[first.end() : second.start()]
    return data[: first.start()] + second[0] + between + first[0] + data[second.end() :]


def replace_word(rng: random.Random, data: bytes) -> bytes:
    word = rng.choice(list(WORDS.finditer(data)))
    return data[: word.start()] + rng.choice(ODDITIES).encode() + data[word.end() :]


def rename(rng: random.Random, data: bytes) -> bytes:
    """A letter of a word is another one, everywhere the word is."""
    word = rng.choice(list(WORDS.finditer(data)))[0]
    at = rng.randrange(len(word))
    return data.replace(word, word[:at] + rng.choice([b"", b"x", b"_", b"."]) + word[at + 1 :])


def move_line(rng: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    line = lines.pop(rng.randrange(len(lines)))
    lines.insert(rng.randrange(len(lines) + 1), rng.choice([line, line + line, b" " * rng.randint(1, 4) + line]))
    return b"".join(lines)


@dataclass(frozen=True)
class Entry:
    """A `key: value` of a YAML file: where in its text the key and the value begin and end."""

    key: slice
    value: slice


def _entries(data: bytes) -> tuple[str, list[Entry]]:
    """A file's text and all entries of its mappings; none when it is no YAML any more."""
    try:
        text = data.decode()
        root = yaml.compose(text, yaml.SafeLoader)
    except (UnicodeDecodeError, yaml.YAMLError):
        return "", []
    return text, [] if root is None else list(_below(root))


def _below(node: yaml.Node) -> Iterator[Entry]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            spans = (slice(part.start_mark.index, part.end_mark.index) for part in (key, value))
            yield Entry(*spans)
            yield from _below(value)
    elif isinstance(node, yaml.SequenceNode):
        for element in node.value:
            yield from _below(element)


def _entry(rng: random.Random, data: bytes) -> tuple[str, Entry | None]:
    text, entries = _entries(data)
    return text, rng.choice(entries) if entries else None


def drop_key(rng: random.Random, data: bytes) -> bytes:
    """A key and its value are gone; in braces the comma behind it, too."""
    text, entry = _entry(rng, data)
    if entry is None:
        return data
    rest = text[entry.value.stop :]
    return (text[: entry.key.start] + rest[re.match(r",? *", rest).end() :]).encode()  # type: ignore[union-attr] # always matches


def double_key(rng: random.Random, data: bytes) -> bytes:
    """A key and its value are there twice, in braces or below one another."""
    text, entry = _entry(rng, data)
    if entry is None:
        return data
    column = entry.key.start - (text.rfind("\n", 0, entry.key.start) + 1)
    in_braces = text[: entry.key.start].rstrip(" ").endswith(("{", ","))
    between = ", " if in_braces else "\n" + " " * column
    again = text[entry.key.start : entry.value.stop].rstrip()
    return (text[: entry.key.start] + again + between + text[entry.key.start :]).encode()


def rename_key(rng: random.Random, data: bytes) -> bytes:
    """A key has the name of another one."""
    text, entry = _entry(rng, data)
    if entry is None:
        return data
    other = rng.choice(_entries(data)[1])
    return (text[: entry.key.start] + text[other.key] + text[entry.key.stop :]).encode()


def swap_values(rng: random.Random, data: bytes) -> bytes:
    """Two values of a line each change places."""
    text, entries = _entries(data)
    short = [entry for entry in entries if "\n" not in text[entry.value]]
    if len(short) < 2:
        return data
    first, second = sorted(rng.sample(short, 2), key=lambda entry: entry.value.start)
    if second.value.start < first.value.stop:  # one of them is within the other
        return data
    between = text[first.value.stop : second.value.start]
    swapped = text[second.value] + between + text[first.value]
    return (text[: first.value.start] + swapped + text[second.value.stop :]).encode()


MUTATIONS: tuple[Mutation, ...] = (
    *(flip, drop, double, insert, swap_words, replace_word, rename, move_line),
    *(drop_key, double_key, rename_key, swap_values),
)


def mutant(seed: int) -> bytes:
    """A registry with one to three mistakes."""
    rng = random.Random(seed)
    data = rng.choice(SEEDS)
    for _ in range(rng.randint(1, 3)):
        if len(list(WORDS.finditer(data))) > 1:
            data = rng.choice(MUTATIONS)(rng, data)
    return data


def check(seed: int, folder: Path) -> bool:
    """Load a mutant and hold what comes out against what may; whether there was something to find."""
    data = mutant(seed)
    (folder / "a.yaml").write_bytes(data)
    started = time.process_time()
    loaded = load_registry(folder)
    assert time.process_time() - started < SECONDS
    lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", data.decode("utf-8-sig", "replace"))
    for finding in loaded.findings:
        assert finding.severity is RULES[finding.code].severity
        assert finding.message
        assert finding.advice
        for place in (finding.place, *finding.related):
            assert place.file == (folder / "a.yaml").as_posix()
            assert 0 <= place.line <= len(lines)
            assert 0 <= place.column <= len(lines[place.line - 1]) + 1
            assert place.column < place.end_column or place.line == 0
    for format_ in (text, json_report, github, sarif):
        format_.render(loaded.findings).encode()
    return bool(loaded.findings)


def test_a_few_hundred_mutants(tmp_path: Path) -> None:
    found = sum(check(seed, tmp_path) for seed in range(300))
    assert found > 150


@pytest.mark.slow
def test_ten_thousand_mutants(tmp_path: Path) -> None:
    found = sum(check(seed, tmp_path) for seed in range(1000, 11_000))
    assert found > 5000
