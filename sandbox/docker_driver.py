"""Sandboxes as Docker containers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sandbox.api import EngineStatus, Keep, SandboxInfo, SandboxSpec
from sandbox.attach import attach
from sandbox.bundle import bundle
from sandbox.channel import Channel
from sandbox.engine import Engine
from sandbox.errors import ImageUnusable, SandboxError, SandboxLost, SandboxUnavailable
from sandbox.hardening import (
    LABEL,
    REPOSITORY,
    container_config,
    refuse_unreasonable,
)
from sandbox.live import LiveSandbox, settlement, spec_in
from sandbox.names import is_waiting, labels_in, name_with, new_name, waiting_name
from sandbox.proxy import Outside

INSTANCE_LABEL = "callsheet.instance"
WAITING_TTL_S = 20.0
LEAST_PYTHON = [3, 9]
_START_S = 30.0
_RETAKE_S = 10.0


class DockerDriver:
    """Implements `sandbox.api.Driver`. One per event loop.

    `instance` names this installation: it neither lists nor reaps what belongs to another one.
    By default it is what `CALLSHEET_INSTANCE` says.
    """

    def __init__(
        self,
        *,
        instance: str = "",
        engine: Engine | None = None,
        outside: Outside | None = None,
    ) -> None:
        self.instance = instance or os.environ.get("CALLSHEET_INSTANCE") or "default"
        self._outside = outside or Outside()
        self._engine = engine or Engine()
        self._live: dict[str, LiveSandbox] = {}

    async def create(self, spec: SandboxSpec) -> LiveSandbox:
        return await self._create(spec, new_name())

    async def warm(self, spec: SandboxSpec) -> LiveSandbox:
        """Make a sandbox that waits for its use. It ends soon if this process does not live on."""
        return await self._create(
            replace(spec, env={}, labels={}, ttl_s=WAITING_TTL_S), waiting_name()
        )

    async def adopt(self, waiting: LiveSandbox, spec: SandboxSpec) -> None:
        """Give a waiting sandbox its use; from now on a reaper asks whom it belongs to."""
        await self._engine.rename(waiting.id, name_with(spec.labels))
        await waiting.adopt(spec)

    async def _create(self, spec: SandboxSpec, name: str) -> LiveSandbox:
        refuse_unreasonable(spec)
        config = container_config(spec, {INSTANCE_LABEL: self.instance})
        sandbox_id = await self._engine.create(config, name)
        try:
            channel = await self._channel(sandbox_id)
            try:
                await self._engine.start(sandbox_id)
                answer = await channel.hello(bundle(), settlement(spec), timeout_s=_START_S)
                _check_python(spec.image, answer["python"])
            except BaseException as problem:
                await channel.close()
                if isinstance(problem, SandboxError):
                    raise _start_problem(problem, channel, spec) from problem
                raise
        except BaseException:
            await asyncio.shield(self._engine.kill(sandbox_id))
            raise
        return self._keep(sandbox_id, spec, channel)

    async def _channel(self, sandbox_id: str) -> Channel:
        stream = await attach(sandbox_id)
        return Channel(stream, on_silent=lambda: self._engine.kill(sandbox_id))

    async def connect(self, sandbox_id: str) -> LiveSandbox:
        """Take over a running sandbox; a controller that still held it loses it."""
        known = self._live.get(sandbox_id)
        if known is not None and not known.lost:
            if known.spec.awaits_files:
                raise SandboxLost("The files of this sandbox are not all there yet.")
            return known
        state = await self._engine.inspect(sandbox_id)
        if not state["State"]["Running"] or LABEL not in state["Config"]["Labels"]:
            raise SandboxLost
        if state["State"]["Paused"]:
            await self._engine.unpause(sandbox_id)
        channel = await self._channel(sandbox_id)
        try:
            answer = await channel.retake(timeout_s=_RETAKE_S)
        except BaseException:
            await channel.close()
            raise
        if answer["note"] is None:  # its maker died before it was what it should be
            await channel.close()
            await self._engine.kill(sandbox_id)
            raise SandboxLost
        return self._keep(sandbox_id, spec_in(answer["note"]), channel)

    async def list(self, labels: Mapping[str, str] | None = None) -> tuple[SandboxInfo, ...]:
        own = {LABEL: "1", INSTANCE_LABEL: self.instance}
        found = [_info(row) for row in await self._engine.containers(own)]
        wanted = (labels or {}).items()
        return tuple(info for info in found if wanted <= info.labels.items())

    async def remove(self, sandbox_id: str) -> None:
        live = self._live.pop(sandbox_id, None)
        if live is not None:
            await live.detach()
        await self._engine.kill(sandbox_id)

    async def reap(self, keep: Keep, *, grace_s: float = 10) -> tuple[str, ...]:
        now = datetime.now(UTC)
        removed = []
        for info in await self.list():
            young = (now - info.created_at).total_seconds() < grace_s
            if not young and not info.waiting and not await keep(info):
                await self.remove(info.id)
                removed.append(info.id)
        return tuple(removed)

    async def check(self) -> EngineStatus:
        try:
            async with asyncio.timeout(5):
                images = await self._engine.images(f"{LABEL}.image")
                runtimes = await self._engine.runtimes()
        except SandboxUnavailable as problem:
            return EngineStatus(available=False, reason=str(problem))
        except TimeoutError:
            reason = "Docker does not answer. Restart it, then try again."
            return EngineStatus(available=False, reason=reason)
        names = {
            tag.removeprefix(REPOSITORY + ":"): str(image.id)
            for image in images
            for tag in image.tags
        }
        return EngineStatus(available=True, images=names, runtimes=runtimes)

    async def close(self) -> None:
        """Let go of every sandbox, without ending any."""
        await asyncio.gather(*(live.detach() for live in self._live.values()))
        self._live.clear()
        await self._engine.close()

    def _keep(self, sandbox_id: str, spec: SandboxSpec, channel: Channel) -> LiveSandbox:
        live = LiveSandbox(sandbox_id, spec, channel, self._engine, self._outside)
        self._live = {known: one for known, one in self._live.items() if not one.lost}
        self._live[live.id] = live
        return live


def _check_python(image: str, version: list[int]) -> None:
    if version < LEAST_PYTHON:
        found = ".".join(str(part) for part in version[:2])
        raise ImageUnusable(
            f"The image {image} has Python {found}. Choose one with Python 3.9 or newer."
        )


def _info(row: Mapping[str, Any]) -> SandboxInfo:
    name = row["Names"][0].removeprefix("/") if row["Names"] else ""
    given = {key: text for key, text in row["Labels"].items() if not key.startswith(LABEL)}
    given.pop(INSTANCE_LABEL, None)
    return SandboxInfo(
        id=row["Id"],
        state=row["State"],
        labels={**given, **labels_in(name)},
        created_at=datetime.fromtimestamp(row["Created"], UTC),
        waiting=is_waiting(name),
    )


def _start_problem(problem: SandboxError, channel: Channel, spec: SandboxSpec) -> SandboxError:
    """Why the agent did not come up, as far as the engine or the agent said it."""
    text = f"{problem} {channel.complaint}"
    if "executable file not found" in text or "no such file or directory" in text:
        return ImageUnusable(
            f"The image {spec.image} has no python3. Choose one with Python 3.9 or newer."
        )
    if isinstance(problem, SandboxLost) and channel.complaint:
        last = channel.complaint.splitlines()[-1]
        return ImageUnusable(
            f"The image {spec.image} cannot run the agent ({last}). "
            "Choose one with Python 3.9 or newer."
        )
    return problem
