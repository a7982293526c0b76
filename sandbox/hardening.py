"""The container a sandbox is: every limit and every door that is shut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.addresses import AddressRefused, host_name
from sandbox.api import WORKSPACE, SandboxSpec
from sandbox.bundle import COMMAND
from sandbox.errors import SpecRefused

LABEL = "callsheet.sandbox"
FLAVOURS = ("default", "node", "minimal")
REPOSITORY = "callsheet-sandbox"

USER = "65534:65534"
PIDS = 128
OPEN_FILES = 1024
# What System V objects hold outlives the programs that made them, and counts as the sandbox's
# memory: segments go with the last program that has them, queues and semaphores are few.
KERNEL = {"kernel.shm_rmid_forced": "1", "kernel.msgmni": "32", "kernel.sem": "250 32000 32 128"}
_MIB = 1 << 20


def image_name(image: str) -> str:
    """The engine's name of an image: our own flavours by their short names."""
    return f"{REPOSITORY}:{image}" if image in FLAVOURS else image


def refuse_unreasonable(spec: SandboxSpec) -> None:
    """Raises SpecRefused with the field, its value and what is allowed."""
    allowed = (
        ("cpu", spec.cpu, 0.1, 64),
        ("memory_mb", spec.memory_mb, 64, 1 << 20),
        ("timeout_s", spec.timeout_s, 0.1, 24 * 3600),
        ("ttl_s", spec.ttl_s, 1, 30 * 24 * 3600),
    )
    for name, value, least, most in allowed:
        if not least <= value <= most:
            raise SpecRefused(f"sandbox {name} is {value}: choose from {least} to {most}.")
    for host in () if spec.network == "none" else spec.network:
        try:
            host_name(host.removeprefix("*."))
        except AddressRefused as problem:
            raise SpecRefused(f"sandbox network: {problem}") from None
    for key, text in spec.env.items():
        if not key or "=" in key or "\0" in key + text:
            raise SpecRefused(f"sandbox env has the impossible name or value {key!r}.")


def sizes_mb(memory_mb: int) -> tuple[int, int, int]:
    """Sizes of /workspace, /tmp and shared memory. Together they stay below the memory limit,
    or else every later command would be killed for memory once they are full."""
    return memory_mb // 2, memory_mb // 8, min(16, memory_mb // 8)


def _tmpfs(size_mb: int, *options: str) -> str:
    inodes = max(1024, min(size_mb * 256, 1 << 17))
    return ",".join(("rw", "nosuid", "nodev", f"size={size_mb}m", f"nr_inodes={inodes}", *options))


def container_config(spec: SandboxSpec, labels: Mapping[str, str]) -> dict[str, Any]:
    """The body of "create a container" of Docker's remote API."""
    workspace, tmp, shm = sizes_mb(spec.memory_mb)
    return {
        "Image": image_name(spec.image),
        "Entrypoint": [],
        "Cmd": list(COMMAND),
        "User": USER,
        "Hostname": "sandbox",
        "WorkingDir": WORKSPACE,
        "OpenStdin": True,
        "StdinOnce": False,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": False,
        "NetworkDisabled": True,
        "StopSignal": "SIGKILL",
        "Env": ["HOME=/tmp", "LANG=C.UTF-8", "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"],
        "Labels": {
            **{str(key): str(value) for key, value in spec.labels.items()},
            **labels,
            LABEL: "1",
        },
        "HostConfig": {
            "NetworkMode": "none",
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "Privileged": False,
            "PidsLimit": PIDS,
            "IpcMode": "private",
            "Sysctls": KERNEL,
            "Memory": spec.memory_mb * _MIB,
            "MemorySwap": spec.memory_mb * _MIB,
            "NanoCpus": int(spec.cpu * 1e9),
            "ShmSize": shm * _MIB,
            "Tmpfs": {
                WORKSPACE: _tmpfs(workspace, "exec", "mode=0700", "uid=65534", "gid=65534"),
                "/tmp": _tmpfs(tmp, "noexec", "mode=1777"),  # noqa: S108 -- in the container
            },
            "Ulimits": [
                {"Name": "nofile", "Soft": OPEN_FILES, "Hard": OPEN_FILES},
                {"Name": "core", "Soft": 0, "Hard": 0},
                {"Name": "fsize", "Soft": workspace * _MIB, "Hard": workspace * _MIB},
            ],
            "LogConfig": {"Type": "none", "Config": {}},
            "Init": False,
            "AutoRemove": True,
            **({"Runtime": spec.runtime} if spec.runtime else {}),
        },
    }
