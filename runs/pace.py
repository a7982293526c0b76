"""How fast a viewer reads: it is sent no more than it takes, and is known when it takes nothing."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self

# What may be under way before more is sent, and what may be under way unread at any time.
MOST, LITTLE = 1 << 20, 1 << 16
STALL_S = 8.0
_POLL_S = 0.02
_STEP_S = 2.0


class TooSlow(Exception):
    """The viewer does not read what it is sent."""


@dataclass(slots=True)
class Message:
    """What is sent to viewers; `seq` is 0 for what is no entry. A line may keep with it what it
    makes of it for all viewers."""

    seq: int
    data: bytes
    frame: bytes | None = None

    @classmethod
    def of(cls, value: dict[str, Any]) -> Self:
        return cls(0, json.dumps(value).encode())

    @classmethod
    def entry(cls, seq: int, text: str) -> Self:
        """Make the message of an entry from its JSON text."""
        return cls(seq, f'{{"type": "entry", "entry": {text}}}'.encode())

    @property
    def erases(self) -> bool:
        """Say whether this may be the erasure of an earlier entry."""
        return b'"kind": "redacted"' in self.data


class Line(Protocol):
    """The line to a viewer, as its server knows it."""

    def write(self, message: Message) -> None: ...
    def backlog(self) -> int: ...
    def reads(self) -> None: ...
    def close(self, code: int) -> None: ...


class Outbox:
    """A line where the server tells nothing but when it has taken a message."""

    def __init__(self, send: Callable[[Any], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: deque[dict[str, Any]] = deque()
        self._size = 0
        self._closed = False
        self._sender: asyncio.Task[None] | None = None

    def write(self, message: Message) -> None:
        self._put({"type": "websocket.send", "text": message.data.decode()})

    def backlog(self) -> int:
        return self._size

    def reads(self) -> None:
        pass

    def close(self, code: int) -> None:
        self._put({"type": "websocket.close", "code": code})
        self._closed = True

    def _put(self, event: dict[str, Any]) -> None:
        if self._closed:
            return
        self._waiting.append(event)
        self._size += len(event.get("text", ""))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.ensure_future(self._send_all())

    async def _send_all(self) -> None:
        while self._waiting:
            event = self._waiting.popleft()
            await self._send(event)
            self._size -= len(event.get("text", ""))


class Pace:
    """Watches one viewer."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._sent = 0
        self._arrived = 0
        self._idle_s = 0.0
        self._looked = time.monotonic()

    def sends(self, message: Message) -> None:
        """Count a message that is sent now."""
        self._sent += len(message.data)

    def is_full(self) -> bool:
        return self.look() > MOST

    async def room(self) -> None:
        """Wait until more may be sent. Raises TooSlow where nothing arrives for `STALL_S`."""
        while self.is_full():  # noqa: ASYNC110 (neither Daphne nor the kernel has an event)
            await asyncio.sleep(_POLL_S)

    def look(self) -> int:
        """Return how many bytes are under way. Raises TooSlow as `room` does."""
        backlog = self._line.backlog()
        now = time.monotonic()
        if backlog <= LITTLE:
            self._idle_s = 0.0
        elif self._sent - backlog > self._arrived:
            self._idle_s = 0.0
            self._line.reads()
        else:
            # While this process stood still itself, nothing could arrive.
            self._idle_s += min(now - self._looked, _STEP_S)
            if self._idle_s > STALL_S:
                raise TooSlow
        self._arrived = max(self._arrived, self._sent - backlog)
        self._looked = now
        return backlog
