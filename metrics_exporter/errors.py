"""The root of the exporter's errors whose message is all that a user needs: what is wrong, where, and what to do."""

from __future__ import annotations


class UserError(Exception):
    """Something that a user can mend; shown without a traceback."""
