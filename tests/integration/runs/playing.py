"""A worker's engine in the test's own process, against the fake model server."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from config.celery import app as celery
from crews.services import crew_create, crew_publish
from runs.engine.drive import Drive
from runs.engine.machine import Machine
from runs.journal import store
from runs.models import Run
from runs.services import run_start
from sandbox.api import Driver
from sandbox.docker_driver import DockerDriver
from teams.models import Team, User
from tests.fakes.model_server import ModelServer
from tests.integration.runs import trail

Json = Any
# Wake-ups go where the product sends them: to a broker in the tests' data folder.
celery.set_default()


@dataclass(frozen=True, kw_only=True)
class Played:
    """A run that was driven until it ended, waits or is paused."""

    run: Run
    entries: list[Json]

    @property
    def output(self) -> Json:
        return self.entries[-1]["payload"].get("output")

    @property
    def error(self) -> Json:
        return self.entries[-1]["payload"].get("error")

    def action(self, key: str) -> list[Json]:
        """Return the entries of the action at a structural path."""
        return [entry for entry in self.entries if entry["key"] == key]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A team that has credentials for the fake model server, and the engine to drive its runs."""

    team: Team
    user: User
    server: ModelServer
    driver: Callable[[], Driver] = DockerDriver

    def play(self, document: Json, task: Json = "The task", *, input: Json = None) -> Played:
        """Run a crew to where it ends or waits, and check its journal."""
        return self.go_on(self.start(document, task, input=input))

    def start(self, document: Json, task: Json = "The task", *, input: Json = None) -> Run:
        """Start a run without driving it."""
        crew = crew_create(team=self.team, user=self.user, document=document)
        version = crew_publish(crew=crew, user=self.user)
        return run_start(team=self.team, user=self.user, version=version, task=task, input=input)

    def go_on(self, run: Run, seconds: float = 60) -> Played:
        """Drive a run as a worker would, check its journal and return it."""

        async def work(machine: Machine) -> None:
            async with asyncio.timeout(seconds):
                await Drive(machine, str(run.pk)).go()

        self.on_machine(work)
        return self.read(run)

    def on_machine(self, work: Callable[[Machine], Any]) -> None:
        """Do something with an engine of its own, and close it."""
        on_machine(work, self.driver)

    def read(self, run: Run) -> Played:
        run.refresh_from_db()
        entries = [entry.model_dump(mode="json") for entry in store.read(str(run.pk))]
        trail.check(entries)
        return Played(run=run, entries=entries)


def run_out(run: Run) -> None:
    """Let the lease of a run, if anybody has one, run out as a killed worker's does."""
    Run.objects.filter(pk=run.pk).exclude(lease=None).update(lease_until=F("created_at"))


def on_machine(work: Callable[[Machine], Any], driver: Callable[[], Driver] = DockerDriver) -> None:
    """Do something with an engine of its own, and close it."""

    async def main() -> None:
        machine = Machine(driver=driver())
        try:
            await work(machine)
        finally:
            await machine.close()

    asyncio.run(main())
