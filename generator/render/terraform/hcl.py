"""HCL as `terraform fmt` leaves it: two spaces a level, and `=` aligned over neighbouring lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from generator.alerting.rules import number

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
# `$${` is a literal `${`, but not behind another `$`, which it would be read with: that one is spelt as `\u0024{`.
_TEMPLATE = re.compile(r"([$%]*)([$%])\{")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_INDENT = "  "


@dataclass(frozen=True)
class Raw:
    """An expression that is written as it is, such as a reference."""

    code: str


@dataclass(frozen=True)
class Json:
    """A value that reaches the provider as JSON text."""

    value: Mapping[str, Any]


@dataclass(frozen=True)
class Block:
    """`head { … }`: attributes, then blocks, with a blank line before each.

    Attributes are text, numbers, lists and dicts as Python has them, `Raw` or `Json`.
    """

    head: str
    attributes: Mapping[str, Any]
    blocks: tuple[Block, ...] = ()


def document(comments: Iterable[str], blocks: Iterable[Block]) -> bytes:
    """A file: comment lines, then blocks."""
    head = "".join(f"# {line}\n" for line in comments)
    return "\n".join((head, *("".join(f"{line}\n" for line in _block(block, "")) for block in blocks))).encode()


def quote(text: str) -> str:
    """A string literal that means `text`, whatever it holds."""
    escaped = _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text.translate(_ESCAPES))
    return f'"{_TEMPLATE.sub(_escape_template, escaped)}"'


def _escape_template(match: re.Match[str]) -> str:
    before, sign = match.groups()
    return f"{before}\\u{ord(sign):04x}{{" if before else f"{sign}{sign}{{"


def _block(block: Block, indent: str) -> Iterator[str]:
    yield f"{indent}{block.head} {{"
    yield from _attributes(block.attributes, indent + _INDENT)
    for position, nested in enumerate(block.blocks):
        if position or block.attributes:
            yield ""
        yield from _block(nested, indent + _INDENT)
    yield f"{indent}}}"


def _attributes(attributes: Mapping[str, Any], indent: str) -> Iterator[str]:
    """One-line neighbours have their `=` aligned; a value of several lines stands by itself."""
    written = ((_key(name), _value(value, indent)) for name, value in attributes.items())
    for single, run in groupby(written, lambda pair: len(pair[1]) == 1):
        pairs = list(run)
        width = max(len(key) for key, _ in pairs) if single else 0
        for key, (first, *rest) in pairs:
            yield f"{indent}{key:<{width}} = {first}"
            yield from rest


def _value(value: Any, indent: str) -> list[str]:
    """The lines of a value, the first of them without its indentation."""
    match value:
        case Mapping():
            return ["{", *_attributes(value, indent + _INDENT), f"{indent}}}"]
        case Json(content):
            first, *rest, last = _value(content, indent)
            return [f"jsonencode({first}", *rest, f"{last})"]
        case _:
            return [_inline(value)]


def _inline(value: Any) -> str:
    match value:
        case Raw(code):
            return code
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number(value)
        case str():
            return quote(value)
        case Mapping():
            return f"{{ {', '.join(f'{_key(name)} = {_inline(entry)}' for name, entry in value.items())} }}"
        case _:
            return f"[{', '.join(_inline(entry) for entry in value)}]"


def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else quote(name)
