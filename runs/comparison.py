"""Two runs side by side: their actions aligned by key, and what differs."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from runs.engine.prompts import unmarked_digest
from runs.journal.entries import canonical, digest
from runs.journal.fold import ActionState, RunState
from runs.journal.projection import preview
from runs.models import Run
from runs.selectors import state_of

Json = Any


@dataclass(frozen=True, kw_only=True)
class Side:
    """One run's part of a row. `cost_usd` is decimal text; `taken`: it was taken over."""

    action: str
    status: str
    attempts: int
    tokens: int
    cost_usd: str | None
    took_s: float | None
    output_hash: str
    preview: str
    model: str
    taken: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """An action that one of two runs has, or both. `differs` names in what: only_a, only_b, status,
    input, output, model; nothing where they are the same but for cost and time."""

    key: str
    agent: str
    type: str
    name: str
    a: Side | None
    b: Side | None
    differs: list[str]


@dataclass(frozen=True, kw_only=True)
class Total:
    """What a run came to; what it took over is apart."""

    status: str
    output: Json
    error: dict[str, Json] | None
    actions: int
    calls: int
    failures: int
    tokens: int
    cost_usd: str
    unpriced: bool
    took_s: float | None
    taken_actions: int
    taken_calls: int
    taken_tokens: int
    taken_cost_usd: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two runs compared. `first` is the key of the first action that differs."""

    a: Total
    b: Total
    same_output: bool
    first: str | None
    rows: list[Row]

    @property
    def different(self) -> list[Row]:
        return [row for row in self.rows if row.differs]


def compare(one: Run, other: Run) -> Comparison:
    """Compare two runs; their rows stand in the order of the first, with what only the second has
    where it stands there."""
    a, b = state_of(one), state_of(other)
    mine = {action.key: action for action in a.actions.values()}
    theirs = {action.key: action for action in b.actions.values()}
    rows = [_row(mine.get(key), theirs.get(key)) for key in _order(list(mine), list(theirs))]
    differing = next((row.key for row in rows if row.differs), None)
    return Comparison(
        a=_total(a),
        b=_total(b),
        same_output=a.status == b.status and canonical(a.output) == canonical(b.output),
        first=differing,
        rows=rows,
    )


def _order(mine: list[str], theirs: list[str]) -> list[str]:
    """Return all keys: the first run's in their order, each of the second's that it lacks behind
    the one that it follows there."""
    known = set(mine)
    following: dict[str, list[str]] = {}
    last = ""
    for key in theirs:
        if key in known:
            last = key
        else:
            following.setdefault(last, []).append(key)
    ordered = list(following.get("", []))
    for key in mine:
        ordered += [key, *following.get(key, [])]
    return ordered


def _row(a: ActionState | None, b: ActionState | None) -> Row:
    shown = a or b
    if shown is None:
        raise ValueError("a row needs an action")
    return Row(
        key=shown.key,
        agent=shown.agent,
        type=shown.type,
        name=shown.name,
        a=_side(a) if a else None,
        b=_side(b) if b else None,
        differs=_differs(a, b),
    )


def _differs(a: ActionState | None, b: ActionState | None) -> list[str]:
    if a is None or b is None:
        return ["only_b" if a is None else "only_a"]
    found = []
    if a.status != b.status:
        found.append("status")
    if a.input_hash != b.input_hash and unmarked_digest(a.input) != unmarked_digest(b.input):
        found.append("input")
    if canonical(a.output) != canonical(b.output):
        found.append("output")
    if (a.provider, a.model) != (b.provider, b.model):
        found.append("model")
    return found


def _side(action: ActionState) -> Side:
    return Side(
        action=action.id,
        status=action.status,
        attempts=action.attempt,
        tokens=action.tokens,
        cost_usd=money(action.cost_usd),
        took_s=seconds(action.started_at, action.ended_at),
        output_hash=digest(action.output),
        preview=preview((action.error or {}).get("message") or action.output),
        model=action.model,
        taken=action.taken is not None,
    )


def _total(state: RunState) -> Total:
    return Total(
        status=state.status,
        output=state.output,
        error=state.error,
        actions=len(state.actions) - state.taken_actions,
        calls=state.calls,
        failures=state.failures,
        tokens=state.tokens,
        cost_usd=format(state.cost_usd, "f"),
        unpriced=state.unpriced,
        took_s=seconds(state.started_at, state.ended_at),
        taken_actions=state.taken_actions,
        taken_calls=state.taken_calls,
        taken_tokens=state.taken_tokens,
        taken_cost_usd=format(state.taken_cost_usd, "f"),
    )


def money(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def seconds(start: str, end: str | None) -> float | None:
    """Return the seconds between two of a journal's times; None where it goes on."""
    if not start or end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
