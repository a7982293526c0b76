"""The commands of a sandbox: their output, their ends, and what is kept of them."""

from __future__ import annotations

import os
import time
from typing import Any

from sandbox.agent import cgroup
from sandbox.agent.link import Timer
from sandbox.agent.spawn import REPORT, Command, Spawned, spawn

READ = 1 << 16
RING = 1 << 18
DRAIN_S = 0.2
"""How long output is still collected after a command's last process was killed."""


class Capture:
    """The beginning and the end of a stream; what is in between is only counted."""

    def __init__(self, head: int, tail: int) -> None:
        self.head = bytearray()
        self.tail = bytearray()
        self.total = 0
        self._head = head
        self._tail = tail

    def feed(self, data: bytes) -> bytes:
        """Take output in; returns the part that belongs to the beginning."""
        self.total += len(data)
        first = data[: self._head - len(self.head)]
        self.head += first
        self.tail += data[len(first) :]
        if len(self.tail) > 2 * self._tail:
            del self.tail[: len(self.tail) - self._tail]
        return first

    def end(self) -> bytes:
        return bytes(self.tail[-self._tail :]) if self._tail else b""

    @property
    def omitted(self) -> int:
        return self.total - len(self.head) - len(self.end())

    def after(self, offset: int, limit: int) -> tuple[int, bytes]:
        """Bytes of the tail from `offset` of the whole stream on, and where they begin."""
        first = self.total - len(self.tail)
        start = min(max(offset, first), self.total)
        return start, bytes(self.tail[start - first : start - first + limit])


class Running:
    """One command from its start until its result has been collected."""

    def __init__(self, request: dict[str, Any], command: Command) -> None:
        """Start it. Raises OSError where the sandbox has no room for another process."""
        cap = int(request["cap"])
        self.name = str(request["name"])
        self.background = bool(request.get("background"))
        self.keep = self.background or bool(request.get("keep"))
        head = 0 if self.background else cap * 3 // 4
        tail = RING if self.background else cap - head
        self.captures = (Capture(head, tail), Capture(head, tail))
        self.listeners: list[int] = []
        self.waiters: list[int] = []
        self.deadline: Timer | None = None
        self.readers: list[tuple[int, dict[str, Any]]] = []
        self.stdin = bytearray()
        self.stdin_done = False
        self.result: dict[str, Any] | None = None
        self.began = time.monotonic()
        self.timed_out = False
        self.status: int | None = None
        self.strays = 0
        self.killed = False
        self._ooms = cgroup.oom_kills()
        self.fds: Spawned = spawn(command)
        self.open = {self.fds.report, self.fds.stdin, self.fds.stdout, self.fds.stderr}

    def read_report(self) -> str:
        """What the supervisor says: "" nothing yet, "alone" the command has ended and left nothing
        behind, "left" it has ended but something runs on, "dead" the supervisor was killed."""
        try:
            data = os.read(self.fds.report, REPORT.size)
        except BlockingIOError:
            return ""
        if len(data) < REPORT.size:
            self.status = 9 if self.status is None else self.status
            return "dead"
        self.status, alone = REPORT.unpack(data)
        return "alone" if alone else "left"

    def finish(self) -> dict[str, Any]:
        """The result, once nothing more can come."""
        status = self.status if self.status is not None else 9
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        oom = not self.timed_out and code != 0 and cgroup.oom_kills() > self._ooms
        self.result = {
            "exit": None if self.timed_out else code,
            "timed_out": self.timed_out,
            "oom": oom,
            "strays": self.strays,
            "duration": time.monotonic() - self.began,
            "omitted": [capture.omitted for capture in self.captures],
            "ends": [len(capture.end()) for capture in self.captures],
        }
        return self.result

    @property
    def size(self) -> int:
        """Bytes of output that are held."""
        return sum(len(capture.head) + len(capture.tail) for capture in self.captures)

    def ends(self) -> bytes:
        return b"".join(capture.end() for capture in self.captures)

    def close(self, fd: int) -> None:
        if fd in self.open:
            self.open.discard(fd)
            os.close(fd)
