"""A driver without an engine: programs are Python coroutines, files are in memory.

The twin of `DockerDriver` for unit tests and for machines without Docker in tests; it passes the
same contract (`sandbox.contract`). It runs nothing on the host: a program it was not given ends
with 127, like a command that is not installed.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sandbox.api import (
    WORKSPACE,
    Changes,
    EngineStatus,
    ExecResult,
    FetchBlob,
    FileChange,
    Keep,
    Known,
    Language,
    ManifestEntry,
    Metrics,
    OnOutput,
    SandboxInfo,
    SandboxSpec,
    Snapshot,
    StoreBlob,
)
from sandbox.errors import SandboxLost, SandboxUnavailable, TunnelRefused
from sandbox.scripted_files import ScriptedFiles
from sandbox.scripted_programs import BUILT_IN, Call, Program, ScriptedProcess, cut


class ScriptedSandbox:
    """Implements `sandbox.api.Sandbox`. `calls` records what was run."""

    def __init__(self, sandbox_id: str, spec: SandboxSpec, programs: Mapping[str, Program]) -> None:
        self._id = sandbox_id
        self._spec = spec
        self._programs = programs
        self._files = ScriptedFiles()
        self._seen: dict[str, bytes] = {}
        self._results: dict[str, ExecResult] = {}
        self._processes: dict[str, ScriptedProcess] = {}
        self.calls: list[Call] = []
        self.alive = True
        self.created_at = datetime.now(UTC)

    @property
    def id(self) -> str:
        return self._id

    @property
    def spec(self) -> SandboxSpec:
        return self._spec

    @property
    def lost(self) -> bool:
        return not self.alive

    @property
    def files(self) -> ScriptedFiles:
        self._check()
        return self._files

    def _check(self) -> None:
        if not self.alive:
            raise SandboxLost

    def _call(
        self, argv: Sequence[str] | str, cwd: str, env: Mapping[str, str] | None, stdin: bytes
    ) -> Call:
        self._check()
        words = shlex.split(argv) if isinstance(argv, str) else list(argv)
        merged = {**self._spec.env, **(env or {})}
        call = Call(argv=words, stdin=stdin, cwd=cwd, env=merged, files=self._files)
        self.calls.append(call)
        return call

    async def _execute(self, call: Call, timeout_s: float | None, cap: int) -> ExecResult:
        began = time.monotonic()
        program = self._programs.get(call.argv[0] if call.argv else "")
        code: int | None = None
        try:
            async with asyncio.timeout(timeout_s):
                if program is None:
                    call.write(f"callsheet: {call.argv[0]}: not found\n".encode(), "stderr")
                    code = 127
                else:
                    code = await program(call)
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            code = 137
        stdout, stdout_cut = cut(bytes(call.output["stdout"]), cap)
        stderr, stderr_cut = cut(bytes(call.output["stderr"]), cap)
        return ExecResult(
            exit_code=code,
            stdout=stdout,
            stderr=stderr,
            stdout_truncated=stdout_cut,
            stderr_truncated=stderr_cut,
            timed_out=code is None,
            duration_s=time.monotonic() - began,
        )

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
        call = self._call(argv, cwd, env, stdin)
        call.on_output = on_output
        return await self._run(call, timeout_s, max_output, key)

    async def _run(
        self, call: Call, timeout_s: float | None, cap: int, key: str | None
    ) -> ExecResult:
        if key is not None and key in self._results:
            return self._results[key]
        limit = self._spec.timeout_s if timeout_s is None else timeout_s
        result = await self._execute(call, limit, cap)
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise asyncio.CancelledError
        if key is not None:
            self._results[key] = result
        return result

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
    ) -> ExecResult:
        call = self._call([language], WORKSPACE, env, stdin)
        call.source = source
        call.on_output = on_output
        return await self._run(call, timeout_s, max_output, key)

    async def start(
        self,
        argv: Sequence[str] | str,
        *,
        cwd: str = WORKSPACE,
        env: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> ScriptedProcess:
        process_id = f"key {key}" if key else f"process{len(self._processes) + 1}"
        if process_id in self._processes:
            return self._processes[process_id]
        call = self._call(argv, cwd, env, b"")
        task = asyncio.create_task(self._execute(call, None, 1 << 30))
        await asyncio.sleep(0)  # it is running when the handle is given out
        self._processes[process_id] = ScriptedProcess(process_id, call, task)
        return self._processes[process_id]

    def process(self, process_id: str) -> ScriptedProcess:
        self._check()
        if process_id not in self._processes:
            raise SandboxLost(f"The sandbox knows no process {process_id}. Start it again.")
        return self._processes[process_id]

    async def processes(self) -> tuple[str, ...]:
        self._check()
        return tuple(name for name, one in self._processes.items() if not one.task.done())

    def _plain(self) -> dict[str, bytes]:
        start = len(WORKSPACE) + 1
        found = self._files.content.items()
        return {
            p[start:]: data for p, data in found if data is not None and p.startswith(WORKSPACE)
        }

    async def changes(self) -> Changes:
        self._check()
        now, seen = self._plain(), self._seen
        self._seen = now
        found = [
            FileChange(path=p, change="modified" if p in seen else "added", size=len(data))
            for p, data in now.items()
            if seen.get(p) != data
        ]
        found += [FileChange(path=p, change="removed", size=0) for p in seen if p not in now]
        return Changes(files=tuple(found))

    async def snapshot(self, store: StoreBlob, *, known: Known | None = None) -> Snapshot:
        self._check()
        entries = []
        for path, data in self._plain().items():
            digest = hashlib.sha256(data).hexdigest()
            if not (known and await known(digest)):
                await store(digest, data)
            entries.append(
                ManifestEntry(path=path, kind="file", mode=0o644, size=len(data), sha256=digest)
            )
        return Snapshot(entries=tuple(entries))

    async def restore(self, snapshot: Snapshot, fetch: FetchBlob) -> None:
        self._check()
        for entry in snapshot.entries:
            if entry.kind == "file":
                await self._files.write(entry.path, await fetch(entry.sha256))
            elif entry.kind == "directory":
                await self._files.make_directory(entry.path)
        await self.changes()
        self._spec = replace(self._spec, awaits_files=False)

    async def open_tunnel(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._check()
        raise TunnelRefused

    async def image(self) -> str:
        self._check()
        return "sha256:" + hashlib.sha256(self._spec.image.encode()).hexdigest()

    async def set_ttl(self, ttl_s: float) -> None:
        self._check()

    async def pause(self) -> None:
        self._check()

    async def resume(self) -> None:
        self._check()

    async def kill(self) -> None:
        self.alive = False
        for process in self._processes.values():
            process.task.cancel()

    async def detach(self) -> None:
        self._check()

    async def metrics(self) -> Metrics:
        self._check()
        limit = self._spec.memory_mb << 19
        return Metrics(
            memory_bytes=0,
            cpu_s=0.0,
            processes=1 + len(await self.processes()),
            workspace_bytes=sum(map(len, self._plain().values())),
            workspace_limit_bytes=limit,
        )


class ScriptedDriver:
    """Implements `sandbox.api.Driver`. `unavailable` is the reason an engine would give."""

    def __init__(
        self, programs: Mapping[str, Program] | None = None, *, unavailable: str = ""
    ) -> None:
        self.programs: dict[str, Program] = {**BUILT_IN, **(programs or {})}
        self.unavailable = unavailable
        self.sandboxes: dict[str, ScriptedSandbox] = {}
        self._numbers = itertools.count(1)

    def _check(self) -> None:
        if self.unavailable:
            raise SandboxUnavailable(self.unavailable)
        self.sandboxes = {key: one for key, one in self.sandboxes.items() if one.alive}

    async def create(self, spec: SandboxSpec) -> ScriptedSandbox:
        self._check()
        made = ScriptedSandbox(f"scripted{next(self._numbers)}", spec, self.programs)
        self.sandboxes[made.id] = made
        return made

    async def connect(self, sandbox_id: str) -> ScriptedSandbox:
        self._check()
        known = self.sandboxes.get(sandbox_id)
        if known is None or known.spec.awaits_files:
            raise SandboxLost
        return known

    async def list(self, labels: Mapping[str, str] | None = None) -> tuple[SandboxInfo, ...]:
        self._check()
        wanted = (labels or {}).items()
        return tuple(
            SandboxInfo(
                id=one.id, state="running", labels=one.spec.labels, created_at=one.created_at
            )
            for one in self.sandboxes.values()
            if wanted <= one.spec.labels.items()
        )

    async def remove(self, sandbox_id: str) -> None:
        self._check()
        if sandbox_id in self.sandboxes:
            await self.sandboxes.pop(sandbox_id).kill()

    async def reap(self, keep: Keep, *, grace_s: float = 10) -> tuple[str, ...]:
        latest = datetime.now(UTC) - timedelta(seconds=grace_s)
        old = [info for info in await self.list() if info.created_at <= latest]
        unclaimed = [info.id for info in old if not await keep(info)]
        for sandbox_id in unclaimed:
            await self.remove(sandbox_id)
        return tuple(unclaimed)

    async def check(self) -> EngineStatus:
        if self.unavailable:
            return EngineStatus(available=False, reason=self.unavailable)
        return EngineStatus(available=True, images={"default": "scripted"})

    async def close(self) -> None:
        pass
