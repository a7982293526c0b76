"""Connections from the controller to a port inside the sandbox, carried in frames."""

from __future__ import annotations

import errno
import os
import selectors
import socket
from collections.abc import Callable
from typing import Any

from sandbox.agent.door import Door
from sandbox.agent.frames import CHUNK
from sandbox.agent.link import Link, Loop

WINDOW = 1 << 18
"""Bytes either side may send before the other has said that it used them."""


MOST_ARRIVALS = 64
"""Connections from inside at once."""


class Tunnel:
    """One connection. Opens to 127.0.0.1, then to ::1; reports what happened by `opened`."""

    def __init__(
        self,
        loop: Loop,
        link: Link,
        number: int,
        port: int,
        done: Callable[[int, str], None],
    ) -> None:
        self._loop = loop
        self._link = link
        self._number = number
        self._done = done
        self._out = bytearray()
        self._eof = False
        self._at_end = False
        self._credit = WINDOW
        self._port = port
        self._hosts = [(socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1")]
        self._connected = False
        self._socket: socket.socket | None = None

    def start(self) -> None:
        self._try_next("no address")

    def take(self, came: socket.socket) -> None:
        """Carry a connection that was opened from inside."""
        self._hosts = []
        self._connected = True
        self._socket = came
        self.refresh()

    def _try_next(self, reason: str) -> None:
        self._drop()
        if not self._hosts:
            self._done(self._number, reason)
            return
        family, host = self._hosts.pop()
        try:
            self._socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            code = self._socket.connect_ex((host, self._port))
        except OSError as problem:
            code = problem.errno or errno.EIO
        if code not in (0, errno.EINPROGRESS):
            self._try_next(os.strerror(code))
            return
        self._watch(selectors.EVENT_WRITE)

    def _watch(self, events: int) -> None:
        if self._socket is not None:
            self._loop.watch(self._socket.fileno(), events, self._ready)

    def _ready(self) -> None:
        if self._socket is None:
            return
        if not self._connected:
            code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self._try_next(os.strerror(code))
                return
            self._connected = True
            self._done(self._number, "")
        else:
            self._push()
            self._pull()
        self.refresh()

    def refresh(self) -> None:
        """Watch for what can be done now."""
        if self._connected and self._socket is not None:
            reading = self._credit > 0 and not self._at_end and not self._link.full
            self._watch((1 if reading else 0) | (2 if self._out else 0))

    def _pull(self) -> None:
        if self._credit <= 0 or self._at_end or self._socket is None:
            return
        try:
            data = self._socket.recv(min(self._credit, CHUNK))
        except BlockingIOError:
            return
        except OSError:
            self.close(tell=True)
            return
        if data:
            self._credit -= len(data)
            self._link.send({"ev": "tunnel", "n": self._number}, data)
        else:
            self._link.send({"ev": "tunnel_eof", "n": self._number})
            self._at_end = True

    def _push(self) -> None:
        if self._socket is None or not self._out:
            self._finish_writing()
            return
        try:
            sent = self._socket.send(self._out)
        except BlockingIOError:
            return
        except OSError:
            self.close(tell=True)
            return
        del self._out[:sent]
        self._link.send({"ev": "tunnel_used", "n": self._number, "bytes": sent})
        self._finish_writing()

    def _finish_writing(self) -> None:
        if self._eof and not self._out and self._socket is not None:
            self._eof = False
            try:
                self._socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def receive(self, head: dict[str, Any], data: bytes) -> None:
        """Take a frame of this tunnel: data, the end of data, or room for more."""
        self._credit += int(head.get("used", 0))
        if len(self._out) + len(data) > 2 * WINDOW:
            self.close(tell=True)
            return
        self._out += data
        self._eof = self._eof or bool(head.get("eof"))
        if self._connected:
            self._push()
            self.refresh()

    def close(self, tell: bool = False) -> None:
        self._drop()
        if tell:
            self._done(self._number, "closed")

    def _drop(self) -> None:
        if self._socket is not None:
            self._loop.watch(self._socket.fileno(), 0, self._ready)
            self._socket.close()
            self._socket = None


class Tunnels:
    """All tunnels of the sandbox by the number of the request that opened each; those that were
    opened from inside have negative ones."""

    def __init__(self, loop: Loop, link: Link) -> None:
        self._loop = loop
        self._link = link
        self._open: dict[int, Tunnel] = {}
        self._held = False
        self._arrivals = 0
        self._door = Door(loop, self._arrive)
        self.operations: dict[str, Callable[[int, dict[str, Any], bytes], None]] = {
            "dial": self._dial,
            "tunnel": self._carry,
            "hang_up": self._hang_up,
        }

    def open_door(self) -> None:
        """Let programs out, as far as the controller lets them."""
        self._door.open()

    def _arrive(self, came: socket.socket) -> None:
        if sum(number < 0 for number in self._open) >= MOST_ARRIVALS:
            came.close()
            return
        self._arrivals += 1
        number = -self._arrivals
        self._link.send({"ev": "arrived", "n": 0, "tunnel": number})
        self._open[number] = Tunnel(self._loop, self._link, number, 0, self._told)
        self._open[number].take(came)

    def forget_connection(self) -> None:
        for tunnel in self._open.values():
            tunnel.close()
        self._open.clear()

    def tick(self) -> None:
        if self._held != self._link.full:
            self._held = self._link.full
            for tunnel in self._open.values():
                tunnel.refresh()

    def _dial(self, number: int, head: dict[str, Any], data: bytes) -> None:
        self._open[number] = Tunnel(self._loop, self._link, number, int(head["port"]), self._told)
        self._open[number].start()

    def _told(self, number: int, reason: str) -> None:
        if not reason:
            self._link.send({"re": number})
        elif reason == "closed":
            self._open.pop(number, None)
            self._link.send({"ev": "tunnel_closed", "n": number})
        else:
            self._open.pop(number, None)
            self._link.send({"re": number, "error": "refused", "text": reason})

    def _carry(self, number: int, head: dict[str, Any], data: bytes) -> None:
        tunnel = self._open.get(number)
        if tunnel is not None:
            tunnel.receive(head, data)

    def _hang_up(self, number: int, head: dict[str, Any], data: bytes) -> None:
        tunnel = self._open.pop(number, None)
        if tunnel is not None:
            tunnel.close()
