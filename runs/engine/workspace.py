"""The sandboxes of one run: one per role, or one shared by name, made when first needed.

A workspace belongs to the run. What a command changed is kept by content hash and named in the
journal; where the living container is gone, the next one begins with what was kept last.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from django.conf import settings

from crews.spec import CrewSpec, RoleSpec, SandboxChoice
from runs.engine.manifests import compared, manifest_bytes, read_manifest
from runs.errors import FilesForgotten
from runs.journal import store
from runs.journal.fold import ActionState, RunState
from runs.journal.reader import Reader
from runs.journal.writer import Writer
from runs.models import Blob
from runs.previews import table as previews
from runs.tools import TOOLS
from sandbox.api import Changes, Driver, ManifestEntry, Sandbox, SandboxSpec, Snapshot
from sandbox.errors import SandboxError, SandboxLost
from sandbox.hardening import FLAVOURS
from sandbox.snapshots import CHANGING

Json = Any
RUN_LABEL = "callsheet.run"
NAME_LABEL = "callsheet.name"
TEAM_LABEL = "callsheet.team"
INSTALLATION_LABEL = "callsheet.installation"
FILES_TOLD = 500
# How often what runs in a sandbox is begun again in a new one, where the sandbox was lost.
LOST_RETRIES = 1
# How often a workspace is looked at whose files change while they are read.
LOOKS = 3


class Workspaces:
    """Hands out a run's sandboxes, and keeps what is in them.

    `secrets` are never kept: a file that holds one is named in `not_kept` instead.
    """

    def __init__(
        self,
        driver: Driver,
        spec: CrewSpec,
        labels: Mapping[str, str],
        state: RunState,
        read: Reader,
        writer: Writer,
        secrets: Sequence[str] = (),
    ) -> None:
        self._driver = driver
        self._spec = spec
        self._labels = labels
        self._run = labels[RUN_LABEL]
        self._state = state
        self._read = read
        self._writer = writer
        self._secrets = tuple(secret.encode() for secret in secrets if secret)
        self._images: Mapping[str, str] = (state.started or {}).get("images") or {}
        self._digests: dict[str, str] = {}
        self._open: dict[str, asyncio.Task[Sandbox]] = {}
        # One look at a workspace at a time, so that what is told of it is in order.
        self._looking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._versions: dict[str, int] = {}
        # Taken up again: what was seen there last may not have come into the journal.
        self._attached: set[str] = set()
        self._kept: set[str] | None = None
        self._withheld: set[str] = set()

    async def of(self, role: str) -> Sandbox:
        """Return a role's sandbox; one that was lost is replaced, with its files as they were kept
        last. Raises a SandboxError."""
        name = self.name(role)
        task = self._open.get(name)
        if task is None or _is_over(task):
            task = self._open[name] = asyncio.ensure_future(self._attach_or_create(name))
        return await asyncio.shield(task)

    def name(self, role: str) -> str:
        return workspace_name(role, self._spec.roles[role])

    def used(self, role: str) -> bool:
        """Say whether anything has happened in a role's workspace."""
        name = self.name(role)
        return name in self._open or self._last(name) is not None

    def of_role(self, role: str) -> list[str]:
        """Return the roles whose sandboxes hold a role's files: its own where it works in one;
        where a crew stands for it, those of the roles in that crew."""
        inside = [name for name in self._spec.roles if name.startswith(f"{role}/")]
        return [name for name in (role, *inside) if needs_sandbox(self._spec.roles[name])]

    async def keep(self, role: str) -> dict[str, Json]:
        """Keep what the last command of a role changed, and return what the journal says of it:
        `{"workspace": {"name", "version", "files", "snapshot"}}`, or nothing where nothing
        changed."""
        sandbox = await self.of(role)
        async with self._looking[self.name(role)]:
            return await self._keep(self.name(role), sandbox)

    async def kept(self, role: str) -> Snapshot:
        """Keep a role's whole workspace as it is now and return its manifest. A file that
        somebody is just writing is looked at again."""
        sandbox = await self.of(role)
        async with self._looking[self.name(role)]:
            for _ in range(LOOKS - 1):
                snapshot = await self._snapshot(sandbox)
                if not any(reason.startswith(CHANGING) for _, reason in snapshot.skipped):
                    return snapshot
            return await self._snapshot(sandbox)

    async def put(
        self, role: str, place: Callable[[Snapshot], Iterable[ManifestEntry]]
    ) -> dict[str, Json]:
        """Write files whose contents are kept into a role's workspace, where `place` puts them
        that sees what is there; returns what `keep` does. Raises FileError."""
        sandbox = await self.of(role)
        async with self._looking[self.name(role)]:
            for file in place(await self._snapshot(sandbox)):
                await sandbox.files.write(file.path, await self._fetch(file.sha256), mode=file.mode)
            return await self._keep(self.name(role), sandbox)

    async def beside(self, name: str, choice: SandboxChoice) -> Sandbox:
        """Return a sandbox of the run that is no role's, by its name; nothing in it is kept.
        Raises a SandboxError."""
        task = self._open.get(name)
        if task is None or _is_over(task):
            task = self._open[name] = asyncio.ensure_future(self._beside(name, choice))
        return await asyncio.shield(task)

    async def _beside(self, name: str, choice: SandboxChoice) -> Sandbox:
        for info in await self._driver.list({RUN_LABEL: self._run, NAME_LABEL: name}):
            if info.state == "running":
                return await self._driver.connect(info.id)
        labels = {**self._labels, NAME_LABEL: name}
        return await self._driver.create(spec_of(choice, labels, self._images))

    async def close(self, *, remove: bool) -> None:
        """Let go of all sandboxes; `remove` ends them, as at the end of a run, but for those that
        people still look into."""
        tasks, self._open = dict(self._open), {}
        spared: frozenset[str] = frozenset()
        if remove and tasks:
            spared = await self._read(partial(previews.workspaces_kept, self._run))
            await self._writer.call(partial(previews.end_others, self._run, spared))
        done = await asyncio.gather(*tasks.values(), return_exceptions=True)
        for name, result in zip(tasks, done, strict=True):
            if isinstance(result, BaseException):
                continue
            if name in spared:
                with suppress(SandboxError):
                    await result.set_ttl(previews.ORPHAN_S)
            else:
                await (result.kill() if remove else result.detach())
        if remove and tasks:
            for info in await self._driver.list({RUN_LABEL: self._run}):
                if info.labels.get(NAME_LABEL) not in spared:
                    await self._driver.remove(info.id)

    async def _attach_or_create(self, name: str) -> Sandbox:
        for info in await self._driver.list({RUN_LABEL: self._run, NAME_LABEL: name}):
            if info.state == "running":
                try:
                    sandbox = await self._driver.connect(info.id)
                except SandboxLost:
                    await self._driver.remove(info.id)
                    continue
                self._attached.add(name)
                return sandbox
        kept = await self._last_kept(name)
        labels = {**self._labels, NAME_LABEL: name}
        spec = spec_of(self._choice(name), labels, self._images)
        sandbox = await self._driver.create(replace(spec, awaits_files=bool(kept.entries)))
        try:
            await sandbox.restore(kept, self._fetch)
        except BaseException:
            await sandbox.kill()
            raise
        return sandbox

    def _choice(self, name: str) -> SandboxChoice:
        """Return what is asked for a workspace: of roles that share one, by the first, but the
        longest time."""
        roles = (r for role, r in self._spec.roles.items() if self.name(role) == name)
        sharing = [role.sandbox or SandboxChoice() for role in roles]
        longest = max(choice.timeout_s for choice in sharing)
        return sharing[0].model_copy(update={"timeout_s": longest})

    def _last(self, name: str) -> dict[str, Json] | None:
        """Return what the journal said last of a workspace."""
        told = [
            (place.get("version", 0), action.ended_at or "", place)
            for action in self._state.actions.values()
            if (place := workspace_told(action)) and place["name"] == name
        ]
        return max(told, key=lambda item: item[:2])[2] if told else None

    async def _keep(self, name: str, sandbox: Sandbox) -> dict[str, Json]:
        changes = await sandbox.changes()
        if not changes.files and name not in self._attached:
            return {}
        snapshot = await self._snapshot(sandbox)
        if name in self._attached:
            changes = compared(await self._last_kept(name), snapshot)
            self._attached.discard(name)
            if not changes.files:
                return {}
        if sandbox.id not in self._digests:
            self._digests[sandbox.id] = await sandbox.image()
        told = await self._told(name, changes, snapshot)
        return {"workspace": {**told, "image": self._digests[sandbox.id]}}

    async def _last_kept(self, name: str) -> Snapshot:
        last = self._last(name)
        return read_manifest(await self._fetch(last["snapshot"])) if last else Snapshot(entries=())

    async def _told(self, name: str, changes: Changes, snapshot: Snapshot) -> dict[str, Json]:
        """Say what changed. The version grows with each look, so that of two branches it is
        known whose snapshot is the newer one, in whichever order they end."""
        hashes = {entry.path: entry.sha256 for entry in snapshot.entries if entry.sha256}
        if name not in self._versions:
            self._versions[name] = (self._last(name) or {}).get("version", 0)
        version = self._versions[name] = self._versions[name] + 1
        manifest = manifest_bytes(snapshot)
        told: dict[str, Json] = {
            "name": name,
            "version": version,
            "files": [
                asdict(change) | ({"sha256": hashes[change.path]} if change.path in hashes else {})
                for change in changes.files[:FILES_TOLD]
            ],
            "snapshot": await self._writer.call(partial(store.blob_keep, self._run, manifest)),
        }
        if len(changes.files) > FILES_TOLD:
            told["more_files"] = len(changes.files) - FILES_TOLD
        if snapshot.skipped:
            told["not_kept"] = [list(item) for item in snapshot.skipped[:FILES_TOLD]]
        return told

    async def _snapshot(self, sandbox: Sandbox) -> Snapshot:
        if self._kept is None:
            self._kept = await self._read(partial(store.blobs_kept, self._run))
        snapshot = await sandbox.snapshot(self._store, known=self._known)
        held = {entry.path for entry in snapshot.entries if entry.sha256 in self._withheld}
        if not held:
            return snapshot
        return replace(
            snapshot,
            entries=tuple(entry for entry in snapshot.entries if entry.path not in held),
            skipped=(
                *snapshot.skipped,
                *((path, "it contains a credential") for path in sorted(held)),
            ),
        )

    async def _store(self, digest: str, data: bytes) -> None:
        if any(secret in data for secret in self._secrets):
            self._withheld.add(digest)
            return
        await self._writer.call(partial(store.blob_keep, self._run, data))
        if self._kept is not None:
            self._kept.add(digest)

    async def _known(self, digest: str) -> bool:
        return self._kept is not None and digest in self._kept

    async def _fetch(self, digest: str) -> bytes:
        try:
            return await self._read(partial(store.blob_fetch, self._run, digest))
        except Blob.DoesNotExist:
            raise FilesForgotten from None


