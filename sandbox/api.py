"""The seam between Callsheet and the containers that run agents' code.

Everything is asyncio-native. A program that fails, is killed or runs too long is a value
(`ExecResult`); a sandbox that fails is an exception (`sandbox.errors`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

WORKSPACE = "/workspace"
Stream = Literal["stdout", "stderr"]
OnOutput = Callable[[Stream, bytes], None]
Language = Literal["python", "shell", "javascript"]
FileKind = Literal["file", "directory", "link", "other"]


@dataclass(frozen=True, kw_only=True)
class SandboxSpec:
    """What a sandbox is made of. Sizes in MiB, times in seconds, `cpu` in cores.

    `image` is a flavour built by `sandbox_image` or the name of any local image with Python ≥ 3.9.
    `ttl_s`: a sandbox that hears from no controller for so long ends itself.
    `network` lists the hosts that programs may reach through the proxy (`sandbox.proxy`).
    `awaits_files`: until `restore` is through nobody can take it over; it is lost to who tries.
    """

    image: str = "default"
    cpu: float = 1.0
    memory_mb: int = 512
    network: Literal["none"] | tuple[str, ...] = "none"
    timeout_s: float = 60
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    ttl_s: float = 3600
    runtime: str | None = None
    awaits_files: bool = False


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A connection that a program asked the proxy for: bytes each way, or why it was refused."""

    host: str
    port: int
    sent: int = 0
    received: int = 0
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class ExecResult:
    """How a command ended.

    `exit_code` is None after a timeout; a program killed by signal n has 128 + n, as in a shell.
    Output over the cap keeps its beginning and its end around a line that says how much is missing.
    `strays` counts processes the command left behind; they were ended with it. `network`: what
    programs of the sandbox connected to since the command before it ended.
    """

    exit_code: int | None
    stdout: bytes = b""
    stderr: bytes = b""
    stdout_truncated: bool = False
    stderr_truncated: bool = False
    timed_out: bool = False
    oom: bool = False
    duration_s: float = 0.0
    strays: int = 0
    network: tuple[Connection, ...] = ()

    @property
    def ok(self) -> bool:
        return self.exit_code == 0


@dataclass(frozen=True, kw_only=True)
class FileInfo:
    """One entry of the workspace; `path` is relative to the folder that was asked for."""

    path: str
    kind: FileKind
    size: int
    modified_at: datetime


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """What happened to one file since the last look."""

    path: str
    change: Literal["added", "modified", "removed"]
    size: int


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Files changed since the last look; `complete` is False where a cap cut the list."""

    files: tuple[FileChange, ...] = ()
    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class ManifestEntry:
    """One file, folder or link of a snapshot; `sha256` names the content of a file."""

    path: str
    kind: Literal["file", "directory", "link"]
    mode: int
    size: int = 0
    sha256: str = ""
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The workspace at one moment, as data. `skipped`: path and reason of what was left out."""

    entries: tuple[ManifestEntry, ...]
    skipped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """What a sandbox uses now: bytes, seconds of processor time, number of processes."""

    memory_bytes: int
    cpu_s: float
    processes: int
    workspace_bytes: int
    workspace_limit_bytes: int


@dataclass(frozen=True, kw_only=True)
class Output:
    """A piece of a background process's output: bytes from `offset`, and where to ask next.

    `lost` counts bytes that had already left the ring buffer.
    """

    data: bytes
    next_offset: int
    lost: int = 0


@dataclass(frozen=True, kw_only=True)
class SandboxInfo:
    """A sandbox as the engine lists it, without talking to it.

    `waiting`: made ahead of its use; it ends by itself soon after the process that made it.
    """

    id: str
    state: str
    labels: Mapping[str, str]
    created_at: datetime
    waiting: bool = False


@dataclass(frozen=True, kw_only=True)
class EngineStatus:
    """Whether sandboxes can be made here; `reason` is plain text with one action where not."""

    available: bool
    reason: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    runtimes: tuple[str, ...] = ()


class Process(Protocol):
    """A background process. The handle is only its id: it outlives a reconnect."""

    @property
    def id(self) -> str: ...
    async def output(
        self, stream: Stream = "stdout", *, after: int = 0, wait_s: float = 0
    ) -> Output: ...
    async def write_stdin(self, data: bytes, *, close: bool = False) -> None: ...
    async def poll(self) -> ExecResult | None: ...
    async def wait(self, timeout_s: float | None = None) -> ExecResult: ...
    async def kill(self) -> None: ...


