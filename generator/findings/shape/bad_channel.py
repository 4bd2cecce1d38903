"""A Slack channel that Slack doesn't know as one."""

from __future__ import annotations

import re

from generator.findings import Rule, Severity, quote
from generator.findings.refusal import refuse

RULE = Rule("bad-channel", Severity.ERROR, "A Slack channel that can't be one")

PATTERN = r'^(?:#[^\s#@,.:;()\[\]{}<>"`A-Z]{1,80}|[CGD][A-Z0-9]{8,})$'

_CHANNEL = re.compile(PATTERN)


def accept(channel: str) -> str:
    """The channel itself: `#name`, or a channel's id such as C024BE91L.

    Raises:
        PydanticCustomError: it is neither.
    """
    if _CHANNEL.match(channel):
        return channel
    name = "#" + re.sub(r"[\s.]+", "-", channel.strip().lstrip("#").lower())
    advice = f'write "{name}" with quotes' if _CHANNEL.match(name) else 'write it like "#ml-team", with quotes'
    raise refuse(RULE, f"{quote(channel)} is no Slack channel", advice)
