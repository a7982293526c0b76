"""A running sandbox: what `sandbox.api.Sandbox` promises, done by its agent."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

from sandbox import snapshots
from sandbox.agent import door
from sandbox.api import (
    WORKSPACE,
    Changes,
    ExecResult,
    FetchBlob,
    FileChange,
    Known,
    Language,
    Metrics,
    OnOutput,
    SandboxSpec,
    Snapshot,
    StoreBlob,
)
from sandbox.channel import Channel, Head, pieces
from sandbox.errors import SandboxLost
from sandbox.languages import script
from sandbox.live_files import LiveFiles, refuse
from sandbox.process import Collected, LiveProcess, not_started
from sandbox.proxy import Outside, Proxy
from sandbox.tunnels import open_tunnel, serve_arrivals

_INLINE = 1 << 16
_LATE_S = 10.0
_SCAN = 16 << 20


def settlement(spec: SandboxSpec) -> Head:
    """What the agent is told about its sandbox; the note comes back to whoever connects."""
    note = asdict(replace(spec, env={}, labels={})) | {"labels": dict(spec.labels)}
    awaits_files = note.pop("awaits_files")
    way_out = {} if spec.network == "none" else WAY_OUT
    return {
        "ttl": spec.ttl_s,
        "env": {**way_out, **spec.env},
        "note": None if awaits_files else note,
        "door": spec.network != "none",
    }


def spec_in(note: Head) -> SandboxSpec:
    """The spec in an agent's note."""
    network = note["network"]
    return SandboxSpec(**{**note, "network": network if network == "none" else tuple(network)})


_DOOR = f"http://127.0.0.1:{door.PORT}"
_INSIDE = "localhost,127.0.0.1,::1"
# What programs know of the way out. pip puts packages where it may write, and where no snapshot
# looks: what can be fetched again is not kept.
WAY_OUT = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _DOOR),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), _INSIDE),
    **dict.fromkeys(("PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_INPUT"), "1"),
    "PIP_BREAK_SYSTEM_PACKAGES": "1",
    "PYTHONUSERBASE": f"{WORKSPACE}/.cache/python",
    "NPM_CONFIG_CACHE": f"{WORKSPACE}/.cache/npm",
}


