"""The error whose message is all that a user needs."""

from __future__ import annotations


class UserError(Exception):
    """What a user can mend: the message says what is wrong, where, and what to do; a command ends with it."""
