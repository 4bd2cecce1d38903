"""A file or folder that can't be read."""

from __future__ import annotations

from generator.findings import Finding, Place, Rule, Severity

RULE = Rule("unreadable-file", Severity.ERROR, "A file or folder that can't be read")


def finding(path: str, error: OSError) -> Finding:
    """The finding for a path that the operating system refuses."""
    reason = (error.strerror or str(error)).lower()
    return RULE.finding(Place(path), f"this can't be read: {reason}", "mend its permissions or its link, or remove it")


def linked_folder(path: str) -> Finding:
    """The finding for a symbolic link to a folder, which could lead in a circle."""
    return RULE.finding(
        Place(path),
        "this is a symbolic link to a folder, and these are not followed",
        "put the files themselves here, or run driftgauge on the folder that the link leads to",
    )


def no_file(path: str) -> Finding:
    """The finding for a device, a socket or a pipe with a registry file's name."""
    return RULE.finding(Place(path), "this is no regular file", "remove it, or rename it if it is meant to stay")
