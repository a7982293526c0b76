"""How fast a viewer reads: it is sent no more than it takes, and is known when it takes nothing."""

import asyncio
import time
from typing import Protocol

# What may be under way before more is sent, and what may be under way unread at any time.
MOST, LITTLE = 1 << 20, 1 << 16
STALL_S = 8.0
_POLL_S = 0.02
_STEP_S = 2.0


class TooSlow(Exception):
    """The viewer does not read what it is sent."""


class Line(Protocol):
    """What a server knows of the line to a viewer."""

    def backlog(self) -> int: ...
    def reads(self) -> None: ...
    def close(self, code: int) -> None: ...


class Pace:
    """Watches one viewer. Without a line, which not every server has, nothing is held back."""

    def __init__(self, line: Line | None) -> None:
        self._line = line
        self._sent = 0
        self._arrived = 0
        self._idle_s = 0.0
        self._looked = time.monotonic()

    def sends(self, text: str) -> None:
        """Count a message that is sent now."""
        self._sent += len(text)

    def is_full(self) -> bool:
        return self.look() > MOST

    async def room(self) -> None:
        """Wait until more may be sent. Raises TooSlow where nothing arrives for `STALL_S`."""
        while self.is_full():  # noqa: ASYNC110 (neither Daphne nor the kernel has an event)
            await asyncio.sleep(_POLL_S)

    def look(self) -> int:
        """Return how many bytes are under way. Raises TooSlow as `room` does."""
        if self._line is None:
            return 0
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
