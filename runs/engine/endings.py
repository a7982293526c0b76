"""How the journal tells of effects that did not come to a good end."""

from typing import Any

from runs.engine import retry
from runs.engine.acts import Act
from runs.engine.breaking_off import NotNeeded
from runs.journal.entries import ActionFailed

Json = Any


def failed(failure: Exception, wait: float | None, act: Act) -> ActionFailed:
    """Return that an attempt failed; without a time to `wait` (seconds) for good."""
    usage, cost = retry.spent(failure)
    return ActionFailed(
        error=retry.describe(failure, role=act.agent),
        final=wait is None,
        retry_in_s=wait,
        usage=usage,
        cost_usd=None if cost is None else str(cost),
    )


def out_of_time(act: Act) -> ActionFailed:
    message = "It was given up: its role or branch ran out of time."
    return _given_up({"kind": "timeout", "message": message, "role": act.agent}, act)


def not_needed(act: Act, *, given_up: bool = False) -> ActionFailed:
    """Return that something is not needed any more; `given_up` if it was under way."""
    error = retry.describe(NotNeeded(), role=act.agent)
    return _given_up(error, act) if given_up else ActionFailed(error=error, final=True)


def _given_up(error: dict[str, Json], act: Act) -> ActionFailed:
    """Return an end in the middle: what was written is kept, what it cost nobody knows."""
    kept = {"partial_text": partial} if (partial := act.heard()) else {}
    # No tokens were told, and no price is known: so the totals say that there is more.
    usage = {"input_tokens": 0, "output_tokens": 0} if act.is_paid else None
    return ActionFailed(error={**error, "given_up": True, **kept}, final=True, usage=usage)
