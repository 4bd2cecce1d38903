"""HCL as `terraform fmt` leaves it: two spaces a level, and `=` aligned over neighbouring lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring
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

    value: dict[str, Any]


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
    return "\n".join((head, *(f"{_block(block, '')}\n" for block in blocks))).encode()


@lru_cache(4096)
def quote(text: str) -> str:
    """A string literal that means `text`, whatever it holds."""
    if text.replace("\n", "").isprintable() and "${" not in text and "%{" not in text:
        return encode_basestring(text)  # the same, ten times as fast
    escaped = _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text.translate(_ESCAPES))
    return f'"{_TEMPLATE.sub(_escape_template, escaped)}"'


def _escape_template(match: re.Match[str]) -> str:
    before, sign = match.groups()
    return f"{before}\\u{ord(sign):04x}{{" if before else f"{sign}{sign}{{"


def _block(block: Block, indent: str) -> str:
    inner = indent + _INDENT
    attributes = [_attributes(block.attributes, inner)] if block.attributes else []
    content = "\n\n".join((*attributes, *(_block(nested, inner) for nested in block.blocks)))
    return f"{indent}{block.head} {{\n{content}\n{indent}}}" if content else f"{indent}{block.head} {{\n{indent}}}"


def _attributes(attributes: Mapping[str, Any], indent: str) -> str:
    """One-line neighbours have their `=` aligned; a value of several lines stands by itself."""
    lines: list[str] = []
    neighbours: dict[str, str] = {}
    for name, value in attributes.items():
        written = _value(value, indent)
        if "\n" not in written:
            neighbours[name] = written
            continue
        lines += _lines(neighbours, indent)
        lines.append(f"{indent}{_key(name)} = {written}")
        neighbours = {}
    return "\n".join(lines + _lines(neighbours, indent))


def _lines(neighbours: Mapping[str, str], indent: str) -> list[str]:
    keys = _aligned(tuple(neighbours))
    return [f"{indent}{key} = {value}" for key, value in zip(keys, neighbours.values(), strict=True)]


@lru_cache(1024)
def _aligned(names: tuple[str, ...]) -> list[str]:
    keys = [_key(name) for name in names]
    width = max(map(len, keys), default=0)
    return [key.ljust(width) for key in keys]


def _value(value: Any, indent: str) -> str:
    """A value whose first line is indented already."""
    match value:
        case str():
            return quote(value)
        case dict():
            return f"{{\n{_attributes(value, indent + _INDENT)}\n{indent}}}" if value else f"{{\n{indent}}}"
        case Json(content):
            return f"jsonencode({_value(content, indent)})"
        case _:
            return _inline(value)


def _inline(value: Any) -> str:
    match value:
        case str():
            return quote(value)
        case Raw(code):
            return code
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number(value)
        case dict():
            return f"{{ {', '.join(f'{_key(name)} = {_inline(entry)}' for name, entry in value.items())} }}"
        case _:
            return f"[{', '.join(_inline(entry) for entry in value)}]"


@lru_cache(1024)
def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else quote(name)
