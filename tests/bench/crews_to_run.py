"""Crews for the benchmarks, and a worker's engine in this process."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from crews.models import CrewVersion
from crews.services import crew_import, crew_publish
from crews.strict_json import json_dump
from runs.engine.drive import Drive
from runs.engine.machine import Machine
from runs.models import Run
from runs.services import run_start
from sandbox.docker_driver import DockerDriver
from teams.models import Team, User
from teams.services import owner, owner_create_first

MODEL = {"provider": "openai", "name": "gpt-4.1-mini", "max_tokens": 200}


def owner_and_team() -> tuple[Team, User]:
    user = owner() or owner_create_first()
    assert user is not None
    return Team.objects.get(personal_of=user), user


def pipeline(team: Team, user: User, steps: int) -> CrewVersion:
    names = [f"s{n}" for n in range(steps)]
    document = {
        "callsheet": 1,
        "name": f"Pipeline of {steps}",
        "pattern": {"name": "pipeline"},
        "roles": {name: {"seat": "stage", "model": MODEL} for name in names},
        "handoffs": [{"from": a, "to": b} for a, b in pairwise(names)],
    }
    return _published(team, user, document)


def delegations(team: Team, user: User, workers: int) -> CrewVersion:
    roles: dict[str, Any] = {"lead": {"seat": "orchestrator", "model": MODEL}}
    roles |= {f"worker{n}": {"seat": "worker", "model": MODEL} for n in range(workers)}
    document = {
        "callsheet": 1,
        "name": "Delegations",
        "roles": roles,
        "pattern": {"name": "hierarchical", "options": {"max_delegations": workers}},
    }
    return _published(team, user, document)


def one_by_one(team: Team, user: User, delegations: int) -> CrewVersion:
    """A lead that may delegate so often to the one worker."""
    document = {
        "callsheet": 1,
        "name": "One by one",
        "roles": {
            "lead": {"seat": "orchestrator", "model": MODEL, "instructions": "You lead."},
            "worker": {"seat": "worker", "model": MODEL},
        },
        "pattern": {"name": "hierarchical", "options": {"max_delegations": delegations}},
        "limits": {"actions": 2000, "breaker": {"repeats": 1000}},
    }
    return _published(team, user, document)


def start(team: Team, user: User, version: CrewVersion, task: str) -> Run:
    return run_start(team=team, user=user, version=version, task=task, here=True)


def _published(team: Team, user: User, document: dict[str, Any]) -> CrewVersion:
    crew = crew_import(team=team, user=user, data=json_dump(document), format="json")
    return crew_publish(crew=crew, user=user)


class Worker:
    """The engine of one worker, without Celery."""

    async def __aenter__(self) -> "Worker":
        self.machine = Machine(driver=DockerDriver())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.machine.close()

    async def drive(self, start: Callable[[], Run]) -> Run:
        """Start a run and drive it to its end."""
        run = await self.start(start)
        await self.go(run)
        return run

    async def start(self, start: Callable[[], Run]) -> Run:
        return await self.machine.writer.call(start)

    async def go(self, run: Run) -> None:
        await Drive(self.machine, str(run.pk), token=str(run.lease)).go()

    async def drive_many(self, starts: Sequence[Callable[[], Run]]) -> None:
        await asyncio.gather(*(self.drive(start) for start in starts))
