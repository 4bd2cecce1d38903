"""A new monitoring repository: templates of the files that people keep, and the output that its registry generates."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from generator.conventions import TERRAFORM_FOLDER, slug, stem
from generator.load import load_registry
from generator.render import DEFAULT_TARGETS, render
from generator.settings import FILE
from generator.spec import schema
from generator.yaml_text import scalar

Ci = Literal["github", "gitlab", "both"]

OUTPUT = "output"
GITHUB_WORKFLOW = ".github/workflows/monitoring.yaml"
GITLAB_PIPELINE = ".gitlab-ci.yml"

_CHANNEL_LENGTH = 80  # Slack's own limit
_CI_FILES = {"github": ("github.yaml.j2", GITHUB_WORKFLOW), "gitlab": ("gitlab.yaml.j2", GITLAB_PIPELINE)}

# Templates use [[ ]] and [% %], since workflows and Terraform have a use for braces.
_ENVIRONMENT = Environment(
    loader=PackageLoader("generator", "scaffold/templates"),
    undefined=StrictUndefined,
    variable_start_string="[[",
    variable_end_string="]]",
    block_start_string="[%",
    block_end_string="%]",
    comment_start_string="[#",
    comment_end_string="#]",
    trim_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - plain text and YAML; names go through `scalar`
)
_ENVIRONMENT.filters["scalar"] = scalar


@dataclass(frozen=True)
class Options:
    """What a new repository is made for: the first team's id, and whose CI runs it."""

    team: str
    ci: Ci


def repository(options: Options) -> dict[str, bytes]:
    """All files of a new repository, by path; the same for the same options and version of driftgauge."""
    files = _kept(options)
    generated = _generated(files[_registry_file(options)])
    roots = sorted({path.split("/")[1] for path in generated if path.startswith(f"{TERRAFORM_FOLDER}/")})
    files |= {f"{OUTPUT}/{path}": data for path, data in generated.items()}
    files |= {f"{OUTPUT}/{TERRAFORM_FOLDER}/{root}/backend.tf": _render("backend.tf.j2", root=root) for root in roots}
    return dict(sorted(files.items()))


def _kept(options: Options) -> dict[str, bytes]:
    """The files that people keep from now on."""
    channel = f"#ml-{slug(options.team)}"[:_CHANNEL_LENGTH].rstrip("-")
    chosen = _CI_FILES if options.ci == "both" else {options.ci: _CI_FILES[options.ci]}
    return {
        "README.md": _render("README.md.j2", registry_file=_registry_file(options)),
        _registry_file(options): _render("registry.yaml.j2", team=options.team, channel=channel),
        "registry/registry.schema.json": schema.text().encode(),
        FILE: _render("driftgauge.yaml.j2", targets=f"[{', '.join(DEFAULT_TARGETS)}]"),
        "exporter.yaml": _render("exporter.yaml.j2"),
        "requirements.txt": _render("requirements.txt.j2", version=version("driftgauge")),
        ".gitignore": _render("gitignore.j2"),
        ".pre-commit-config.yaml": _render("pre-commit-config.yaml.j2"),
        **{path: _render(template) for template, path in chosen.values()},
    }


def _render(template: str, **values: object) -> bytes:
    return _ENVIRONMENT.get_template(template).render(values).encode()


def _registry_file(options: Options) -> str:
    return f"registry/{stem(options.team)}.yaml"


def _generated(registry: bytes) -> dict[str, bytes]:
    """What `driftgauge generate` makes of a registry of one file."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "registry.yaml").write_bytes(registry)
        loaded = load_registry(Path(folder))
    if loaded.registry is None:
        raise ValueError(f"the template of a registry has errors: {loaded.findings}")
    return render(loaded.registry)
