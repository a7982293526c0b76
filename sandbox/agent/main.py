"""PID 1 of a sandbox: takes requests from the controller and answers them, until nobody asks."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
import traceback
from typing import Any

from sandbox.agent import linux, tree
from sandbox.agent.files import Refused, refusal
from sandbox.agent.frames import HELLO, Frame
from sandbox.agent.link import Link, Loop
from sandbox.agent.serve_commands import Commands
from sandbox.agent.serve_files import Storage
from sandbox.agent.tunnel import Tunnels

VERSION = 1
_FIRST_TTL_S = 120.0


def protect() -> bool:
    """Make this process untouchable for what it will start. True where seccomp is in force."""
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.pop("HOSTNAME", None)
    return linux.install_seccomp()


class Agent:
    def __init__(self) -> None:
        self._seccomp = protect()
        self._ttl = _FIRST_TTL_S
        self._note: Any = None
        self._loop = Loop()
        self._link = Link(self._loop, self._handle)
        self._commands = Commands(self._loop, self._link)
        self._storage = Storage(self._link)
        self._tunnels = Tunnels(self._loop, self._link)
        self._operations = {
            "ping": self._ping,
            "adopt": self._adopt,
            **self._commands.operations,
            **self._storage.operations,
            **self._tunnels.operations,
        }

    def _handle(self, frame: Frame) -> None:
        if frame.token == HELLO:
            self._hello(frame)
            return
        number = frame.head.get("re", 0)
        answer = {"re": number}
        try:
            self._operations[frame.head["op"]](number, frame.head, frame.data)
        except Refused as refused:
            self._link.send({**answer, "error": refused.code})
        except OSError as problem:
            self._link.send({**answer, "error": refusal(problem)})
        except Exception:
            self._link.send({**answer, "error": "agent", "text": traceback.format_exc(limit=-3)})

    def _ping(self, number: int, head: dict[str, Any], data: bytes) -> None:
        self._link.send({"re": number})

    def _adopt(self, number: int, head: dict[str, Any], data: bytes) -> None:
        self._settle(head)
        self._link.send({"re": number})

    def _settle(self, head: dict[str, Any]) -> None:
        """Take what the controller decides about this sandbox; what it leaves out stays."""
        self._ttl = float(head.get("ttl", self._ttl))
        self._note = head.get("note", self._note)
        if "env" in head:
            self._commands.set_environment(head["env"])
        if head.get("door"):
            self._tunnels.open_door()

    def _hello(self, frame: Frame) -> None:
        token = frame.data
        if len(token) != len(HELLO):
            return
        self._link.send({"ev": "taken"})
        for part in (self._commands, self._storage, self._tunnels):
            part.forget_connection()
        self._link.begin(token)
        self._settle(frame.head)
        self._link.send(
            {
                "ev": "hello",
                "version": VERSION,
                "python": list(sys.version_info[:3]),
                "seccomp": self._seccomp,
                "ttl": self._ttl,
                "note": self._note,
            }
        )

    def run(self) -> None:
        """Serve until the connection is closed for good or the time to live is over."""
        gc.collect()
        gc.freeze()
        while not self._link.closed:
            self._loop.turn(0.25 if self._commands.active() else 5.0)
            self._commands.tick()
            self._tunnels.tick()
            tree.reap()
            if time.monotonic() - self._link.heard > self._ttl:
                break
        tree.end_all()


def main() -> None:
    Agent().run()
