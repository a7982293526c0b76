"""Requests to the agent over an attached stream, and its answers, many at once."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, NamedTuple

from sandbox.agent.frames import CHUNK, HELLO, RESYNC, TOKEN_BYTES, Reader, pack
from sandbox.attach import Attached
from sandbox.errors import SandboxLost

Head = dict[str, Any]
OnEvent = Callable[[Head, bytes], None]

TICK_S = 1.0
PING_AFTER = 2
SILENT_AFTER = 7
"""Ticks without a frame while an answer is due: first the agent is asked, then given up."""
_STDERR_KEPT = 4096


class Reply(NamedTuple):
    head: Head
    data: bytes


class _Pending:
    def __init__(self, on_event: OnEvent | None, limit: int) -> None:
        self.future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.on_event = on_event
        self.data = bytearray()
        self.left = limit


class Channel:
    """The controller's end. Everything pending fails with SandboxLost once the stream ends."""

    def __init__(
        self, stream: Attached, *, on_silent: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        self._stream = stream
        self._on_silent = on_silent
        self._token = secrets.token_bytes(TOKEN_BYTES)
        self._reader = Reader(self._token)
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._events: dict[tuple[str, int], OnEvent] = {}
        self._hello: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        self._stderr = b""
        self._heard = False
        self._busy = asyncio.Event()
        self._keepalive_s = 60.0
        self._sending = asyncio.Lock()
        self.watching = True
        self.lost: SandboxLost | None = None
        self._tasks = [
            asyncio.create_task(self._read(), name="sandbox-read"),
            asyncio.create_task(self._watch(), name="sandbox-watch"),
        ]

    async def hello(self, before: bytes, head: Head, *, timeout_s: float) -> Head:
        """Take the agent over: from its answer on it believes this channel and no other.

        `head` is what is decided about the sandbox (`ttl`, `env`, `note`); the rest stays as it
        was. The answer tells the time to live and the note that hold now.
        """
        await self._write(before + pack(HELLO, head, self._token))
        try:
            async with asyncio.timeout(timeout_s):
                answer = await asyncio.shield(self._hello)
        except TimeoutError:
            raise SandboxLost("The sandbox did not start to answer in time.") from None
        self.keep_alive(answer["ttl"])
        return answer

    async def retake(self, *, timeout_s: float) -> Head:
        """Take over an agent that another controller may have left in the middle of a frame."""
        return await self.hello(RESYNC, {}, timeout_s=timeout_s)

    def keep_alive(self, ttl_s: float) -> None:
        """Speak to the agent often enough that it does not end itself."""
        self._keepalive_s = max(0.2, min(60.0, ttl_s / 3))

    @property
    def complaint(self) -> str:
        """The last that the agent wrote to its standard error; empty while all is well."""
        return self._stderr.decode(errors="replace").strip()

    async def request(
        self,
        head: Head,
        data: bytes = b"",
        *,
        on_event: OnEvent | None = None,
        limit: int = 1 << 20,
        more: Callable[[int], Iterable[tuple[Head, bytes]]] | None = None,
    ) -> Reply:
        """Ask and wait for the answer; at most `limit` bytes of data come with it.

        `more` gives further frames to send for the same request, by its number.
        """
        number = next(self._numbers)
        pending = self._pending[number] = _Pending(on_event, limit)
        self._busy.set()
        try:
            await self.send({**head, "re": number}, data)
            for next_head, piece in more(number) if more else ():
                await self.send(next_head, piece)
            return await pending.future
        finally:
            del self._pending[number]
            if not self._pending:
                self._busy.clear()

    async def send(self, head: Head, data: bytes = b"") -> None:
        """Send one frame without waiting for an answer."""
        await self._write(pack(self._token, head, data))

    def listen(self, event: str, number: int, callback: OnEvent | None) -> None:
        """Call back for each event of this name and number; None stops it."""
        if callback is None:
            self._events.pop((event, number), None)
        else:
            self._events[event, number] = callback

    async def close(self) -> None:
        """Let go of the sandbox; it goes on living until its time to live is over."""
        self._fail(SandboxLost("This sandbox was let go."))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _write(self, data: bytes) -> None:
        if self.lost is not None:
            raise self.lost
        async with self._sending:
            await self._stream.write(data)

    async def _read(self) -> None:
        async for stream, data in self._stream.pieces():
            self._heard = True
            if stream != 1:
                self._stderr = (self._stderr + data)[-_STDERR_KEPT:]
                continue
            for frame in self._reader.feed(data):
                self._handle(frame.head, frame.data)
        last = self.complaint.splitlines()[-1:]
        self._fail(SandboxLost(f"The sandbox ended: {last[0]}" if last else ""))

    def _handle(self, head: Head, data: bytes) -> None:
        event = head.get("ev")
        if event == "hello":
            if not self._hello.done():
                self._hello.set_result(head)
        elif event == "taken":
            self._fail(SandboxLost("Another worker has taken this sandbox over."))
        elif "n" in head:
            callback = self._events.get((str(event), head["n"]))
            if callback is not None:
                callback(head, data)
        else:
            self._answer(head, data)

    def _answer(self, head: Head, data: bytes) -> None:
        pending = self._pending.get(head.get("re", 0))
        if pending is None or pending.future.done():
            return
        pending.left -= len(data)
        if pending.left < 0:
            self._fail(SandboxLost("The sandbox sent more than it was asked for."))
        elif head.get("ev"):
            self._tell(pending, head, data)
        elif head.get("more"):
            pending.data += data
        else:
            pending.future.set_result(Reply(head, bytes(pending.data) + data))

    def _tell(self, pending: _Pending, head: Head, data: bytes) -> None:
        try:
            if pending.on_event is not None:
                pending.on_event(head, data)
        except Exception as problem:  # noqa: BLE001 -- whoever asked gets it, nobody else suffers
            pending.future.set_exception(problem)

    async def _watch(self) -> None:
        """Keep the agent from ending itself, and notice when it has stopped to answer."""
        silent = 0
        while self.lost is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._busy.wait(), self._keepalive_s)
            if not self._pending:
                await self._ping()
                continue
            self._heard = False
            await asyncio.sleep(TICK_S)
            silent = 0 if self._heard or not self._pending or not self.watching else silent + 1
            if silent == PING_AFTER:
                await self._ping()
            if silent >= SILENT_AFTER:
                self._fail(SandboxLost("The sandbox stopped answering and was ended."))
                await self._on_silent()

    async def _ping(self) -> None:
        with contextlib.suppress(SandboxLost):
            await self.send({"op": "ping", "re": 0})

    def _fail(self, problem: SandboxLost) -> None:
        if self.lost is None:
            self.lost = problem
            self._stream.close()
            self._busy.set()  # the watcher sees that it is over
        waiting: list[asyncio.Future[Any]] = [self._hello]
        waiting += [pending.future for pending in self._pending.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(self.lost)
        if self._hello.done():
            self._hello.exception()  # nobody may be waiting for it any more
        for callback in list(self._events.values()):
            callback({"ev": "lost"}, b"")


def pieces(data: bytes) -> Iterable[tuple[bytes, bool]]:
    """`data` cut for frames, with True on every piece but the last; one empty piece for b""."""
    for at in range(0, len(data) or 1, CHUNK):
        yield data[at : at + CHUNK], at + CHUNK < len(data)
