"""Runs that are killed after any of their entries, against the run that nobody disturbs."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from django.db.models import F

from runs.engine.drive import Drive
from runs.engine.machine import Machine
from runs.engine.replay import replay
from runs.errors import Conflict
from runs.journal import store
from runs.journal.fold import fold
from runs.models import Entry, Question, Run
from runs.services import run_pause, run_resume
from tests.integration.runs import trail
from tests.integration.runs.playing import Played, Stage, on_machine, run_out

Json = Any


@dataclass
class Killed:
    """Kills the worker of a run when its journal has `after` entries: nothing more is written."""

    stage: Stage
    after: int

    def play(self, document: Json, task: Json = "The task") -> Played:
        """Play a crew, killed once, to its end by a second worker."""
        return self.go_on(self.stage.start(document, task))

    def go_on(self, run: Run) -> Played:
        """Drive a run, killed once, to its end by a second worker."""
        self.stage.on_machine(lambda machine: self._until_killed(machine, run))
        run_out(run)
        return self.stage.go_on(run)

    async def _until_killed(self, machine: Machine, run: Run) -> None:
        drive = Drive(machine, str(run.pk))

        def kill() -> None:
            if drive._recorder is not None and drive._recorder.state.seq >= self.after:
                drive.stop()

        drive.on_written = kill
        async with asyncio.timeout(30):
            await drive.go()


def cut(run: Run, after: int) -> None:
    """Bring a run back to where a worker was killed that had just written entry `after`."""
    Entry.objects.filter(run=run, seq__gt=after).delete()
    state = fold(store.read(str(run.pk)))
    Run.objects.filter(pk=run.pk).update(
        seq=after,
        status="running",
        lease=uuid4(),
        lease_until=F("created_at"),
        ended_at=None,
        outcome="",
        signature=None,
        actions=len(state.actions),
        failures=state.failures,
        tokens=state.tokens,
        cost_usd=state.cost_usd,
    )
    Question.objects.filter(run=run, seq__gt=after).delete()
    Question.objects.filter(run=run).update(closed_at=None)
    store.actions_rebuild(str(run.pk))
    run.refresh_from_db()


def paused_once(stage: Stage, document: Json, after: int) -> Played:
    """Play a crew, paused by a person when its journal has so many entries, and resumed."""
    run = stage.start(document)

    async def work(machine: Machine) -> None:
        drive = Drive(machine, str(run.pk))
        pausing: list[Any] = []

        def pause() -> None:
            seq = drive._recorder.state.seq if drive._recorder is not None else 0
            if seq >= after and not pausing:
                pausing.append(machine.writer.call(partial(_pause, run, stage)))

        drive.on_written = pause
        async with asyncio.timeout(30):
            await drive.go()
            await asyncio.gather(*pausing)

    on_machine(work)
    run.refresh_from_db()
    if run.status == "paused":
        run_resume(run=run, user=stage.user)
    return stage.go_on(run)


def _pause(run: Run, stage: Stage) -> None:
    with suppress(Conflict):  # It may have ended in the meantime.
        run_pause(run=run, user=stage.user)


def replayed(played: Played) -> int:
    """Replay a run from its journal; how many actions it has. Raises ReplayDiverged."""
    run = str(played.run.pk)
    return asyncio.run(replay(run, fold(store.read(run))))


def outcome(played: Played) -> dict[str, Json]:
    """Return what a run came to, so that it can be compared with another run's."""
    return {key: told[3:] for key, told in trail.outcome(played.entries).items() if key != "run"}


def survives_kills(
    stage: Stage, document: Json, *, every: int = 1, branches: int = 1, alike: bool = True
) -> Played:
    """Play a crew undisturbed, then killed after each (`every`-th) entry: a kill costs at most one
    call again per branch, and where branches do not race (`alike`) all ends are the same."""
    whole = stage.play(document)
    assert replayed(whole) > 0
    calls = len(trail.started(whole.entries, "model_call"))
    for after in range(1, len(whole.entries), every):
        stage.server.calls.clear()
        again = Killed(stage, after).play(document)
        assert again.run.status == whole.run.status, (after, again.error)
        assert replayed(again) > 0
        made = len(trail.started(again.entries, "model_call"))
        assert trail.attempts(again.entries) <= made + branches, after
        assert made <= len(stage.server.calls) <= trail.attempts(again.entries), after
        if alike:
            assert made == calls, after
            assert again.output == whole.output, after
            assert again.error == whole.error, after
            assert outcome(again) == outcome(whole), after
    return whole
