"""Breaking off what branches still do when their crew has come to its result without it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from runs.errors import RunError


class NotNeeded(RunError):
    """It was broken off, as its crew had come to the result without it."""

    kind = "not_needed"


class Cut:
    """Once it is `made`, nothing more begins in its branches, and what is under way is broken
    off."""

    def __init__(self) -> None:
        self.made = False
        self._under_way: set[asyncio.Timeout] = set()

    def make(self) -> None:
        self.made = True
        for effect in self._under_way:
            _expire(effect)

    def begin(self, effect: asyncio.Timeout) -> None:
        self._under_way.add(effect)
        if self.made:
            _expire(effect)

    def end(self, effect: asyncio.Timeout) -> None:
        self._under_way.discard(effect)


@asynccontextmanager
async def breakable(cuts: Sequence[Cut]) -> AsyncIterator[None]:
    """Let something happen unless one of the cuts is made. Raises NotNeeded."""
    if not cuts:
        yield
        return
    limit = asyncio.timeout(None)
    try:
        async with limit:
            for cut in cuts:
                cut.begin(limit)
            yield
    except TimeoutError:
        if limit.expired():
            raise NotNeeded from None
        raise
    finally:
        for cut in cuts:
            cut.end(limit)


def _expire(effect: asyncio.Timeout) -> None:
    effect.reschedule(asyncio.get_running_loop().time())
