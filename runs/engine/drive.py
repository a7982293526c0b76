"""Drive a run: claim it, replay its journal, go on where it stopped, and leave it finished,
waiting, paused or to somebody else."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import structlog

from crews.models import CrewVersion
from crews.spec import CrewSpec, ModelChoice
from runs.engine import lease, limits, retry
from runs.engine.breaker import BreakerOpen
from runs.engine.budget import Budget, LimitReached
from runs.engine.commanding import command_credentials, command_secrets
from runs.engine.crew import CrewAtWork
from runs.engine.escalation import Desk
from runs.engine.machine import Credentials, Machine
from runs.engine.nesting import with_roles_inside
from runs.engine.options import with_defaults
from runs.engine.recorder import CRASHES, Recorder
from runs.engine.specs import spec_of
from runs.engine.workspace import INSTALLATION_LABEL, RUN_LABEL, TEAM_LABEL, Workspaces
from runs.errors import LeaseLost, ReplayDiverged, RunError, RunHalted, RunParked, RunSuspended
from runs.journal import entries as e
from runs.journal import store
from runs.journal.fold import FINAL, RunState, fold
from runs.journal.placing import Head
from runs.models import Run
from runs.patterns import pattern_get
from runs.providers.base import Credential
from teams.services import credential_resolve

Json = Any
log = structlog.get_logger(__name__)
# How this worker's part ends: the run has ended, waits for people, was paused by the engine, or was
# halted by a person with what is under way brought to its end.
Rest = Literal["ended", "waits", "parked", "left", "again"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What driving a run needs from the database."""

    team: str
    state: RunState
    head: Head
    scripts: Mapping[str, Json]
    credentials: Credentials


