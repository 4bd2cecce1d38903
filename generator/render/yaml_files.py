"""YAML files that people read: a first line that marks them, keys in the order given, short leaves on one line."""

from __future__ import annotations

from typing import Any

import yaml

from generator.conventions import generated_mark

_WIDTH = 1_000_000  # never fold: libyaml and PyYAML do it differently

_LEAF_WIDTH = 80

_SafeDumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml: ten times faster


class _Dumper(_SafeDumper):  # type: ignore[misc, valid-type]
    """Writes text of several lines as a block and long leaves over several lines; spells out what occurs twice."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node: yaml.MappingNode = super().represent_mapping(tag, mapping, flow_style)
        if node.flow_style and sum(len(key.value) + len(value.value) for key, value in node.value) > _LEAF_WIDTH:
            node.flow_style = False
        return node

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


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
