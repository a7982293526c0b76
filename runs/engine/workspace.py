"""The sandboxes of one run: one per role, or one shared by name, made when first needed."""

import asyncio
from collections.abc import Mapping
from typing import Any

from crews.spec import CrewSpec, SandboxChoice
from sandbox.api import Driver, Sandbox, SandboxSpec

RUN_LABEL = "callsheet.run"
NAME_LABEL = "callsheet.name"
TEAM_LABEL = "callsheet.team"
INSTALLATION_LABEL = "callsheet.installation"


class Workspaces:
    """Hands out a run's sandboxes. After a takeover the living container is attached again."""

    def __init__(self, driver: Driver, run: str, spec: CrewSpec, labels: Mapping[str, str]) -> None:
        self._driver = driver
        self._run = run
        self._spec = spec
        self._labels = labels
        self._open: dict[str, asyncio.Task[Sandbox]] = {}

    async def of(self, role: str) -> Sandbox:
        """Return a role's sandbox. Raises a SandboxError."""
        choice = self._spec.roles[role].sandbox or SandboxChoice()
        name = f"shared-{choice.shared}" if choice.shared else f"role-{role}"
        task = self._open.get(name)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._open[name] = asyncio.ensure_future(self._attach_or_create(name, choice))
        return await asyncio.shield(task)

    async def close(self, *, remove: bool) -> None:
        """Let go of all sandboxes; `remove` ends them, as at the end of a run."""
        tasks, self._open = list(self._open.values()), {}
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if not isinstance(result, BaseException):
                await (result.kill() if remove else result.detach())
        if remove and tasks:
            for info in await self._driver.list({RUN_LABEL: self._run}):
                await self._driver.remove(info.id)

    async def _attach_or_create(self, name: str, choice: SandboxChoice) -> Sandbox:
        labels = {**self._labels, RUN_LABEL: self._run, NAME_LABEL: name}
        for info in await self._driver.list({RUN_LABEL: self._run, NAME_LABEL: name}):
            if info.state == "running":
                return await self._driver.connect(info.id)
        return await self._driver.create(spec_of(choice, labels))


def spec_of(choice: SandboxChoice, labels: Mapping[str, str]) -> SandboxSpec:
    """Return the sandbox that a role's document asks for."""
    options: dict[str, Any] = {"network": choice.network} if choice.network == "none" else {}
    return SandboxSpec(
        image=choice.image,
        cpu=choice.cpu,
        memory_mb=choice.memory_mb,
        timeout_s=choice.timeout_s,
        labels=dict(labels),
        **options,
    )