class Drive:
    """One worker's ownership of one run, from the claim to the release.

    With a `token` the run is owned already, by the process that started it for itself.
    """

    def __init__(self, machine: Machine, run: str, *, token: str = "") -> None:
        self.run = run
        self.token = token
        self._here = bool(token)
        self._stopped = False
        self._begun = 0
        self.on_written: Callable[[], None] = lambda: None
        self._machine = machine
        self._work: asyncio.Task[Json] | None = None
        self._recorder: Recorder | None = None

    async def go(self) -> None:
        """Drive the run until it has ended or waits; return at once if there is nothing to do."""
        if not self.token:
            claimed = await self._machine.writer.call(partial(lease.claim, self.run))
            if claimed is None:
                return
            self.token = claimed
            if self._stopped:
                await self.hand_over()
                return
        bound = structlog.contextvars.bind_contextvars(run=self.run)
        try:
            while not await self._once():
                pass
        except (LeaseLost, RunHalted) as lost:
            log.info("run_left", reason=str(lost))
        finally:
            structlog.contextvars.reset_contextvars(**bound)

    def stop(self) -> None:
        """Stop driving; what is under way is not waited for. Whose run it is does not change."""
        self._stopped = True
        if self._recorder is not None:
            self._recorder.stopping = True
            self._recorder.flush()
        if self._work is not None:
            self._work.cancel()

    async def hand_over(self) -> None:
        """Give the run up, unfinished, to whoever takes it over."""
        await self._machine.writer.call(partial(lease.hand_over, [self.token]))

    def lose(self, error: RunError | None = None) -> None:
        """Stop because the run belongs to somebody else now."""
        log.info("run_lost", run=self.run, reason=str(error or ""))
        self.stop()

    async def _once(self) -> bool:
        """Replay and go on once; True when this worker is done with the run."""
        loaded = await self._machine.read(lambda: load(self.run, environment=self._here))
        if loaded.state.status in FINAL:
            return True
        self._machine.writer.expect(self.run, loaded.head)
        started = loaded.state.started or {}
        spec = spec_of(started["document"])
        everyone = with_roles_inside(spec, started.get("crews") or {})
        budget = Budget.of(everyone, loaded.state)
        recorder = self._recorder = Recorder(
            self.run, self.token, loaded.state, self._machine.writer, budget
        )
        recorder.team = loaded.team
        recorder.on_lost, recorder.on_written = self.lose, self.on_written
        recorder.address = Desk(everyone).address
        spaces = await self._workspaces(everyone, loaded)
        rest: Rest = "left"
        try:
            rest = await self._to_rest(spec, loaded, recorder, spaces)
        except RunHalted as halted:
            rest = "ended" if halted.status in FINAL else "left"
        finally:
            recorder.flush()  # Whoever takes the run over must know it.
            await self._close(spaces, remove=rest == "ended")
        if rest == "again":
            return False
        return rest in ("ended", "parked") or await self._release(recorder, waits=rest == "waits")

    async def _workspaces(self, spec: CrewSpec, loaded: Loaded) -> Workspaces:
        machine = self._machine
        labels = {
            RUN_LABEL: self.run,
            TEAM_LABEL: loaded.team,
            INSTALLATION_LABEL: await machine.installation(),
        }
        return Workspaces(
            machine.driver,
            spec,
            labels,
            loaded.state,
            machine.read,
            machine.writer,
            secrets=command_secrets(spec, loaded.credentials),
        )

    async def _to_rest(
        self, spec: CrewSpec, loaded: Loaded, recorder: Recorder, spaces: Workspaces
    ) -> Rest:
        """Play the pattern until the run comes to rest, and journal how. Raises LeaseLost or
        RunHalted."""
        try:
            if loaded.state.takeovers >= CRASHES:
                raise RunParked(
                    f"The worker was lost {CRASHES} times in a row{_at(loaded.state)}."
                    " Resume to try again."
                )
            if self._stopped:
                raise LeaseLost("The run was given up.")
            self._begun = recorder.state.seq
            limits.settle(recorder)
            self._work = asyncio.ensure_future(self._play(spec, loaded, recorder, spaces))
            await self._finish(recorder, "finished", output=await self._work)
        except RunSuspended:
            await recorder.written()
            return "waits"
        except (LimitReached, BreakerOpen) as reached:
            return await self._reached(recorder, reached)
        except (RunParked, ReplayDiverged) as parked:
            await self._park(recorder, str(parked))
            return "parked"
        except asyncio.CancelledError:
            raise LeaseLost("The run was given up.") from None
        except (LeaseLost, RunHalted):
            raise
        except Exception as failure:
            if not isinstance(failure, RunError):
                log.exception("run_broken")
            await self._finish(recorder, "failed", error=retry.describe(failure))
        return "ended"

    async def _reached(self, recorder: Recorder, reached: LimitReached | BreakerOpen) -> Rest:
        """Go on where calls that were under way have given back enough; else ask a person, or end
        the run where its crew says so. Raises LeaseLost or RunHalted."""
        await recorder.written()
        if not recorder.budget.asks:
            await self._finish(recorder, "failed", error=retry.describe(reached))
            return "ended"
        grown = recorder.state.seq > self._begun
        if isinstance(reached, LimitReached) and grown and recorder.budget.fits(reached):
            return "again"
        with suppress(RunSuspended):
            await limits.ask(recorder, reached)
        await recorder.written()
        return "waits"

    async def _play(
        self, spec: CrewSpec, loaded: Loaded, recorder: Recorder, spaces: Workspaces
    ) -> Json:
        started = loaded.state.started or {}
        pattern = pattern_get(spec.pattern.name)
        crew = CrewAtWork(
            run=self.run,
            spec=spec,
            task=started.get("task"),
            input=started.get("input"),
            options=with_defaults(pattern.info.options_schema, spec.pattern.options),
            models=pinned(started.get("models", {})),
            credentials=loaded.credentials,
            rehearsal=bool(started.get("rehearsal")),
            crews=started.get("crews") or {},
            team=loaded.team,
            tools=started.get("tools") or {},
            scripts=loaded.scripts,
            machine=self._machine,
            recorder=recorder,
            workspaces=spaces,
        )
        if crew.rehearsal:
            recorder.on_passed = crew.count_visits
        return await pattern.play(crew)

    async def _finish(
        self,
        recorder: Recorder,
        status: Literal["finished", "failed"],
        *,
        output: Json = None,
        error: dict[str, Json] | None = None,
    ) -> None:
        state = await recorder.ahead()
        totals: dict[str, Json] = {
            "tokens": state.tokens,
            "cost_usd": str(state.cost_usd),
            "unpriced": state.unpriced or state.has_lost_calls,
            "calls": state.calls,
            "actions": len(state.actions) - state.taken_actions,
            "failures": state.failures,
        }
        if state.taken_actions:
            totals["taken"] = {
                "tokens": state.taken_tokens,
                "cost_usd": str(state.taken_cost_usd),
                "calls": state.taken_calls,
                "actions": state.taken_actions,
            }
        finished = e.RunFinished.model_construct(
            status=status, output=output, error=error, totals=totals
        )
        tidy = all(action.status in ("finished", "failed") for action in state.actions.values())
        recorder.record(store.NewEntry(payload=finished, gated=True, tidy=tidy))
        await recorder.written()
        log.info("run_ended", run=self.run, status=status, actions=totals["actions"])

    async def _park(self, recorder: Recorder, reason: str) -> None:
        await recorder.written()
        entry = store.NewEntry(payload=e.RunPaused(reason=reason))
        await self._machine.writer.append(
            store.Write(
                run=self.run, entries=(entry,), lease=self.token, allowed=store.OPEN, release=True
            )
        )

    async def _release(self, recorder: Recorder, *, waits: bool) -> bool:
        """Give the run back; False where its journal has grown meanwhile and there is more to
        do."""
        if recorder.missed:
            return False
        seen = recorder.state.seq
        return await self._machine.writer.call(
            lambda: lease.release(self.run, self.token, seen=seen, waits=waits)
        )

    async def _close(self, spaces: Workspaces, *, remove: bool) -> None:
        try:
            await asyncio.shield(spaces.close(remove=remove))
        except Exception as error:  # noqa: BLE001 (the reaper sees to what is left)
            log.warning("sandbox_not_closed", error=str(error))


