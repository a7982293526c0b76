"""Ending process trees. Nothing here forks, starts a thread or waits without an end."""

from __future__ import annotations

import os
import signal
import time


def parents() -> dict[int, int]:
    """Every process of the sandbox with its parent."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                text = stat.read()
        except OSError:
            continue
        found[int(name)] = int(text[text.rindex(b")") + 2 :].split(b" ", 2)[1])
    return found


def descendants(root: int) -> set[int]:
    """All processes below `root`, without it."""
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


def end_tree(root: int, limit_s: float = 1.0) -> int | None:
    """Stop everything below `root` until nothing new appears, then kill it all, `root` too.

    Returns how many were below it, or None where that did not converge in time.
    """
    give_up = time.monotonic() + limit_s
    stopped: set[int] = set()
    while True:
        new = descendants(root) - stopped
        if not new:
            break
        for pid in new:
            send(pid, signal.SIGSTOP)
        stopped |= new
        if time.monotonic() > give_up:
            return None
    for pid in stopped:
        send(pid, signal.SIGKILL)
    send(root, signal.SIGKILL)
    return len(stopped)


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
