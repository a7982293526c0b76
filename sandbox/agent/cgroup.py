"""What the kernel counts for this sandbox; control groups of version 1 and 2."""

from __future__ import annotations

import os

_ROOT = "/sys/fs/cgroup"


def _read(root: str, *names: str) -> str:
    for name in names:
        try:
            with open(os.path.join(root, name)) as file:
                return file.read()
        except OSError:
            continue
    return ""


def _number(text: str, key: str = "") -> int:
    for line in text.splitlines():
        words = line.split()
        if words and words[0] == key and len(words) == 2:
            return int(words[1])
        if not key and len(words) == 1 and words[0].isdigit():
            return int(words[0])
    return 0


def oom_kills(root: str = _ROOT) -> int:
    """How many processes of this sandbox the kernel has killed for memory so far."""
    return _number(_read(root, "memory.events", "memory/memory.oom_control"), "oom_kill")


def usage(root: str = _ROOT, workspace: str = "/workspace") -> dict[str, float]:
    """Memory in bytes, processor time in seconds, number of processes, bytes of the workspace."""
    cpu = _number(_read(root, "cpu.stat"), "usage_usec") / 1e6
    disk = os.statvfs(workspace)
    return {
        "memory": _number(_read(root, "memory.current", "memory/memory.usage_in_bytes")),
        "cpu": cpu or _number(_read(root, "cpuacct/cpuacct.usage")) / 1e9,
        "processes": _number(_read(root, "pids.current", "pids/pids.current")),
        "used": (disk.f_blocks - disk.f_bfree) * disk.f_frsize,
        "limit": disk.f_blocks * disk.f_frsize,
    }
