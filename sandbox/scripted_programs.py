"""Programs of scripted sandboxes: Python coroutines that stand in for what an image contains."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from sandbox.api import ExecResult, OnOutput, Output, Stream
from sandbox.scripted_files import ScriptedFiles


@dataclass(kw_only=True)
class Call:
    """What a scripted program is started with, and where it writes."""

    argv: list[str]
    stdin: bytes
    cwd: str
    env: Mapping[str, str]
    files: ScriptedFiles
    source: str = ""
    on_output: OnOutput | None = None
    output: dict[Stream, bytearray] = field(
        default_factory=lambda: {"stdout": bytearray(), "stderr": bytearray()}
    )
    fresh: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, data: bytes, stream: Stream = "stdout") -> None:
        self.output[stream] += data
        self.fresh.set()
        if self.on_output is not None:
            self.on_output(stream, data)


Program = Callable[[Call], Awaitable[int]]
"""Runs to its exit code. Named by the first word of a command, or by the language of code."""


async def _echo(call: Call) -> int:
    call.write(" ".join(call.argv[1:]).encode() + b"\n")
    return 0


async def _cat(call: Call) -> int:
    call.write(call.stdin)
    return 0


async def _sleep(call: Call) -> int:
    await asyncio.sleep(float(call.argv[1]))
    return 0


async def _true(_: Call) -> int:
    return 0


async def _false(_: Call) -> int:
    return 1


async def _printenv(call: Call) -> int:
    value = call.env.get(call.argv[1])
    call.write(b"" if value is None else value.encode() + b"\n")
    return 1 if value is None else 0


async def _pwd(call: Call) -> int:
    call.write(call.cwd.encode() + b"\n")
    return 0


BUILT_IN: Mapping[str, Program] = {
    "echo": _echo,
    "cat": _cat,
    "sleep": _sleep,
    "true": _true,
    "false": _false,
    "printenv": _printenv,
    "pwd": _pwd,
}


def cut(data: bytes, cap: int) -> tuple[bytes, bool]:
    """Output over the cap as the agent gives it: beginning, a note, end."""
    if len(data) <= cap:
        return data, False
    head = cap * 3 // 4
    tail = cap - head
    note = b"\n[... %d bytes left out ...]\n" % (len(data) - cap)
    return data[:head] + note + (data[-tail:] if tail else b""), True


class ScriptedProcess:
    """Implements `sandbox.api.Process`."""

    def __init__(self, process_id: str, call: Call, task: asyncio.Task[ExecResult]) -> None:
        self._id = process_id
        self._call = call
        self.task = task

    @property
    def id(self) -> str:
        return self._id

    async def output(
        self, stream: Stream = "stdout", *, after: int = 0, wait_s: float = 0
    ) -> Output:
        text = self._call.output[stream]
        give_up = time.monotonic() + wait_s
        while len(text) <= after and not self.task.done() and time.monotonic() < give_up:
            self._call.fresh.clear()
            fresh = asyncio.create_task(self._call.fresh.wait())
            await asyncio.wait(
                (fresh, self.task), timeout=wait_s, return_when=asyncio.FIRST_COMPLETED
            )
            fresh.cancel()
        data = bytes(text[after:])
        return Output(data=data, next_offset=max(after, 0) + len(data))

    async def write_stdin(self, data: bytes, *, close: bool = False) -> None:
        self._call.stdin += data

    async def poll(self) -> ExecResult | None:
        return self.task.result() if self.task.done() else None

    async def wait(self, timeout_s: float | None = None) -> ExecResult:
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(self.task)

    async def kill(self) -> None:
        self.task.cancel()
        await asyncio.wait((self.task,))
