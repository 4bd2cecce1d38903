"""`driftgauge generate`: registry → output."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from generator import incremental, write
from generator.errors import UserError
from generator.findings import did_you_mean, quote
from generator.garbage import uncollected
from generator.incremental import Rendered
from generator.load import Repository, load_repository
from generator.model import AlertSeverity, Predictor, Registry
from generator.render import TARGETS, render, render_each
from generator.report import text
from generator.report.summary import summary
from generator.spec.readings import Readings

_DIFF_LINES = 20
_DIFF_WIDTH = 240
_LONG = 100  # predictors; a second's work
_STALE = 3


_EXAMPLES = """\b
Examples:
  driftgauge generate                                    registry → output
  driftgauge generate --check                            in CI: ends with 3 where output was not regenerated
  driftgauge generate --only eta_prediction --target prometheus
"""


@click.command("generate", epilog=_EXAMPLES)
@click.argument("registry", type=click.Path(exists=True, file_okay=False, path_type=Path), default="registry")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default="output",
    show_default=True,
    help="Where the generated files go.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    type=click.Choice(list(TARGETS)),
    help="What to generate beside definitions and dashboards, in place of what driftgauge.yaml says; repeatable.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="PREDICTOR",
    help="Write the files of this predictor alone: none that predictors share, and none is removed; repeatable.",
)
@click.option("--check", is_flag=True, help="Write nothing; list stale, missing and orphaned files.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@uncollected()
def command(
    registry: Path, output: Path, *, targets: tuple[str, ...], only: tuple[str, ...], check: bool, as_json: bool
) -> None:
    """Generate metric definitions, dashboards and alert rules from the REGISTRY folder.

    Files that carry driftgauge's mark are replaced, and removed when nothing generates them any more; all others are
    left alone. Either everything is written, or nothing.

    Exit codes: 0 fine, 1 findings or failure, 2 wrong usage, 3 the output is stale (with --check).
    """
    wanted = _wanted(load_repository(registry) if check else _load(registry), targets, only)
    rendered = _rendered(wanted, None if check else output)
    act = write.plan if check else write.apply
    plan = act(output, rendered.files, kept=rendered.kept, partial=bool(only))
    if as_json:
        click.echo(json.dumps(_report(wanted, plan), indent=2))
    elif check:
        _show_check(plan, output)
    else:
        click.echo(_sentence(wanted, plan, output))
    if check and not plan.is_current:
        sys.exit(_STALE)


@dataclass(frozen=True)
class _Wanted:
    """What is to be generated; `only` names the predictors whose files alone are."""

    registry: Registry
    targets: Sequence[str]
    only: tuple[str, ...]

    def __post_init__(self) -> None:
        there = [predictor.id for predictor in self.registry.predictors]
        for name in self.only:
            if name not in there:
                raise click.UsageError(f"there is no predictor {quote(name)}: {did_you_mean(name, there)}")

    @property
    def predictors(self) -> list[Predictor]:
        return [one for one in self.registry.predictors if not self.only or one.id in self.only]


def _load(folder: Path) -> Repository:
    """The repository; what files say whose text is as it was is not read again."""
    readings = Readings(folder)
    loaded = load_repository(folder, readings.read)
    readings.keep()
    return loaded


def _wanted(loaded: Repository, targets: Sequence[str], only: tuple[str, ...]) -> _Wanted:
    """What the repository and the options ask for; ends where the repository has errors."""
    click.echo(text.render(loaded.findings, colour=sys.stderr.isatty()), err=True, nl=False)
    if loaded.registry is None:
        raise UserError(f"{summary(loaded)}; nothing was written")
    return _Wanted(loaded.registry, targets or loaded.settings.targets, only)


def _rendered(wanted: _Wanted, output: Path | None) -> Rendered:
    """The files; what `output` is known to hold already is not rendered again."""
    if wanted.only:
        each = render_each(_progress(wanted.predictors), wanted.targets)
        return Rendered({path: content for _, files in each for path, content in files.items()})
    if output is None:
        return Rendered(render(wanted.registry, wanted.targets, _progress))
    return incremental.render(wanted.registry, wanted.targets, output, _progress)


def _progress(predictors: Sequence[Predictor]) -> Iterator[Predictor]:
    """On a terminal, show how far the rendering of many has come."""
    if len(predictors) < _LONG or not sys.stderr.isatty():
        yield from predictors
        return
    with click.progressbar(predictors, label="Rendering predictors", file=sys.stderr) as bar:
        yield from bar


def _counts(wanted: _Wanted) -> dict[str, int]:
    predictors = wanted.predictors
    alerts = [alert for predictor in predictors for alert in predictor.alerts]
    rules = sum(alert.severity is not AlertSeverity.REPORT for alert in alerts) if wanted.targets else 0
    return {
        "predictors": len(predictors),
        "teams": len({predictor.team.id for predictor in predictors}),
        "models": sum(len(predictor.models) for predictor in predictors),
        "dashboards": len(predictors) + (0 if wanted.only else 2),  # fleet and feature
        "rules": rules,
        "reports": len(alerts) - rules,
    }


def _report(wanted: _Wanted, plan: write.Plan) -> dict[str, Any]:
    return {
        **_counts(wanted),
        "files": {
            "changed": [change.path for change in plan.stale],
            "created": [change.path for change in plan.missing],
            "removed": [change.path for change in plan.orphaned],
            "foreign": list(plan.foreign),
            "unchanged": plan.unchanged,
        },
    }


def _sentence(wanted: _Wanted, plan: write.Plan, output: Path) -> str:
    counts = _counts(wanted)
    return (
        f"{_some(counts['predictors'], 'predictor')} of {_some(counts['teams'], 'team')}, "
        f"{_some(counts['models'], 'model')}: {_some(counts['dashboards'], 'dashboard')}, "
        f"{_some(counts['rules'], 'alert rule')}, {_some(counts['reports'], 'threshold')} in dashboards only.\n"
        f"{output}: {_some(len(plan.stale) + len(plan.missing), 'file')} written, "
        f"{plan.unchanged} unchanged, {len(plan.orphaned)} removed."
    )


def _some(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _show_check(plan: write.Plan, output: Path) -> None:
    if plan.is_current:
        click.echo(f"{output} is current: {_some(plan.unchanged, 'file')}.")
        return
    for kind, changes in (("stale", plan.stale), ("missing", plan.missing), ("orphaned", plan.orphaned)):
        for change in changes:
            click.echo(f"{kind}: {output / change.path}")
            if kind == "stale":
                click.echo("".join(f"  {line}\n" for line in _diff(change)), nl=False)
    for reason in plan.foreign:
        click.echo(f"in the way: {reason}")
    click.echo(f"{output} is stale: run `driftgauge generate` and commit what it writes.")


def _diff(change: write.Change) -> Iterator[str]:
    before, after = ((side or b"").decode(errors="replace").splitlines() for side in (change.before, change.after))
    lines = list(difflib.unified_diff(before, after, "on disk", "generated", lineterm="", n=1))
    yield from (line if len(line) <= _DIFF_WIDTH else f"{line[:_DIFF_WIDTH]}…" for line in lines[:_DIFF_LINES])
    if len(lines) > _DIFF_LINES:
        yield f"… and {len(lines) - _DIFF_LINES} lines more"
