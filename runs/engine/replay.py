"""Replay a run from its journal: every step of its pattern again, with no call and no effect."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from crews.spec import CrewSpec
from runs.engine.acts import begin
from runs.engine.allowances import KEY as ABOUT_LIMITS
from runs.engine.budget import Budget, BudgetExceeded, LimitReached
from runs.engine.crew import CrewAtWork
from runs.engine.drive import pinned
from runs.engine.nesting import with_roles_inside
from runs.engine.options import with_defaults
from runs.engine.origin import is_edited
from runs.engine.rates import Rate
from runs.engine.recorder import Act, Recorder, Scope
from runs.engine.workspace import RUN_LABEL, Workspaces
from runs.errors import ActionError, ReplayDiverged, RunHalted, RunStopped, RunSuspended
from runs.journal import store
from runs.journal.entries import ActionFinished, action_id, canonical, digest
from runs.journal.fold import FINAL, ActionState, RunState
from runs.patterns import pattern_get

Json = Any
# Kinds of errors by which an action is refused before anything of it is journaled.
REFUSALS = ("budget", "breaker", "not_needed")


class Replayer(Recorder):
    """A recorder that writes nothing: what a finished run would record must be in its journal
    already."""

    deep = True

    def __init__(self, run: str, state: RunState, limits: Budget) -> None:
        super().__init__(run, "", state, None, Budget.unlimited())  # type: ignore[arg-type]
        self.steps = 0
        self.met: set[str] = set()
        self._limits = limits

    def record(self, entry: store.NewEntry) -> None:
        """Compare an entry with the journal. Raises ReplayDiverged at the first difference."""
        known = self.state.actions.get(entry.action or "")
        if known is None:
            raise ReplayDiverged(f"'{entry.key}' is not in the journal.")
        if isinstance(entry.payload, ActionFinished):
            if known.status == "cancelled":
                self._halt_if_cancelled()
            self.steps += 1
            if canonical(entry.payload.output) != canonical(known.output):
                raise ReplayDiverged(f"'{entry.key}' now has another result than in the journal.")

    def knows(self, scope: Scope, slot: str) -> bool:
        """Say that the journal holds it: a replay waits for nothing."""
        return True

    def _place(self, scope: Scope, slot: str, act: Act) -> tuple[str, str, ActionState | None]:
        key, action, known = super()._place(scope, slot, act)
        if known is not None:
            self.met.add(action)
        else:
            self._begins(scope, act)
        return key, action, known

    def _begins(self, scope: Scope, act: Act) -> None:
        """Let an action begin that has no end in the journal. Raises what refused it then."""
        if refused := self._refused(scope):
            raise ActionError(refused)
        with suppress(LimitReached):
            # What is used up only grows: what had no room then has none now.
            begin(self._limits, scope, act)
        self._halt_if_cancelled()

    def instant(self, scope: Scope, slot: str, act: Act, happen: Callable[[], Json]) -> Json:
        known = self.state.actions.get(action_id(self.run, scope.next_key(slot)))
        if known is not None and known.status != "finished":
            self.met.add(known.id)
            self._begins(scope, act)  # Its worker was lost, and it did not begin again.
        return super().instant(scope, slot, act, happen)

    def _halt_if_cancelled(self) -> None:
        """Come to rest where a cancelled run was cut off. Raises RunHalted."""
        if self.state.status == "cancelled":
            raise RunHalted(self.state.status)

    def unmet(self) -> list[str]:
        """Return the keys of the journal's actions that the replay did not come to, but for
        questions about limits, which stand beside the pattern, and what is in results that were
        not made here."""
        actions = self.state.actions
        passed = {a.id for a in actions.values() if is_edited(a) or a.cached}
        found = []
        for action in actions.values():
            if action.parent in passed:
                passed.add(action.id)
            elif action.id not in self.met and not action.key.startswith(ABOUT_LIMITS):
                found.append(action.key)
        return found

    def _refused(self, scope: Scope) -> dict[str, Json] | None:
        """Return why the next action at a place was not begun, where a limit or the breaker had
        refused it: then what contains it failed by that, or the run ended by it."""
        parent = self.state.actions.get(scope.action or "")
        if parent is not None and parent.status in ("finished", "failed"):
            error = parent.error if parent.status == "failed" else None
        else:
            error = self.state.error
        return error if error and error.get("kind") in REFUSALS else None

    async def _in_doubt(self, known: ActionState, act: Act, key: str, scope: Scope) -> None:
        self._begins(scope, act)
        await super()._in_doubt(known, act, key, scope)

    async def _found(self, act: Act) -> None:
        """Look nowhere: whose result was taken stands in the journal."""

    async def _waits(self, rate: Rate | None) -> float:
        return 0.0

    def _keep(self, act: Act, action: str) -> None:
        """Keep nothing."""

    async def written(self) -> None:
        """Be asked for an effect: the journal should have had its result."""
        self._halt_if_cancelled()
        raise ReplayDiverged("The crew now does something that the journal does not hold.")


async def replay(run: str, state: RunState) -> int:
    """Replay a run that has ended and return how many actions it has.

    Raises ReplayDiverged naming the first action that differs.
    """
    if state.status not in FINAL:
        raise ReplayDiverged(
            f"The run is {state.status}; only a run that has ended can be replayed."
        )
    started = state.started or {}
    spec = CrewSpec.model_validate(started["document"])
    everyone = with_roles_inside(spec, started.get("crews") or {})
    pattern = pattern_get(spec.pattern.name)
    replayer = Replayer(run, state, Budget.of(everyone, state))
    crew = CrewAtWork(
        run=run,
        spec=spec,
        task=started.get("task"),
        input=started.get("input"),
        options=with_defaults(pattern.info.options_schema, spec.pattern.options),
        models=pinned(started.get("models", {})),
        credentials={},
        rehearsal=bool(started.get("rehearsal")),
        crews=started.get("crews") or {},
        tools=started.get("tools") or {},
        scripts={},
        machine=None,  # type: ignore[arg-type]
        recorder=replayer,
        # Asked only which workspaces there are; no effect is carried out.
        workspaces=Workspaces(None, everyone, {RUN_LABEL: run}, state, None, None),  # type: ignore[arg-type]
    )
    output: Json = None
    try:
        output = await pattern.play(crew)
    except (ActionError, BudgetExceeded, RunHalted, RunStopped, RunSuspended) as ended:
        if state.status == "finished":
            raise ReplayDiverged(f"The replay ends with: {ended}") from None
    if state.status == "cancelled" and (unmet := replayer.unmet()):
        raise ReplayDiverged(f"The replay did not come to '{unmet[0]}'.")
    if state.status == "finished" and digest(output) != digest(state.output):
        raise ReplayDiverged("The run's result differs from the one in the journal.")
    return len(state.actions)
