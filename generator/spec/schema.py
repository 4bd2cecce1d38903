"""The JSON Schema of a registry file, for editors: descriptions, examples and defaults on every key.

It is draft 7, which every YAML language server understands, and has no references: beside `$ref` that draft ignores
descriptions.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from generator.spec.v1 import RegistryFile

Schema = dict[str, Any]

_DROPPED = frozenset({"title", "$defs", "discriminator"})


class _AsWritten(GenerateJsonSchema):
    """Keeps keys in the order in which the spec has them."""

    def sort(self, value: Any, parent_key: str | None = None) -> Any:
        """The value as it is."""
        return value


def schema() -> Schema:
    """The schema of version 1."""
    made = RegistryFile.model_json_schema(by_alias=True, schema_generator=_AsWritten)
    inlined = _simple(made, made["$defs"])
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": "driftgauge registry", **inlined}


def text() -> str:
    """The schema as the file that is committed."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _simple(node: Any, definitions: Schema) -> Any:
    """The node with references put in, without null (which YAML must not say) and generated titles."""
    if isinstance(node, list):
        return [_simple(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    node = _resolved(node, definitions)
    if "properties" in node:
        node = node | {"properties": {key: _simple(value, definitions) for key, value in node["properties"].items()}}
        rest = {key: value for key, value in node.items() if key not in {"properties", *_DROPPED}}
        return {**_simple(rest, definitions), "properties": node["properties"]}
    return {
        key: _without_null(value) if key in {"default", "examples"} else _simple(value, definitions)
        for key, value in node.items()
        if key not in _DROPPED and not (key == "default" and value is None)
    }


def _without_null(value: Any) -> Any:
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


def _resolved(node: Schema, definitions: Schema) -> Schema:
    """The node with what it refers to, or its only choice beside null, in its place; its own words win."""
    if "anyOf" in node:
        (choice,) = (choice for choice in node["anyOf"] if choice != {"type": "null"})
        return _resolved(choice | {key: value for key, value in node.items() if key != "anyOf"}, definitions)
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _resolved(definitions[name] | rest, definitions)
    return node
