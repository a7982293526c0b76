"""Who failed how often: an agent that failed for the second time in a run goes to a person.

Failures are counted in the order of the run's structure, not of the clock, so that the same ones
go to a person again when a run is resumed or replayed and its branches end in another order.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from crews.titles import title_of
from runs.engine.specs import spec_of
from runs.errors import ActionError, RunStopped
from runs.journal.fold import ActionState
from runs.patterns.base import FAILURE_HANDLER

if TYPE_CHECKING:
    from runs.engine.acts import Scope
    from runs.engine.asking import Asking

Json = Any
# From this failure of an agent on a person is asked.
ASKED_FROM = 2
TRY_AGAIN, EDIT, GO_ON, STOP = "try again", "edit", "go on without it", "stop the run"
# Failures that another approach cannot help: a limit is reached, or a person has decided.
SETTLED = ("budget", "not_needed", "rejected", "stopped", "uncertain", "no_credential")
_NEVER = 10**9
# Waits for what an agent may have failed at before.
Wait = Callable[[str], Awaitable[None]]


class Decided(ActionError):
    """A failure that a person has decided on."""


class Failures:
    """What is known at one place of a run's structure of who failed before.

    Branches of `branch` know of each other in their order: each waits, before it counts, until
    those before it in which the same agent works have come to rest. Branches of `apart` may wait
    for each other, so they know only what was before them all, and their own.
    """

    def __init__(
        self,
        own: Counter[str] | None = None,
        before: tuple[Counter[str], ...] = (),
        waits: tuple[Wait, ...] = (),
    ) -> None:
        self._own = Counter() if own is None else own
        self._before = before
        self._waits = waits

    def branch(self, wait: Wait) -> "Failures":
        return Failures(self._own, self._before, (*self._waits, wait))

    def apart(self) -> "Failures":
        return Failures(Counter(), (*self._before, self._own), self._waits)

    def join(self, branch: "Failures") -> None:
        """Take in what a branch of `apart` knows, once all of them have come to rest."""
        self._own.update(branch._own)

    async def add(self, agent: str) -> int:
        """Count a failure and return how many of the agent there are."""
        for wait in self._waits:
            await wait(agent)
        self._own[agent] += 1
        return sum(counts[agent] for counts in (*self._before, self._own))

    def go_on_without(self, agent: str) -> None:
        """Ask no more about an agent."""
        self._own[agent] -= _NEVER

    def passed(self, told: Iterable[ActionState]) -> None:
        """Take in what the journal tells of a part that is not entered again."""
        for action in told:
            if action.type == "escalation":
                self.go_on_without(action.agent)
            else:
                self._own[action.agent] += 1


def told_of(actions: dict[str, ActionState]) -> list[ActionState]:
    """Return which actions of a journal tell of failures: asks that failed, but for other
    approaches within one ask, and decisions to go on without somebody."""
    found = []
    for action in actions.values():
        if action.type == "escalation":
            counts = (action.decision or {}).get("choice") == GO_ON
        else:
            around = actions.get(action.parent or "")
            within = around is not None and (around.type, around.agent) == ("ask", action.agent)
            counts = action.type == "ask" and action.status == "failed" and not within
            counts = counts and (action.error or {}).get("kind") not in SETTLED
        if counts:
            found.append(action)
    return found


async def asked_about(
    asking: "Asking", scope: "Scope", failed: ActionError
) -> dict[str, Json] | None:
    """Ask a person about a role that has failed, where it has done so before, and return the
    decision that it tries again or what its result is; None where its failure stands. Raises
    ActionError where it was decided that it stands, RunStopped where the run shall end."""
    started = asking.crew.recorder.state.started or {}
    # A nested crew follows the one that the run was started with.
    limits = spec_of(started["document"]).limits
    if limits.on_failures == "proceed" or failed.error.get("kind") in SETTLED:
        return None
    count = await scope.failures.add(asking.agent)
    if count < ASKED_FROM or isinstance(failed, Decided) or not _may_ask(asking):
        return None
    message = failed.error.get("message", "")
    decision = await asking.crew.at(scope).question(
        "failures",
        asking.name,
        f"{title_of(asking.name, asking.role.title)} has failed {count} times. {message} How shall"
        " the crew go on?",
        [TRY_AGAIN, EDIT, GO_ON, STOP],
        reason="failures",
        schema=asking.form,
        context={
            "task": asking.task,
            "given": [{"from": g.source, "payload": g.payload} for g in asking.given],
            "error": failed.error,
        },
        proposed=failed.error.get("partial_text", ""),
    )
    if decision["choice"] == STOP:
        told = f"Stopped by a decision, because '{asking.name}' kept failing. {message}"
        raise RunStopped(f"{told} {decision['comment']}".strip())
    if decision["choice"] == GO_ON:
        scope.failures.go_on_without(asking.agent)
        told = f"{message} It was decided to go on without it. {decision['comment']}".strip()
        raise ActionError(failed.error | {"message": told})
    return decision


def _may_ask(asking: "Asking") -> bool:
    """Say whether a person is asked about an ask at all: a failure that its contract wants
    stands, and what a failure handler fails at counts for whom it stands in."""
    fails = asking.contract is not None and asking.contract.on_invalid.then == "fail"
    return not fails and asking.role.seat != FAILURE_HANDLER
