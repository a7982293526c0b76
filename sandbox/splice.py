"""Carrying bytes between two connections until they are through."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

PIECE = 1 << 16
LINGER_S = 30.0
"""How long the second may be silent once the first has said all: it may well be gone."""
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True)
class Carried:
    """Bytes that went from the first connection to the second (`up`), and back (`down`)."""

    up: int = 0
    down: int = 0

    @property
    def total(self) -> int:
        return self.up + self.down


class Pace:
    """How fast bytes may go, over all connections that share it; a second's worth may go at once,
    so that pages come undelayed and only floods are held."""

    def __init__(self, bytes_per_s: float) -> None:
        self._rate = bytes_per_s
        self._free_at = 0.0

    async def take(self, size: int) -> None:
        """Wait until so many bytes may go."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now - 1.0) + size / self._rate
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)


class TooMuch(Exception):
    """More bytes than a connection may carry."""


async def splice(
    one: Pair,
    two: Pair,
    carried: Carried,
    *,
    idle_s: float,
    most: int | None = None,
    pace: Pace | None = None,
) -> None:
    """Carry bytes both ways until the second has said all it has to say, either is broken, nothing
    has moved for `idle_s` seconds (`LINGER_S` once the first has said all), or `most` bytes have.

    Neither is read faster than the other takes them. Closes both; `carried` counts along.
    """
    up = asyncio.create_task(_carry(one[0], two[1], carried, "up", most, pace))
    down = asyncio.create_task(_carry(two[0], one[1], carried, "down", most, pace))
    tasks = {up, down}
    try:
        while not down.done() and not (up.done() and up.exception()):
            pending = {task for task in tasks if not task.done()}
            before = carried.total
            done, _ = await asyncio.wait(
                pending,
                timeout=min(idle_s, LINGER_S) if up.done() else idle_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not done and carried.total == before:
                break
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, writer in (one, two):
            writer.close()


async def _carry(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    carried: Carried,
    way: Literal["up", "down"],
    most: int | None,
    pace: Pace | None,
) -> None:
    while data := await reader.read(PIECE):
        setattr(carried, way, getattr(carried, way) + len(data))
        if most is not None and carried.total > most:
            raise TooMuch
        writer.write(data)
        await writer.drain()
        if pace is not None:
            await pace.take(len(data))
    if writer.can_write_eof():
        writer.write_eof()
