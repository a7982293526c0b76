"""The way out of a sandbox without network: a port on its own loopback, whose connections the
controller takes over as tunnels that were opened from inside. What they may reach, it decides."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable

from sandbox.agent.link import Loop

PORT = 3128
_WAITING = 64


class Door:
    def __init__(self, loop: Loop, arrived: Callable[[socket.socket], None]) -> None:
        self._loop = loop
        self._arrived = arrived
        self._listener: socket.socket | None = None

    def open(self) -> None:
        """Listen, unless it does already."""
        if self._listener is not None:
            return
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", PORT))
        self._listener.listen(_WAITING)
        self._loop.watch(self._listener.fileno(), selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            came = self._listener.accept()[0]
        except OSError:
            return
        came.setblocking(False)
        self._arrived(came)