class Files(Protocol):
    """Files below /workspace (or /tmp, by absolute path). No symbolic link is ever followed.

    All raise `FileError`. `write` makes missing folders and replaces the file atomically.
    """

    async def read(self, path: str, *, max_bytes: int = 16 << 20) -> bytes: ...
    async def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None: ...
    async def list(self, path: str = ".", *, recursive: bool = False) -> tuple[FileInfo, ...]: ...
    async def stat(self, path: str) -> FileInfo: ...
    async def make_directory(self, path: str) -> None: ...
    async def move(self, source: str, target: str) -> None: ...
    async def remove(self, path: str, *, recursive: bool = False) -> None: ...


class Sandbox(Protocol):
    """One container. Any call may raise `SandboxLost` when the container is gone.

    `lost`: it is known to be gone, or was given up; a new one has to be made.
    """

    @property
    def id(self) -> str: ...
    @property
    def lost(self) -> bool: ...
    @property
    def spec(self) -> SandboxSpec: ...
    @property
    def files(self) -> Files: ...

    async def run(
        self,
        argv: Sequence[str] | str,
        *,
        stdin: bytes = b"",
        cwd: str = WORKSPACE,
        env: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        max_output: int = 1 << 20,
        on_output: OnOutput | None = None,
        key: str | None = None,
    ) -> ExecResult:
        """Run one command to its end (a `str` is a shell line) and end all it left behind.

        With a `key`, a command that was already started under it (by a controller that died) is
        not started again: its result is waited for and returned. `max_output` is per stream.
        """
        ...

    async def run_code(
        self,
        language: Language,
        source: str,
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        max_output: int = 1 << 20,
        on_output: OnOutput | None = None,
        key: str | None = None,
    ) -> ExecResult: ...

    async def start(
        self,
        argv: Sequence[str] | str,
        *,
        cwd: str = WORKSPACE,
        env: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Process:
        """Start a command that stays. With a `key` it is started once, however often asked for."""
        ...

    def process(self, process_id: str) -> Process: ...
    async def processes(self) -> tuple[str, ...]: ...
    async def changes(self) -> Changes: ...

    async def snapshot(self, store: StoreBlob, *, known: Known | None = None) -> Snapshot:
        """Hand every content that is not `known` to `store`; return the manifest."""
        ...

    async def restore(self, snapshot: Snapshot, fetch: FetchBlob) -> None:
        """Put a snapshot's files into a fresh workspace; `changes` counts from there."""
        ...

    async def image(self) -> str:
        """The digest of the image it was made from, as the engine names its content."""
        ...

    async def set_ttl(self, ttl_s: float) -> None:
        """Change after how long the sandbox ends itself once it hears from no controller."""
        ...

    async def open_tunnel(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]: ...
    async def pause(self) -> None: ...
    async def resume(self) -> None: ...
    async def kill(self) -> None: ...
    async def detach(self) -> None: ...
    async def metrics(self) -> Metrics: ...


StoreBlob = Callable[[str, bytes], Awaitable[None]]
"""Keeps one content under its SHA-256 (hex)."""
FetchBlob = Callable[[str], Awaitable[bytes]]
"""Gives a content back by its SHA-256 (hex)."""
Known = Callable[[str], Awaitable[bool]]
"""Says whether a content is already kept, so that it is not transferred again."""
Keep = Callable[[SandboxInfo], Awaitable[bool]]
"""Says whether a sandbox still belongs to living work (its lease, plus grace, has not ended)."""


class Driver(Protocol):
    """Makes, finds and removes sandboxes. Raises `SandboxUnavailable` where the engine is away."""

    async def create(self, spec: SandboxSpec) -> Sandbox: ...
    async def connect(self, sandbox_id: str) -> Sandbox: ...
    async def list(self, labels: Mapping[str, str] | None = None) -> tuple[SandboxInfo, ...]: ...
    async def remove(self, sandbox_id: str) -> None: ...
    async def reap(self, keep: Keep, *, grace_s: float = 10) -> tuple[str, ...]:
        """Remove every sandbox of this installation, in any state, that `keep` does not claim.

        Left alone: those younger than `grace_s` (somebody is just making them) and waiting ones.
        Returns the ids of the removed.
        """
        ...

    async def check(self) -> EngineStatus: ...
    async def close(self) -> None: ...
