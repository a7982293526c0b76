"""The agent's end of the connection, and the one loop that everything in PID 1 runs on."""

from __future__ import annotations

import heapq
import os
import selectors
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.agent.frames import CHUNK, HELLO, Frame, Reader, pack

FULL = 1 << 20
"""Bytes waiting to go out above which no more output is taken from commands and tunnels."""

Callback = Callable[[], object]


class Timer:
    """Something to be done at a time. Cancelled, it holds on to nothing."""

    def __init__(self, at: float, callback: Callback) -> None:
        self.at = at
        self.callback: Callback | None = callback

    def __lt__(self, other: Timer) -> bool:
        return self.at < other.at

    def cancel(self) -> None:
        self.callback = None


class Loop:
    """Descriptors and timers; a callback for each."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[Timer] = []

    def watch(self, fd: int, events: int, callback: Callback) -> None:
        """Call back whenever `fd` is ready for `events` (1 read, 2 write, 0 forget it)."""
        known = fd in self._selector.get_map()
        if not events:
            if known:
                self._selector.unregister(fd)
        elif known:
            self._selector.modify(fd, events, callback)
        else:
            self._selector.register(fd, events, callback)

    def later(self, at: float, callback: Callback) -> Timer:
        timer = Timer(at, callback)
        heapq.heappush(self._timers, timer)
        return timer

    def turn(self, longest: float) -> None:
        """Wait for something, at most `longest` seconds, and handle all that is due."""
        if self._timers:
            longest = min(longest, self._timers[0].at - time.monotonic())
        for key, _ in self._selector.select(max(0.0, longest)):
            now = self._selector.get_map().get(key.fd)
            if now is not None and now.data is key.data:
                key.data()
        while self._timers and self._timers[0].at <= time.monotonic():
            callback = heapq.heappop(self._timers).callback
            if callback is not None:
                callback()


class Link:
    """Frames in from descriptor 0, frames out to descriptor 1, never blocking on either."""

    def __init__(self, loop: Loop, handle: Callable[[Frame], None]) -> None:
        self._loop = loop
        self._handle = handle
        self._reader = Reader(HELLO)
        self._token = HELLO
        self._out: deque[memoryview | Iterator[tuple[dict[str, Any], bytes]]] = deque()
        self._waiting = 0
        self.closed = False
        self.heard = time.monotonic()
        for fd in (0, 1):
            os.set_blocking(fd, False)
        loop.watch(0, selectors.EVENT_READ, self._read)

    @property
    def full(self) -> bool:
        return self._waiting > FULL

    def begin(self, token: bytes) -> None:
        """A controller has said hello: from now on believe and use its token."""
        self._token = token
        self._reader.tokens = {HELLO, token}
        self._out.clear()
        self._waiting = 0

    def send(self, head: dict[str, Any], data: bytes = b"") -> None:
        at = 0
        while len(data) - at > CHUNK:
            self._put(pack(self._token, {**head, "more": True}, data[at : at + CHUNK]))
            at += CHUNK
        self._put(pack(self._token, head, data[at:]))

    def send_pieces(self, pieces: Iterator[tuple[dict[str, Any], bytes]]) -> None:
        """Send frames that are made only when there is room for them."""
        self._out.append(pieces)
        self._write()

    def _put(self, frame: bytes) -> None:
        self._out.append(memoryview(frame))
        self._waiting += len(frame)
        self._write()

    def _read(self) -> None:
        try:
            data = os.read(0, 1 << 18)
        except BlockingIOError:
            return
        if not data:
            self.closed = True
            return
        for frame in self._reader.feed(data):
            self.heard = time.monotonic()
            self._handle(frame)

    def _write(self) -> None:
        while self._out:
            first = self._out[0]
            if not isinstance(first, memoryview):
                piece = next(first, None)
                if piece is None:
                    self._out.popleft()
                    continue
                frame = pack(self._token, piece[0], piece[1])
                self._out.appendleft(memoryview(frame))
                self._waiting += len(frame)
                continue
            try:
                sent = os.write(1, first)
            except BlockingIOError:
                break
            self._waiting -= sent
            if sent < len(first):
                self._out[0] = first[sent:]
            else:
                self._out.popleft()
        self._loop.watch(1, selectors.EVENT_WRITE if self._out else 0, self._write)