def workspace_told(action: ActionState) -> dict[str, Json] | None:
    """Return what an action's result says of a workspace: `{"name", "version", "snapshot", …}`.

    Only what the engine wrote itself counts; what a model or a person answered may hold anything.
    """
    if action.type not in ("tool_call", "state_write") or not isinstance(action.output, dict):
        return None
    place = action.output.get("workspace")
    return place if isinstance(place, dict) else None


def workspace_name(name: str, role: RoleSpec) -> str:
    """Return the name of a role's workspace: those that share one have the same. A crew inside
    another shares with nobody outside."""
    if role.sandbox is None or not role.sandbox.shared:
        return f"role-{name}"
    inside = name.rpartition("/")[0]
    return f"shared-{inside}/{role.sandbox.shared}" if inside else f"shared-{role.sandbox.shared}"


def needs_sandbox(role: RoleSpec) -> bool:
    """Say whether a role works in a sandbox."""
    return role.kind in ("code", "command") or any(
        TOOLS[use.name].info.needs_sandbox for use in role.tools if use.name in TOOLS
    )


def spec_of(
    choice: SandboxChoice, labels: Mapping[str, str], images: Mapping[str, str]
) -> SandboxSpec:
    """Return the sandbox that a role's document asks for. A team's image is named by the digest
    that was pinned when the run began: what was checked is what runs."""
    ours = choice.image in FLAVOURS
    return SandboxSpec(
        image=choice.image if ours else images.get(choice.image, choice.image),
        runtime=settings.SANDBOX_RUNTIME or None,
        cpu=choice.cpu,
        memory_mb=choice.memory_mb,
        network=choice.network,
        timeout_s=choice.timeout_s,
        labels=dict(labels),
    )


def _is_over(task: asyncio.Task[Sandbox]) -> bool:
    """Say whether a sandbox could not be made, or is there no more."""
    if not task.done():
        return False
    return task.cancelled() or task.exception() is not None or task.result().lost
