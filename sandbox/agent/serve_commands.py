"""Requests about commands: start, feed, end, ask for output and results."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from sandbox.agent import tree
from sandbox.agent.commands import DRAIN_S, READ, Running
from sandbox.agent.files import Refused
from sandbox.agent.link import Link, Loop
from sandbox.agent.spawn import Command, shell_line

KEPT = 8
KEPT_BYTES = 4 << 20
"""How many results of ended commands are kept for a controller that comes back."""
Head = dict[str, Any]


class Commands:
    def __init__(self, loop: Loop, link: Link) -> None:
        self._loop = loop
        self._link = link
        self._commands: dict[str, Running] = {}
        self._environment: dict[str, str] = dict(os.environ)
        self._paused = False
        self.operations: dict[str, Callable[[int, Head, bytes], None]] = {
            "exec": self._exec,
            "stdin": self._stdin,
            "kill": self._kill,
            "output": self._output,
            "poll": self._poll,
            "names": self._names,
        }

    def set_environment(self, values: dict[str, str]) -> None:
        """Variables that every command gets over those of the image."""
        self._environment = {**os.environ, **values}

    def active(self) -> list[str]:
        return [name for name, running in self._commands.items() if running.result is None]

    def forget_connection(self) -> None:
        """Nobody listens any more; the commands go on to their end or their deadline."""
        for running in self._commands.values():
            running.listeners.clear()
            running.waiters.clear()
            running.readers.clear()

    def tick(self) -> None:
        """Hold output back while too much waits to go out."""
        if self._paused != self._link.full:
            self._paused = self._link.full
            for running in self._commands.values():
                self._watch_output(running)

    def _find(self, head: Head) -> Running:
        running = self._commands.get(head["name"])
        if running is None:
            raise Refused("not_found")
        return running

    def _exec(self, number: int, head: Head, data: bytes) -> None:
        known = self._commands.get(head["name"])
        if known is not None and known.background:
            self._link.send({"re": number})
            return
        if known is not None:
            self._adopt(number, known)
            return
        argv = head["argv"]
        command = Command(
            argv=shell_line(argv) if isinstance(argv, str) else argv,
            cwd=head["cwd"],
            env={**self._environment, **head.get("env", {})},
        )
        try:
            running = Running(head, command)
        except OSError as problem:
            raise Refused("no_room") from problem
        self._commands[running.name] = running
        self._loop.watch(running.fds.report, selectors.EVENT_READ, lambda: self._report(running))
        self._watch_output(running)
        self._feed(running, data, not running.background and not head.get("more"))
        if head.get("timeout"):
            at = running.began + float(head["timeout"])
            running.deadline = self._loop.later(at, lambda: self._expire(running))
        if running.background:
            self._link.send({"re": number})
        else:
            running.listeners.append(number)

    def _adopt(self, number: int, running: Running) -> None:
        """The same command asked for again: tell whoever asks what it missed, then all the rest."""
        for which, capture in enumerate(running.captures):
            if capture.head:
                self._link.send({"ev": "out", "re": number, "s": which}, bytes(capture.head))
        if running.result is not None:
            self._link.send({"re": number, **running.result}, running.ends())
        else:
            running.listeners.append(number)

    def _stdin(self, number: int, head: Head, data: bytes) -> None:
        self._feed(self._find(head), data, not head.get("more"))
        if number:
            self._link.send({"re": number})

    def _kill(self, number: int, head: Head, data: bytes) -> None:
        running = self._find(head)
        if running.result is None:
            self._end(running)
        self._link.send({"re": number})

    def _output(self, number: int, head: Head, data: bytes) -> None:
        running, which = self._find(head), int(head["s"])
        fresh = running.captures[which].total > int(head["after"])
        if fresh or running.result is not None or not head.get("wait"):
            start, piece = running.captures[which].after(int(head["after"]), READ)
            self._link.send({"re": number, "start": start}, piece)
            return
        running.readers.append((number, head))
        self._loop.later(
            time.monotonic() + float(head["wait"]), lambda: self._answer_readers(running, number)
        )

    def _answer_readers(self, running: Running, only: int | None = None) -> None:
        for number, head in list(running.readers):
            if only is None or only == number:
                running.readers.remove((number, head))
                self._output(number, {**head, "wait": 0}, b"")

    def _poll(self, number: int, head: Head, data: bytes) -> None:
        running = self._find(head)
        if running.result is not None:
            self._link.send({"re": number, **running.result}, running.ends())
        elif head.get("wait"):
            running.waiters.append(number)
        else:
            self._link.send({"re": number, "running": True})

    def _names(self, number: int, head: Head, data: bytes) -> None:
        self._link.send({"re": number, "names": self.active()})

    def _feed(self, running: Running, data: bytes, close: bool) -> None:
        running.stdin += data
        running.stdin_done = running.stdin_done or close
        self._write_stdin(running)

    def _write_stdin(self, running: Running) -> None:
        fd = running.fds.stdin
        if fd not in running.open:
            return
        try:
            while running.stdin:
                del running.stdin[: os.write(fd, running.stdin)]
        except BlockingIOError:
            self._loop.watch(fd, selectors.EVENT_WRITE, lambda: self._write_stdin(running))
            return
        except OSError:
            running.stdin_done = True
        self._forget(running, fd, close=running.stdin_done)

    def _forget(self, running: Running, fd: int, *, close: bool = True) -> None:
        self._loop.watch(fd, 0, _nothing)
        if close:
            running.close(fd)

    def _watch_output(self, running: Running) -> None:
        events = 0 if self._paused else selectors.EVENT_READ
        for which, fd in enumerate((running.fds.stdout, running.fds.stderr)):
            if fd in running.open:
                self._loop.watch(fd, events, partial(self._take, running, which, fd))

    def _take(self, running: Running, which: int, fd: int) -> bool:
        """Read once from an output pipe. False where there was nothing."""
        try:
            data = os.read(fd, READ)
        except BlockingIOError:
            return False
        if not data:
            self._forget(running, fd)
            return False
        first = running.captures[which].feed(data)
        if first:
            for number in running.listeners:
                self._link.send({"ev": "out", "re": number, "s": which}, first)
        self._answer_readers(running)
        return True

    def _report(self, running: Running) -> None:
        told = running.read_report()
        if not told:
            return
        if told == "left":
            running.strays = self._end(running)
        elif told == "dead" and not running.killed:
            # Only a program in here can have killed the supervisor: trust nothing that runs.
            self._end_all()
        self._forget(running, running.fds.report)
        self._drain(running, time.monotonic() + DRAIN_S)

    def _end(self, running: Running) -> int:
        """Kill all that belongs to a command; returns how many that were.

        Where nothing else runs, by one call that nothing can escape.
        """
        if running.killed:
            return 0
        running.killed = True
        if len(self.active()) > 1:
            ended = tree.end_tree(running.fds.supervisor)
            supervisors = {one.fds.supervisor for one in self._commands.values()}
            if ended is not None and not tree.orphans(ended | supervisors):
                return len(ended)
        count = len(tree.descendants(running.fds.supervisor))
        self._end_all()
        return count

    def _end_all(self) -> None:
        for running in self._commands.values():
            running.killed = True
        tree.end_all()

    def _drain(self, running: Running, give_up: float) -> None:
        """Take what is left in the pipes; the result is ready when both have ended."""
        outputs = (running.fds.stdout, running.fds.stderr)
        for which, fd in enumerate(outputs):
            while fd in running.open and self._take(running, which, fd):
                if time.monotonic() > give_up:
                    break
        if any(fd in running.open for fd in outputs) and time.monotonic() < give_up:
            again = time.monotonic() + 0.002
            self._loop.later(again, lambda: self._drain(running, give_up))
            return
        for fd in list(running.open):
            self._forget(running, fd)
        self._finish(running)

    def _finish(self, running: Running) -> None:
        os.chmod("/workspace", 0o700)  # a program that closed it would close it for all to come
        result = running.finish()
        for number in (*running.listeners, *running.waiters):
            self._link.send({"re": number, **result}, running.ends())
        self._answer_readers(running)
        if not running.keep:
            del self._commands[running.name]
        if running.deadline is not None:
            running.deadline.cancel()
        self._forget_old()

    def _forget_old(self) -> None:
        """Keep the latest results, by number and by size."""
        size = 0
        ended = [one for one in self._commands.values() if one.result is not None]
        for count, one in enumerate(reversed(ended)):
            size += one.size
            if count and (count >= KEPT or size > KEPT_BYTES):
                del self._commands[one.name]

    def _expire(self, running: Running) -> None:
        if running.status is None:
            running.timed_out = True
            self._end(running)


def _nothing() -> None:
    pass
