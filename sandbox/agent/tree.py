"""Ending process trees. Nothing here forks, starts a thread or waits without an end."""

from __future__ import annotations

import os
import signal
import time


def parents() -> dict[int, int]:
    """Every living process of the sandbox with its parent."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                text = stat.read()
        except OSError:
            continue
        state, parent = text[text.rindex(b")") + 2 :].split(b" ", 2)[:2]
        if state not in (b"Z", b"X"):
            found[int(name)] = int(parent)
    return found


def descendants(root: int) -> set[int]:
    """All living processes below `root`, without it."""
    below: dict[int, list[int]] = {}
    for pid, parent in parents().items():
        below.setdefault(parent, []).append(pid)
    found: set[int] = set()
    front = [root]
    while front:
        for pid in below.get(front.pop(), ()):
            if pid not in found:
                found.add(pid)
                front.append(pid)
    return found


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def end_tree(root: int, limit_s: float = 1.0) -> set[int] | None:
    """Kill everything below `root`, which adopts all orphans of its tree, and then `root` too.

    All are stopped until nothing new appears, then killed. A fork that was under way when its
    parent was stopped may still bring one more; only a process with a pending SIGKILL can bring
    none, so it is over when a look after killing finds nobody new. Returns who was killed, or None
    where that did not come in time.
    """
    give_up = time.monotonic() + limit_s
    killed: set[int] = set()
    while True:
        stopped: set[int] = set()
        while new := descendants(root) - stopped - killed:
            for pid in new:
                send(pid, signal.SIGSTOP)
            stopped |= new
            if time.monotonic() > give_up:
                return None
        if not stopped:
            break
        for pid in stopped:
            send(pid, signal.SIGKILL)
        killed |= stopped
    send(root, signal.SIGKILL)
    return killed


def orphans(known: set[int]) -> bool:
    """Whether a process that is not `known` has fallen to us: its supervisor was killed."""
    here = os.getpid()
    return any(parent == here and pid not in known for pid, parent in parents().items())


def end_all() -> None:
    """Kill every process of the sandbox except this one (PID 1)."""
    send(-1, signal.SIGKILL)


def reap() -> None:
    """Collect every child that has ended, also the orphans that fell to us."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
