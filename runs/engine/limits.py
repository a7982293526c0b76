"""What a person is asked when a run reaches a limit or its breaker opens.

Such a question stands beside the pattern's structure, under the key `limit:<n>`: the pattern comes
to rest, and is played again once somebody has decided. What was allowed is read from the journal.
"""

from typing import Any

from runs.engine.allowances import END, GO_ON, KEY, TOP_UP, asked_about
from runs.engine.breaker import BreakerOpen
from runs.engine.budget import BudgetExceeded, LimitReached
from runs.engine.recorder import Act, Recorder, Scope
from runs.errors import RunError, RunSuspended
from runs.journal.entries import ActionFinished, RunWaiting
from runs.journal.store import NewEntry

Json = Any
_TITLES = {
    "tokens": "More tokens",
    "cost_usd": "More money, in US dollars",
    "calls": "More model calls",
    "actions": "More actions",
    "delegations": "More delegations",
    "seconds": "More time, in seconds",
}


class EndDecided(RunError):
    """It was decided that the run ends at a limit."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.advice = BudgetExceeded.advice


def settle(recorder: Recorder) -> None:
    """Journal that the decided questions are settled. Raises EndDecided where that ends the run."""
    for action in asked_about(recorder.state):
        decision = action.decision
        if decision is None:
            continue
        if action.status != "finished":
            output = {"choice": "", "value": None, "comment": ""} | decision
            recorder.record(
                NewEntry(payload=ActionFinished(output=output), action=action.id, key=action.key)
            )
        if decision.get("choice") == END:
            told = f"{action.input['told']} It was decided to end the run."
            raise EndDecided(f"{told} {decision.get('comment', '')}".strip(), action.input["kind"])


async def ask(recorder: Recorder, reached: LimitReached | BreakerOpen) -> None:
    """Ask what to do about what was reached, once. Raises RunSuspended."""
    asked = [a for a in recorder.state.actions.values() if a.key.startswith(KEY)]
    if any(action.status == "waiting" for action in asked):
        raise RunSuspended("A person is asked about a limit already.")
    limit = getattr(reached, "limit", "")
    told = {"kind": reached.kind, "told": str(reached)}
    act = Act(type="escalation", name=limit or "breaker", agent="", input=told)
    waiting = _waiting(recorder, reached, limit)
    await recorder.question(Scope(), f"{KEY}{len(asked) + 1}", act, waiting)


def _waiting(recorder: Recorder, reached: RunError, limit: str) -> RunWaiting:
    advice = getattr(reached, "advice", "")
    if not limit:
        return RunWaiting(
            question=f"{reached} Shall the run go on?",
            choices=[GO_ON, END],
            context={"advice": advice},
            reason="breaker",
        )
    most = getattr(recorder.budget.run.limits, limit)
    return RunWaiting(
        question=f"{reached} Top it up, or end the run?",
        choices=[TOP_UP, END],
        schema_=_schema(limit),
        context={"limit": limit, "so_far": str(most) if limit == "cost_usd" else most},
        proposed={limit: str(most) if limit == "cost_usd" else most},
        reason="limit",
    )


def _schema(limit: str) -> dict[str, Json]:
    amount: dict[str, Json] = {"type": "integer", "minimum": 1, "maximum": 1_000_000_000}
    if limit == "cost_usd":
        amount = {"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,6})?$", "maxLength": 13}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [limit],
        "properties": {limit: amount | {"title": _TITLES[limit]}},
    }
