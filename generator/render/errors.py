"""The error that stops a rendering."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from generator.errors import UserError


class RenderError(UserError):
    """Artifacts would be refused by the systems that they are for.

    Attributes:
        problems: by who would refuse them, as the beginning of a sentence; each names its place and the fix.
    """

    def __init__(self, problems: Mapping[str, Sequence[str]]) -> None:
        super().__init__(_words(problems))
        self.problems = problems


def _words(problems: Mapping[str, Sequence[str]]) -> str:
    listed = ["\n- ".join((f"{reason}:", *found)) for reason, found in problems.items()]
    return "\n".join([*listed, "Nothing was written."])


def joined(errors: Iterable[RenderError]) -> RenderError:
    """One error that tells what all of them tell."""
    problems: dict[str, list[str]] = {}
    for error in errors:
        for reason, found in error.problems.items():
            problems.setdefault(reason, []).extend(found)
    return RenderError(problems)
