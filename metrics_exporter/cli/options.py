"""What commands over the settings share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from metrics_exporter import config
from metrics_exporter.errors import UserError
from metrics_exporter.urls import without_secrets

YEARS = range(1990, 9000)  # what is looked back to and ahead from there is a date, too


def settings_options(names: Iterable[str]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option for each of these settings; its variable and its key in the config file have the same name."""

    def add(function: Callable[..., None]) -> Callable[..., None]:
        for name in reversed([*names]):
            field = config.Settings.model_fields[name]
            function = click.option(config.option(name), name, metavar="VALUE", help=field.description)(function)
        return function

    return add


class Command(click.Command):
    """A command that tells what a user can mend in one line, and repeats no password of an address there."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments."""
        with _told():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        with _told():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except UserError as error:
        raise click.ClickException(without_secrets(str(error))) from None
    except click.ClickException as error:
        error.message = without_secrets(error.message)  # type: ignore[misc]  # final, says its type
        raise
