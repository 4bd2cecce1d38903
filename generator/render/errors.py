"""The error that stops a rendering."""

from __future__ import annotations


class RenderError(Exception):
    """An artifact would be refused by the system that it is for; the message names each problem and its fix."""