def _at(state: RunState) -> str:
    """Say at which actions a run stood when its worker was lost."""
    within = {action.parent for action in state.actions.values()}
    open_ = [a for a in state.actions.values() if a.status == "running" and a.id not in within]
    return f" at {', '.join(repr(action.key) for action in open_)}" if open_ else ""


def load(run: str, *, environment: bool = False) -> Loaded:
    """Read what driving a run needs. With `environment`, keys come from its variables too."""
    row = Run.objects.select_related("team").get(pk=run)
    entries = store.read(run)
    state = fold(entries)
    started = state.started or {}
    wanted = {
        (c["provider"], c["credential"])
        for choices in started.get("models", {}).values()
        for c in choices
    } | command_credentials(started)
    credentials: dict[tuple[str, str], Credential] = {}
    for provider, name in wanted:
        if provider == "rehearsal":
            continue
        found = credential_resolve(
            team=row.team, name=name, provider=provider, environment=environment
        )
        if found is not None:
            credentials[provider, name] = Credential(
                api_key=found.api_key, base_url=found.base_url or "", per_minute=found.per_minute
            )
    return Loaded(
        team=str(row.team_id),
        state=state,
        head=Head(entries[-1].seq, entries[-1].hash),
        scripts=_scripts(row, started) if row.rehearsal else {},
        credentials=credentials,
    )


def _scripts(row: Run, started: Mapping[str, Json]) -> dict[str, Json]:
    """Return what a rehearsal plays: the crew's script, and those of the crews inside it by their
    place (`role/`)."""
    scripts = {"": row.version.rehearsal if row.version else None}
    for path, pinned in (started.get("crews") or {}).items():
        inner = CrewVersion.objects.filter(
            crew__team=row.team_id, crew__slug=pinned["slug"], number=pinned["version"]
        )
        scripts[f"{path}/"] = inner.values_list("rehearsal", flat=True).first()
    return scripts


def pinned(models: Mapping[str, list[dict[str, Json]]]) -> dict[str, tuple[ModelChoice, ...]]:
    """Return the models that were chosen for the roles when the run began."""
    return {
        role: tuple(ModelChoice.model_validate(choice) for choice in choices)
        for role, choices in models.items()
    }
