"""What people allowed a run on top of its limits, as its journal tells (see limits.py)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from crews.spec import CrewLimits
from runs.journal.fold import ActionState, RunState

KEY = "limit:"
TOP_UP, GO_ON, END = "top_up", "go_on", "end"


def topped_up(limits: CrewLimits, state: RunState) -> CrewLimits:
    """Return the limits of a run with what was allowed on top of its crew's."""
    more: dict[str, Any] = {}
    for action in asked_about(state):
        if (action.decision or {}).get("choice") != TOP_UP:
            continue
        for name, value in ((action.decision or {}).get("value") or {}).items():
            # In JSON Schema 3000.0 is an integer; no model server takes it for one.
            amount = Decimal(value) if name == "cost_usd" else int(value)
            before = more.get(name, getattr(limits, name))
            more[name] = None if before is None else before + amount
    return limits.model_copy(update=more)


def since_go_on(state: RunState) -> Iterable[ActionState]:
    """Return the actions that began after somebody last said that the run is to go on although
    its breaker was open."""
    allowed = [
        action.ended_at or state.last_at
        for action in asked_about(state)
        if (action.decision or {}).get("choice") == GO_ON
    ]
    last = max(allowed, default="")
    return [a for a in state.actions.values() if a.started_at > last and a.taken is None]


def asked_about(state: RunState) -> list[ActionState]:
    """Return the questions about limits; those that a fork took over were about its origin."""
    return [
        action
        for action in state.actions.values()
        if action.key.startswith(KEY) and action.taken is None
    ]
