"""YAML files that people read: a first line that marks them, keys in the order given, short leaves on one line."""

from __future__ import annotations

import re
from typing import Any

import yaml

from generator.conventions import generated_mark

_WIDTH = 1_000_000  # never fold: libyaml and PyYAML do it differently

_LEAF_WIDTH = 80

_SafeDumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml: ten times faster


class OneALine(list[Any]):
    """A list whose elements stand on a line each, however short they are."""


class _Dumper(_SafeDumper):  # type: ignore[misc, valid-type]
    """Writes text of several lines as a block and long leaves over several lines; spells out what occurs twice."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node: yaml.MappingNode = super().represent_mapping(tag, mapping, flow_style)
        if node.flow_style and sum(len(key.value) + len(value.value) for key, value in node.value) > _LEAF_WIDTH:
            node.flow_style = False
        return node

    def ignore_aliases(self, data: Any) -> bool:
        return True


# Text to PyYAML, and without quotes a boolean or a number to YAML 1.2, or to Go's readers.
_NOT_TEXT_ELSEWHERE = re.compile(r"[yYnN]|[-+]?(0[oO]?[0-7_]+|0[xX][\da-fA-F_]+|\.?\d[\d_]*(\.[\d_]*)?([eE][-+]?\d+)?)")


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else "'" if _NOT_TEXT_ELSEWHERE.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _one_a_line(dumper: yaml.SafeDumper, items: OneALine) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=False)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(OneALine, _one_a_line)


def yaml_file(path: str, content: Any, about: str) -> bytes:
    """A generated YAML file.

    Args:
        path: relative to the output folder.
        content: dicts, lists and scalars.
        about: what the file is, for the person who opens it; lines of a comment.
    """
    head = "".join(f"# {line}\n" for line in (generated_mark(path), *about.splitlines()))
    body = yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=None
    )
    return f"{head}\n{body}".encode()
