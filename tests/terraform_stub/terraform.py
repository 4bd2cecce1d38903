"""The real `terraform`, run on a generated root against the stub provider."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.real_parts import require
from tests.terraform_stub.provider import attached

VARIABLES = {
    "prometheus_data_source_uid": "prometheus",
    "slack_token": "xoxb-secret",
    "pagerduty_integration_key": "pagerduty-secret",
    "contact_point": "platform",
}


@dataclass(frozen=True)
class Terraform:
    """Terraform in one root; every command fails the test, with what Terraform says, unless it is asked to fail."""

    root: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command prints, errors included."""
        command = [require("terraform"), f"-chdir={self.root}", *arguments]
        done = subprocess.run(
            command, env={**os.environ, **self.environment}, capture_output=True, text=True, timeout=120, check=False
        )
        output = done.stdout + done.stderr
        assert done.returncode == code, f"terraform {' '.join(arguments)}: exit code {done.returncode}\n{output}"
        return output

    def plan(self, **variables: str | None) -> dict[str, Any]:
        """The plan, as Terraform's JSON has it."""
        self.run("plan", "-input=false", "-out=plan.bin", *self._given(variables))
        return self.show("plan.bin")

    def show(self, plan: str) -> dict[str, Any]:
        """A planned file, as Terraform's JSON has it."""
        shown: dict[str, Any] = json.loads(self.run("show", "-json", plan).partition("\n")[0])
        return shown

    def changes(self, **variables: str | None) -> dict[str, dict[str, Any]]:
        """The planned changes by resource address, those that do nothing left out."""
        planned = self.resources(**variables)
        return {one["address"]: one["change"] for one in planned if one["change"]["actions"] != ["no-op"]}

    def resources(self, **variables: str | None) -> list[dict[str, Any]]:
        """What is planned for each resource, also where it is nothing."""
        planned: list[dict[str, Any]] = self.plan(**variables).get("resource_changes", [])
        return planned

    def apply(self) -> None:
        """Apply, with the usual variables."""
        self.run("apply", "-input=false", "-auto-approve", *self._given({}))

    def refuses_to_plan(self, **variables: str | None) -> str:
        """What Terraform says when it can't plan."""
        return self.run("plan", "-input=false", *self._given(variables), code=1)

    def _given(self, variables: Mapping[str, str | None]) -> list[str]:
        """`-var` arguments for those variables that the root has; None leaves one unset."""
        declared = (self.root / "variables.tf").read_text(encoding="utf-8")
        given = {**VARIABLES, **variables}
        return [
            f"-var={name}={value}"
            for name, value in given.items()
            if value is not None and f'variable "{name}"' in declared
        ]


@contextmanager
def terraform(root: Path) -> Iterator[Terraform]:
    """Terraform in a root, with the stub in the provider's place and no configuration of the user's."""
    require("terraform")
    with attached() as environment:
        yield Terraform(
            root, {**environment, "TF_CLI_CONFIG_FILE": os.devnull, "TF_IN_AUTOMATION": "1", "TF_CLI_ARGS": "-no-color"}
        )
