"""The sandboxes of one run: one per role, or one shared by name, made when first needed.

A workspace belongs to the run. What a command changed is kept by content hash and named in the
journal; where the living container is gone, the next one begins with what was kept last.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from crews.spec import CrewSpec, SandboxChoice
from runs.journal import store
from runs.journal.fold import RunState
from runs.journal.reader import Reader
from runs.journal.writer import Writer
from sandbox.api import Driver, ManifestEntry, Sandbox, SandboxSpec, Snapshot

Json = Any
RUN_LABEL = "callsheet.run"
NAME_LABEL = "callsheet.name"
TEAM_LABEL = "callsheet.team"
INSTALLATION_LABEL = "callsheet.installation"
FILES_TOLD = 100


class Workspaces:
    """Hands out a run's sandboxes, and keeps what is in them."""

    def __init__(
        self,
        driver: Driver,
        spec: CrewSpec,
        labels: Mapping[str, str],
        state: RunState,
        read: Reader,
        writer: Writer,
    ) -> None:
        self._driver = driver
        self._spec = spec
        self._labels = labels
        self._run = labels[RUN_LABEL]
        self._state = state
        self._read = read
        self._writer = writer
        self._open: dict[str, asyncio.Task[Sandbox]] = {}

    async def of(self, role: str) -> Sandbox:
        """Return a role's sandbox. Raises a SandboxError."""
        name = self._name(role)
        task = self._open.get(name)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            choice = self._spec.roles[role].sandbox or SandboxChoice()
            task = self._open[name] = asyncio.ensure_future(self._attach_or_create(name, choice))
        return await asyncio.shield(task)

    async def keep(self, role: str) -> dict[str, Json]:
        """Keep what the last command of a role changed, and return what the journal says of it:
        `{"workspace": {"name", "files", "snapshot"}}`, or nothing where nothing changed."""
        sandbox = await self.of(role)
        changes = await sandbox.changes()
        if not changes.files:
            return {}
        snapshot = await sandbox.snapshot(self._store, known=self._known)
        manifest = json.dumps(asdict(snapshot)).encode()
        told: dict[str, Json] = {
            "name": self._name(role),
            "files": [asdict(change) for change in changes.files[:FILES_TOLD]],
            "snapshot": await self._writer.call(partial(store.blob_keep, self._run, manifest)),
        }
        if snapshot.skipped:
            told["not_kept"] = [list(item) for item in snapshot.skipped[:FILES_TOLD]]
        return {"workspace": told}

    async def close(self, *, remove: bool) -> None:
        """Let go of all sandboxes; `remove` ends them, as at the end of a run."""
        tasks, self._open = list(self._open.values()), {}
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if not isinstance(result, BaseException):
                await (result.kill() if remove else result.detach())
        if remove and tasks:
            for info in await self._driver.list({RUN_LABEL: self._run}):
                await self._driver.remove(info.id)

    def _name(self, role: str) -> str:
        choice = self._spec.roles[role].sandbox
        return f"shared-{choice.shared}" if choice and choice.shared else f"role-{role}"

    async def _attach_or_create(self, name: str, choice: SandboxChoice) -> Sandbox:
        for info in await self._driver.list({RUN_LABEL: self._run, NAME_LABEL: name}):
            if info.state == "running":
                return await self._driver.connect(info.id)
        sandbox = await self._driver.create(spec_of(choice, {**self._labels, NAME_LABEL: name}))
        if digest := self._last_snapshot(name):
            await sandbox.restore(_snapshot(await self._fetch(digest)), self._fetch)
        return sandbox

    def _last_snapshot(self, name: str) -> str:
        """Return the blob of the manifest that the journal names last for a workspace."""
        kept = [
            (action.ended_at, action.output["workspace"]["snapshot"])
            for action in self._state.actions.values()
            if isinstance(action.output, dict)
            and isinstance(action.output.get("workspace"), dict)
            and action.output["workspace"].get("name") == name
            and action.type == "tool_call"
        ]
        return str(max(kept)[1]) if kept else ""

    async def _store(self, digest: str, data: bytes) -> None:
        await self._writer.call(partial(store.blob_keep, self._run, data))

    async def _known(self, digest: str) -> bool:
        return await self._read(partial(store.blob_is_kept, self._run, digest))

    async def _fetch(self, digest: str) -> bytes:
        return await self._read(partial(store.blob_fetch, self._run, digest))


def spec_of(choice: SandboxChoice, labels: Mapping[str, str]) -> SandboxSpec:
    """Return the sandbox that a role's document asks for."""
    return SandboxSpec(
        image=choice.image,
        cpu=choice.cpu,
        memory_mb=choice.memory_mb,
        timeout_s=choice.timeout_s,
        labels=dict(labels),
    )


def _snapshot(manifest: bytes) -> Snapshot:
    data = json.loads(manifest)
    entries = tuple(ManifestEntry(**entry) for entry in data["entries"])
    return Snapshot(entries=entries, skipped=tuple(tuple(item) for item in data["skipped"]))
