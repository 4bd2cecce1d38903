"""YAML files that people read: a first line that marks them, keys in the order given, short leaves on one line."""

from __future__ import annotations

from typing import Any

import yaml

from generator.conventions import generated_mark


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key, as people do."""
        return super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        """Spell out what occurs twice."""
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
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
    body = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
    return f"{head}\n{body}".encode()
