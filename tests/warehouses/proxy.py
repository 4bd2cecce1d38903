"""A TCP proxy on loopback that can stop forwarding while all connections stay open, as a network can."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """Forwards to a port of this machine as long as `flows` is set.

    Attributes:
        port: where it listens.
        flows: cleared, what either side sends is kept back.
    """

    port: int
    flows: threading.Event = field(default_factory=threading.Event)
    sockets: list[socket.socket] = field(default_factory=list)

    def freeze(self) -> None:
        """Stop forwarding."""
        self.flows.clear()

    def cut(self) -> None:
        """End all connections; new ones are accepted."""
        while self.sockets:
            with suppress(OSError):
                self.sockets.pop().shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(target: int) -> Iterator[Proxy]:
    """Run one until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = Proxy(listener.getsockname()[1])
        running.flows.set()

        def pump(source: socket.socket, sink: socket.socket) -> None:
            with suppress(OSError):
                while data := source.recv(65536):
                    running.flows.wait()
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    server = socket.create_connection(("127.0.0.1", target))
                    running.sockets.extend((client, server))
                    for pair in ((client, server), (server, client)):
                        threading.Thread(target=pump, args=pair, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield running
        finally:
            running.flows.set()
            listener.shutdown(socket.SHUT_RDWR)
            running.cut()
