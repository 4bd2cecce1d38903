# ruff: noqa: N802 - the methods have the names that the protocol gives them
"""A stand-in for Grafana's Terraform provider: the real provider's schema, and no Grafana behind it.

The real `terraform` attaches to it over plugin protocol 6, so that it validates, plans and applies generated
configuration without a network or `terraform init`. It knows types, required attributes and block counts; it does not
know the real provider's validators: those are `generator.render.grafana.checks`'.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import msgpack

_messages, _services = grpc.protos_and_services("tests/terraform_stub/tfplugin6.proto")
_SCHEMAS = json.loads(Path(__file__).with_name("grafana_schema.json").read_text(encoding="utf-8"))
_UNKNOWN = msgpack.ExtType(0, b"\0")
# Arguments whose change makes another object; the schema, as Terraform prints it, does not tell.
_REPLACING = {"grafana_folder": ("uid",), "grafana_rule_group": ("folder_uid", "name")}
# By which attribute the real provider finds what is imported; Terraform's own import has its other values null.
_IMPORTED_BY = {"grafana_folder": "uid", "grafana_contact_point": "name"}
_APPLIED = {"string": "applied", "number": 1, "bool": False}


@contextmanager
def attached() -> Iterator[dict[str, str]]:
    """Serve the stub on a free loopback port; the environment that makes Terraform use it."""
    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
    _services.add_ProviderServicer_to_server(_Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    reattach = {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
    }
    try:
        yield {"TF_REATTACH_PROVIDERS": json.dumps({"registry.terraform.io/grafana/grafana": reattach})}
    finally:
        server.stop(None).wait()


class _Provider(_services.ProviderServicer):
    """Answers as a provider does whose remote objects are always as its state says."""

    def GetProviderSchema(self, request: Any, context: Any) -> Any:
        return _messages.GetProviderSchema(
            provider=_schema(_SCHEMAS["provider"]),
            resource_schemas={name: _schema(spec) for name, spec in _SCHEMAS["resource_schemas"].items()},
        )

    def ValidateProviderConfig(self, request: Any, context: Any) -> Any:
        return _messages.Empty()

    ValidateResourceConfig = ConfigureProvider = StopProvider = ValidateProviderConfig

    def UpgradeResourceState(self, request: Any, context: Any) -> Any:
        state = _messages.DynamicValue(json=request.raw_state.json)
        return _messages.UpgradeResourceState.Response(upgraded_state=state)

    def ReadResource(self, request: Any, context: Any) -> Any:
        return _messages.ReadResource.Response(new_state=request.current_state)

    def PlanResourceChange(self, request: Any, context: Any) -> Any:
        proposed, prior = _decode(request.proposed_new_state), _decode(request.prior_state)
        if proposed is not None:
            _fill(proposed, prior, _block(request), lambda kind: _UNKNOWN)
        return _messages.PlanResourceChange.Response(
            planned_state=_encode(proposed),
            requires_replace=[
                _messages.AttributePath(steps=[_messages.AttributePath.Step(attribute_name=name)])
                for name in _REPLACING.get(request.type_name, ())
                if prior and proposed and prior[name] != proposed[name]
            ],
            legacy_type_system=True,
        )

    def ApplyResourceChange(self, request: Any, context: Any) -> Any:
        planned = _decode(request.planned_state)
        if planned is not None:
            _fill(planned, None, _block(request), lambda kind: _APPLIED.get(str(kind)))
        return _messages.ApplyResourceChange.Response(new_state=_encode(planned), legacy_type_system=True)

    def ImportResourceState(self, request: Any, context: Any) -> Any:
        block = _block(request)
        found = dict.fromkeys(block["attributes"]) | {name: [] for name in block.get("block_types", {})}
        found |= {"id": request.id, _IMPORTED_BY[request.type_name]: request.id}
        imported = _messages.ImportResourceState.ImportedResource(type_name=request.type_name, state=_encode(found))
        return _messages.ImportResourceState.Response(imported_resources=[imported])


def _block(request: Any) -> dict[str, Any]:
    block: dict[str, Any] = _SCHEMAS["resource_schemas"][request.type_name]["block"]
    return block


def _decode(value: Any) -> dict[str, Any] | None:
    decoded: dict[str, Any] | None = msgpack.unpackb(value.msgpack)
    return decoded


def _encode(value: dict[str, Any] | None) -> Any:
    return _messages.DynamicValue(msgpack=msgpack.packb(value))


def _fill(value: dict[str, Any], prior: Any, block: dict[str, Any], fill: Callable[[Any], Any]) -> None:
    """Give each computed attribute that has no value the one it had before, or a filling."""
    prior = prior or {}
    for name, attribute in block["attributes"].items():
        if attribute.get("computed") and (value[name] is None or value[name] == _UNKNOWN):
            before = prior.get(name)
            value[name] = fill(attribute["type"]) if before is None else before
    for name, nested in block.get("block_types", {}).items():
        before = prior.get(name) or []
        for position, item in enumerate(value[name]):
            _fill(item, before[position] if position < len(before) else None, nested["block"], fill)


def _schema(spec: dict[str, Any]) -> Any:
    return _messages.Schema(version=spec["version"], block=_schema_block(spec["block"]))


def _schema_block(block: dict[str, Any]) -> Any:
    attributes = [
        _messages.Schema.Attribute(name=name, **{**spec, "type": json.dumps(spec["type"]).encode()})
        for name, spec in block["attributes"].items()
    ]
    nested = [
        _messages.Schema.NestedBlock(
            type_name=name,
            block=_schema_block(spec["block"]),
            nesting=spec["nesting_mode"].upper(),
            min_items=spec.get("min_items", 0),
            max_items=spec.get("max_items", 0),
        )
        for name, spec in block.get("block_types", {}).items()
    ]
    return _messages.Schema.Block(attributes=attributes, block_types=nested)
