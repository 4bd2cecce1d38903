"""A monitoring repository's releases, and what they decide: how long Terraform is told of a rename."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Releases:
    """The number of the release that is being made, None where nobody counts them.

    `keep_moved` is how many releases have the `moved` blocks of a rename, the one that renames included.
    """

    current: int | None = None
    keep_moved: int = 3

    def keep_moved_blocks(self, renamed_in: int | None) -> bool:
        """Whether this release still has the `moved` blocks of a rename; always where one number isn't known."""
        return self.current is None or renamed_in is None or self.current < renamed_in + self.keep_moved
