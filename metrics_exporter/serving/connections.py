"""The open connections: so many and no more, so that clients that hold theirs open lock out nobody."""

from __future__ import annotations

import resource
import socket
import threading

MOST_CONNECTIONS = 256


def raise_file_limit() -> int:
    """Raise the process' limit of open files as far as the system lets it; the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # some systems have no limit, and take none
        return soft
    return hard


def most_connections(file_limit: int) -> int:
    """How many connections leave files enough for everything else."""
    return MOST_CONNECTIONS if file_limit == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, file_limit // 2)


class Connections:
    """Connections in the order in which they are given up, should there be too many.

    First go those that wait for a request, or for the rest of one, the longest; then those whose answer takes longest.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[socket.socket, None] = {}
        self._answering: dict[socket.socket, None] = {}
        self._lock = threading.Lock()

    def add(self, connection: socket.socket) -> None:
        """Take up a connection, in the place of another one if there are too many."""
        with self._lock:
            if len(self._waiting) + len(self._answering) >= self._most:
                self._give_one_up()
            self._waiting[connection] = None

    def waits(self, connection: socket.socket) -> None:
        """From now on it waits for a request."""
        self._move(connection, self._answering, self._waiting)

    def answers(self, connection: socket.socket) -> None:
        """From now on it is answered."""
        self._move(connection, self._waiting, self._answering)

    def remove(self, connection: socket.socket) -> None:
        """It is closed."""
        with self._lock:
            self._waiting.pop(connection, None)
            self._answering.pop(connection, None)

    def give_one_up(self) -> None:
        """Close one, if there is any: its thread finds it at its end."""
        with self._lock:
            self._give_one_up()

    def _move(
        self, connection: socket.socket, source: dict[socket.socket, None], target: dict[socket.socket, None]
    ) -> None:
        with self._lock:
            if source.pop(connection, self) is None:  # one that has been given up is in neither
                target[connection] = None

    def _give_one_up(self) -> None:
        kind = self._waiting or self._answering
        if not kind:
            return
        oldest = next(iter(kind))
        del kind[oldest]
        try:
            socket.socket.shutdown(oldest, socket.SHUT_RDWR)  # TLS' own would take its state away from its thread
        except OSError:
            return  # its client was faster