def key_id(key: str) -> str:
    """The id of the background process that was started with this key."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


class Container(Protocol):
    """What a sandbox needs of the engine that holds it."""

    async def pause(self, sandbox_id: str) -> None: ...
    async def unpause(self, sandbox_id: str) -> None: ...
    async def kill(self, sandbox_id: str) -> None: ...
    async def inspect(self, container_id: str) -> dict[str, Any]: ...


class LiveSandbox:
    """Implements `sandbox.api.Sandbox`."""

    def __init__(
        self,
        sandbox_id: str,
        spec: SandboxSpec,
        channel: Channel,
        container: Container,
        outside: Outside,
    ) -> None:
        self._id = sandbox_id
        self._spec = spec
        self._channel = channel
        self._container = container
        self._files = LiveFiles(channel)
        self._proxy = Proxy(() if spec.network == "none" else spec.network, outside)
        serve_arrivals(channel, self._proxy.serve)

    @property
    def id(self) -> str:
        return self._id

    @property
    def spec(self) -> SandboxSpec:
        return self._spec

    @property
    def files(self) -> LiveFiles:
        return self._files

    @property
    def lost(self) -> bool:
        """True once the container is gone or has been given up."""
        return self._channel.lost is not None

    async def adopt(self, spec: SandboxSpec) -> None:
        """Make a waiting sandbox the one that `spec` describes: its environment, its time."""
        self._spec = spec
        self._channel.keep_alive(spec.ttl_s)
        await self._channel.request({"op": "adopt", **settlement(spec)})

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
        limit_s = self._spec.timeout_s if timeout_s is None else timeout_s
        name = "key " + key if key else "once " + secrets.token_hex(8)
        head = self._exec_head(name, argv, cwd, env)
        head |= {"timeout": limit_s, "cap": max_output, "keep": bool(key)}
        collected = Collected(on_output)
        inline = len(stdin) <= _INLINE
        head["more"] = not inline

        def feed(_: int) -> Iterable[tuple[Head, bytes]]:
            for piece, more in () if inline else pieces(stdin):
                yield {"op": "stdin", "re": 0, "name": name, "more": more}, piece

        try:
            async with asyncio.timeout(limit_s + _LATE_S):
                reply = await self._channel.request(
                    head,
                    stdin if inline else b"",
                    on_event=collected.event,
                    limit=2 * max_output,
                    more=feed,
                )
        except asyncio.CancelledError:
            with contextlib.suppress(SandboxLost):
                await self._channel.send({"op": "kill", "re": 0, "name": name})
            raise
        except TimeoutError:
            await self.kill()
            raise SandboxLost("A command did not end at its time limit.") from None
        except ValueError:
            return not_started("the command and its environment are too long")
        if reply.head.get("error") == "no_room":
            return not_started("the sandbox has no room for another process")
        if "error" in reply.head:
            refuse(reply, cwd)
        return replace(collected.result(reply), network=self._proxy.take())

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
        path, argv = script(language, secrets.token_hex(6))
        await self._files.write(path, source.encode(errors="surrogatepass"))
        try:
            return await self.run(
                argv,
                stdin=stdin,
                env=env,
                timeout_s=timeout_s,
                max_output=max_output,
                on_output=on_output,
                key=key,
            )
        finally:
            with contextlib.suppress(SandboxLost):
                await self._channel.send({"op": "remove", "re": 0, "path": path, "recursive": 0})

    async def start(
        self,
        argv: Sequence[str] | str,
        *,
        cwd: str = WORKSPACE,
        env: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> LiveProcess:
        process_id = key_id(key) if key else secrets.token_hex(6)
        head = self._exec_head(process_id, argv, cwd, env)
        reply = await self._channel.request({**head, "cap": 0, "background": True})
        if "error" in reply.head:
            raise SandboxLost("The sandbox has no room for another process. End one first.")
        return self.process(process_id)

    def process(self, process_id: str) -> LiveProcess:
        return LiveProcess(self._channel, process_id)

    async def processes(self) -> tuple[str, ...]:
        names = (await self._channel.request({"op": "names"})).head["names"]
        return tuple(name for name in names if " " not in name)

    async def changes(self) -> Changes:
        reply = await self._files.ask({"op": "changes"}, ".", limit=_SCAN)
        found = json.loads(reply.data)
        return Changes(
            files=tuple(FileChange(path=p, change=c, size=s) for p, c, s in found["files"]),
            complete=found["complete"],
        )

    async def snapshot(self, store: StoreBlob, *, known: Known | None = None) -> Snapshot:
        return await snapshots.take(self._files, store, known)

    async def restore(self, snapshot: Snapshot, fetch: FetchBlob) -> None:
        await snapshots.restore(self._files, snapshot, fetch)
        await self.changes()  # what was restored is no news
        if self._spec.awaits_files:
            self._spec = replace(self._spec, awaits_files=False)
            await self._channel.request({"op": "adopt", "note": settlement(self._spec)["note"]})

    async def image(self) -> str:
        return str((await self._container.inspect(self._id))["Image"])

    async def set_ttl(self, ttl_s: float) -> None:
        self._channel.keep_alive(ttl_s)
        await self._channel.request({"op": "adopt", "ttl": ttl_s})

    async def open_tunnel(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await open_tunnel(self._channel, port)

    async def pause(self) -> None:
        self._channel.watching = False
        await self._container.pause(self._id)

    async def resume(self) -> None:
        await self._container.unpause(self._id)
        self._channel.watching = True

    async def kill(self) -> None:
        await self._container.kill(self._id)
        await self._channel.close()

    async def detach(self) -> None:
        await self._channel.close()

    async def metrics(self) -> Metrics:
        head = (await self._channel.request({"op": "metrics"})).head
        return Metrics(
            memory_bytes=int(head["memory"]),
            cpu_s=float(head["cpu"]),
            processes=int(head["processes"]),
            workspace_bytes=int(head["used"]),
            workspace_limit_bytes=int(head["limit"]),
        )

    def _exec_head(
        self, name: str, argv: Sequence[str] | str, cwd: str, env: Mapping[str, str] | None
    ) -> Head:
        return {
            "op": "exec",
            "name": name,
            "argv": argv if isinstance(argv, str) else list(argv),
            "cwd": cwd,
            "env": dict(env or {}),
        }
