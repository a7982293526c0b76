"""Handles of commands in a running sandbox, and what their answers mean."""

from __future__ import annotations

import asyncio
from typing import Any

from sandbox.api import ExecResult, OnOutput, Output, Stream
from sandbox.channel import Channel, Head, Reply, pieces
from sandbox.errors import SandboxLost

STREAMS: tuple[Stream, Stream] = ("stdout", "stderr")
_ENDS = 2 << 20


class Collected:
    """Gathers the output of one command as it comes."""

    def __init__(self, on_output: OnOutput | None) -> None:
        self._on_output = on_output
        self._heads = (bytearray(), bytearray())

    def event(self, head: Head, data: bytes) -> None:
        which = 1 if head.get("s") == 1 else 0
        self._heads[which].extend(data)
        if self._on_output is not None:
            self._on_output(STREAMS[which], data)

    def result(self, reply: Reply) -> ExecResult:
        """The whole result: beginnings as they came, then the ends that the answer carries."""
        cut = int(reply.head["ends"][0])
        ends = (reply.data[:cut], reply.data[cut:])
        texts = []
        for which in (0, 1):
            omitted = int(reply.head["omitted"][which])
            note = b"\n[... %d bytes left out ...]\n" % omitted if omitted else b""
            if self._on_output is not None and (note or ends[which]):
                self._on_output(STREAMS[which], note + ends[which])
            texts.append(bytes(self._heads[which]) + note + ends[which])
        return result_of(reply.head, texts[0], texts[1])


def result_of(head: dict[str, Any], stdout: bytes, stderr: bytes) -> ExecResult:
    return ExecResult(
        exit_code=head["exit"],
        stdout=stdout,
        stderr=stderr,
        stdout_truncated=head["omitted"][0] > 0,
        stderr_truncated=head["omitted"][1] > 0,
        timed_out=head["timed_out"],
        oom=head["oom"],
        duration_s=head["duration"],
        strays=head["strays"],
    )


def not_started(reason: str) -> ExecResult:
    """The result of a command that could not even be started."""
    return ExecResult(exit_code=126, stderr=f"callsheet: {reason}\n".encode())


class LiveProcess:
    """Implements `sandbox.api.Process`; holds nothing but the name the agent knows it by."""

    def __init__(self, channel: Channel, process_id: str) -> None:
        self._channel = channel
        self._id = process_id

    @property
    def id(self) -> str:
        return self._id

    async def _ask(self, head: Head) -> Reply:
        reply = await self._channel.request({**head, "name": self._id}, limit=_ENDS)
        if reply.head.get("error") == "not_found":
            raise SandboxLost(f"The sandbox knows no process {self._id}. Start it again.")
        if "error" in reply.head:
            raise SandboxLost(f"The sandbox's agent failed: {reply.head.get('text', '')}")
        return reply

    async def output(
        self, stream: Stream = "stdout", *, after: int = 0, wait_s: float = 0
    ) -> Output:
        reply = await self._ask(
            {"op": "output", "s": STREAMS.index(stream), "after": after, "wait": wait_s}
        )
        start = int(reply.head["start"])
        return Output(
            data=reply.data,
            next_offset=start + len(reply.data),
            lost=max(0, start - after),
        )

    async def write_stdin(self, data: bytes, *, close: bool = False) -> None:
        for piece, more in pieces(data):
            await self._ask_with({"op": "stdin", "more": more or not close}, piece)

    async def _ask_with(self, head: Head, data: bytes) -> None:
        reply = await self._channel.request({**head, "name": self._id}, data)
        if "error" in reply.head:
            raise SandboxLost(f"The sandbox knows no process {self._id}. Start it again.")

    async def poll(self) -> ExecResult | None:
        reply = await self._ask({"op": "poll"})
        return None if "running" in reply.head else Collected(None).result(reply)

    async def wait(self, timeout_s: float | None = None) -> ExecResult:
        """Raises TimeoutError where it is still running after `timeout_s`."""
        async with asyncio.timeout(timeout_s):
            return Collected(None).result(await self._ask({"op": "poll", "wait": True}))

    async def kill(self) -> None:
        await self._ask({"op": "kill"})
        await self._ask({"op": "poll", "wait": True})
