"""Sandboxes made ahead of their use.

A sandbox from the pool is used once and then killed: what one team had is never given to another.
A process that dies leaves no waiting sandbox behind for longer than their short time to live.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Mapping
from typing import Protocol

from sandbox.api import EngineStatus, Keep, SandboxInfo, SandboxSpec
from sandbox.errors import SandboxError
from sandbox.hardening import refuse_unreasonable
from sandbox.live import LiveSandbox

RECENT_S = 120.0
PATIENCE_S = 0.3

Kind = tuple[object, ...]


class Workshop(Protocol):
    """What the pool needs of a driver, `DockerDriver`."""

    async def create(self, spec: SandboxSpec) -> LiveSandbox: ...
    async def warm(self, spec: SandboxSpec) -> LiveSandbox: ...
    async def adopt(self, waiting: LiveSandbox, spec: SandboxSpec) -> None: ...
    async def connect(self, sandbox_id: str) -> LiveSandbox: ...
    async def list(self, labels: Mapping[str, str] | None = None) -> tuple[SandboxInfo, ...]: ...
    async def remove(self, sandbox_id: str) -> None: ...
    async def reap(self, keep: Keep, *, grace_s: float = 10) -> tuple[str, ...]: ...
    async def check(self) -> EngineStatus: ...
    async def close(self) -> None: ...


def kind_of(spec: SandboxSpec) -> Kind:
    """What must be equal for a waiting sandbox to serve a spec; the rest is told to its agent."""
    return (spec.image, spec.cpu, spec.memory_mb, spec.network, spec.runtime)


class _Shelf:
    """The waiting sandboxes of one kind, and when one was asked for."""

    def __init__(self, spec: SandboxSpec) -> None:
        self.spec = spec
        self.waiting: deque[LiveSandbox] = deque()
        self.making = 0
        self._asked: deque[float] = deque()

    def ask(self) -> None:
        self._asked.append(time.monotonic())

    def demand(self) -> int:
        """How many were asked for lately."""
        while self._asked and self._asked[0] < time.monotonic() - RECENT_S:
            self._asked.popleft()
        return len(self._asked)

    def take(self) -> LiveSandbox | None:
        while self.waiting:
            box = self.waiting.popleft()
            if not box.lost:
                return box
        return None


class PooledDriver:
    """A `Driver` whose `create` takes a waiting sandbox where there is one.

    For each kind asked for within the last `RECENT_S` seconds, as many wait as were asked for in
    that time, but at least `minimum`; in all kinds together never more than `maximum`.
    """

    def __init__(self, driver: Workshop, *, minimum: int = 1, maximum: int = 6) -> None:
        self._driver = driver
        self._minimum = minimum
        self._maximum = maximum
        self._shelves: dict[Kind, _Shelf] = {}
        self._makers: set[asyncio.Task[None]] = set()
        self._trimmer: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many sandboxes wait for their use."""
        return sum(len(shelf.waiting) for shelf in self._shelves.values())

    def prepare(self, spec: SandboxSpec) -> None:
        """Begin to make a sandbox of this kind: one is going to be asked for soon."""
        shelf = self._shelves.setdefault(kind_of(spec), _Shelf(spec))
        shelf.ask()
        self._fill(shelf)
        if self._trimmer is None:
            self._trimmer = asyncio.create_task(self._trim(), name="sandbox-pool-trim")

    async def create(self, spec: SandboxSpec) -> LiveSandbox:
        refuse_unreasonable(spec)
        shelf = self._shelves.get(kind_of(spec))
        box = shelf.take() if shelf is not None else None
        self.prepare(spec)
        if box is None:
            return await self._driver.create(spec)
        try:
            await self._driver.adopt(box, spec)
        except SandboxError:
            await self._driver.remove(box.id)
            return await self._driver.create(spec)
        return box

    async def wait_filled(self) -> None:
        """Wait until every sandbox that is being made is there."""
        while self._makers:
            await asyncio.wait(self._makers)

    def _wanted(self, shelf: _Shelf) -> int:
        demand = shelf.demand()
        return min(self._maximum, max(self._minimum, demand)) if demand else 0

    def _fill(self, shelf: _Shelf) -> None:
        total = self.waiting + sum(one.making for one in self._shelves.values())
        missing = self._wanted(shelf) - len(shelf.waiting) - shelf.making
        for _ in range(min(missing, self._maximum - total)):
            shelf.making += 1
            task = asyncio.create_task(self._make(shelf), name="sandbox-pool-make")
            self._makers.add(task)
            task.add_done_callback(self._makers.discard)

    async def _make(self, shelf: _Shelf) -> None:
        try:
            # Whoever asks right now needs the machine more than those who will ask later.
            await asyncio.sleep(PATIENCE_S)
            shelf.waiting.append(await self._driver.warm(shelf.spec))
        except SandboxError:
            return  # whoever asks for this kind is told why by `create`
        finally:
            shelf.making -= 1

    async def _trim(self) -> None:
        """End what waits for no demand any more."""
        while True:
            await asyncio.sleep(RECENT_S / 4)
            for shelf in self._shelves.values():
                while len(shelf.waiting) > self._wanted(shelf):
                    with contextlib.suppress(SandboxError):
                        await self._driver.remove(shelf.waiting.popleft().id)

    async def connect(self, sandbox_id: str) -> LiveSandbox:
        return await self._driver.connect(sandbox_id)

    async def list(self, labels: Mapping[str, str] | None = None) -> tuple[SandboxInfo, ...]:
        return await self._driver.list(labels)

    async def remove(self, sandbox_id: str) -> None:
        await self._driver.remove(sandbox_id)

    async def reap(self, keep: Keep, *, grace_s: float = 10) -> tuple[str, ...]:
        return await self._driver.reap(keep, grace_s=grace_s)

    async def check(self) -> EngineStatus:
        return await self._driver.check()

    async def close(self) -> None:
        """End all that wait; let go of all in use."""
        tasks = [*self._makers, *([self._trimmer] if self._trimmer else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for shelf in self._shelves.values():
            for box in shelf.waiting:
                with contextlib.suppress(SandboxError):
                    await self._driver.remove(box.id)
        self._shelves.clear()
        await self._driver.close()
