"""What a run's entries add up to. The same fold stands in static/src/journal/fold.ts; the golden
journals in tests/journals/ hold the two together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from runs.journal.entries import Entry

Json = Any
FINAL = frozenset({"finished", "failed", "cancelled"})


@dataclass(slots=True, kw_only=True)
class ActionState:
    """An action as its entries tell it. `status`: running, finished, failed, retrying, uncertain,
    waiting or cancelled; `tokens` and `cost_usd` add up all attempts; `lost_attempts` counts those
    of which nobody knows how they ended, `crashes` the workers lost in it since it last ended;
    `waits_s` is how long the last attempt waited for a rate limit; `cached`, whose result it took;
    `taken` is where a fork has the last thing told of it from."""

    id: str
    key: str
    parent: str | None
    agent: str
    type: str
    name: str
    seq: int
    started_at: str
    input: Json
    input_hash: str
    status: str = "running"
    attempt: int = 1
    lost_attempts: int = 0
    crashes: int = 0
    ended_at: str | None = None
    output: Json = None
    error: dict[str, Json] | None = None
    tokens: int = 0
    cost_usd: Decimal | None = None
    provider: str = ""
    model: str = ""
    reserved: dict[str, Json] | None = None
    waits_s: float = 0.0
    waits_for: str = ""
    cached: dict[str, Json] | None = None
    question: dict[str, Json] | None = None
    decision: dict[str, Json] | None = None
    taken: dict[str, Json] | None = None


@dataclass(slots=True, kw_only=True)
class RunState:
    """A run as its entries tell it. `open_questions` holds the ids of actions that wait for a
    person; `takeovers` counts the workers lost since an action last ended; `idle_s` adds up the
    seconds in which the run waited for a person, was paused or had no worker. What a fork took
    over counts in the `taken_…` numbers alone."""

    status: str = "queued"
    seq: int = 0
    started: dict[str, Json] | None = None
    started_at: str = ""
    ended_at: str | None = None
    actions: dict[str, ActionState] = field(default_factory=dict)
    open_questions: list[str] = field(default_factory=list)
    output: Json = None
    error: dict[str, Json] | None = None
    reason: str = ""
    calls: int = 0
    tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced: bool = False
    failures: int = 0
    taken_actions: int = 0
    taken_calls: int = 0
    taken_tokens: int = 0
    taken_cost_usd: Decimal = Decimal(0)
    takeovers: int = 0
    halted_at: str | None = None
    idle_s: float = 0.0
    last_at: str = ""
    redacted: list[int] = field(default_factory=list)

    @property
    def has_lost_calls(self) -> bool:
        """Say whether a model was called that nobody heard the end of: what it cost is unknown."""
        return any(
            action.type == "model_call"
            and action.status == "running"
            and action.provider != "rehearsal"
            for action in self.actions.values()
        )


def fold(entries: Iterable[Entry], state: RunState | None = None) -> RunState:
    """Add entries, in the order of their `seq`, to a state (a new one by default) and return it."""
    state = state or RunState()
    for entry in entries:
        _add(state, entry)
    return state


def ahead(state: RunState, entries: Sequence[Entry]) -> RunState:
    """Return what a state will be with entries of actions that are not written yet."""
    touched = state.actions.keys() & {entry.action for entry in entries}
    actions = state.actions | {name: replace(state.actions[name]) for name in touched}
    return fold(entries, replace(state, actions=actions))


def _add(state: RunState, entry: Entry) -> None:
    state.seq = entry.seq
    payload = entry.payload or {}
    if entry.kind == "action.started":
        _start(state, entry, payload)
    elif entry.action is not None and (action := state.actions.get(entry.action)):
        _continue(state, action, entry, payload)
    else:
        _steer(state, entry, payload)
    state.last_at = entry.at


def _start(state: RunState, entry: Entry, payload: dict[str, Json]) -> None:
    name = entry.action or ""
    taken = payload.get("taken")
    if state.status == "queued" and taken is None:
        state.status = "running"
    action = state.actions.get(name)
    if action is None:
        action = state.actions[name] = ActionState(
            id=name,
            key=entry.key,
            parent=entry.parent,
            agent=entry.agent,
            type=payload.get("type", ""),
            name=payload.get("name", ""),
            seq=entry.seq,
            started_at=_when(entry, payload),
            input=payload.get("input"),
            input_hash=payload.get("input_hash", ""),
        )
        state.taken_actions += taken is not None
    elif action.status == "running":
        action.lost_attempts += 1
    action.status, action.ended_at, action.decision = "running", None, None
    action.attempt = payload.get("attempt", 1)
    action.provider = payload.get("provider") or action.provider
    action.model = payload.get("model") or action.model
    action.reserved = payload.get("reserved")
    action.waits_s = payload.get("waits_s") or 0.0
    action.waits_for = payload.get("waits_for") or ""
    action.cached = payload.get("cached")
    action.taken = taken
    if action.type == "model_call" and action.cached is None:
        state.calls += taken is None
        state.taken_calls += taken is not None
    state.unpriced |= taken is None and bool(payload.get("lost"))


def _continue(state: RunState, action: ActionState, entry: Entry, payload: dict[str, Json]) -> None:
    taken = action.taken = payload.get("taken")
    at = _when(entry, payload)
    if entry.kind == "action.finished":
        action.status, action.ended_at, action.output = "finished", at, payload.get("output")
        action.error, action.crashes, state.takeovers = None, 0, 0
        _spend(state, action, payload)
    elif entry.kind == "action.failed":
        action.status = "failed" if payload.get("final") else "retrying"
        action.ended_at, action.error, action.crashes = at, payload.get("error"), 0
        state.failures += taken is None
        state.takeovers = 0
        _spend(state, action, payload)
        _settle(state, action, entry.at)
    elif entry.kind == "action.uncertain":
        action.status = "uncertain"
    elif entry.kind == "run.waiting":
        action.status, action.question = "waiting", payload
        if taken is None:
            state.open_questions.append(action.id)
            _halt(state, "waiting", entry.at)
    elif entry.kind == "decision.made":
        action.status, action.decision = "running", payload
        _settle(state, action, entry.at)
    else:
        _steer(state, entry, payload)


def _settle(state: RunState, action: ActionState, at: str) -> None:
    """Note that a person is not, or not any more, asked by an action."""
    state.open_questions = [other for other in state.open_questions if other != action.id]
    if state.status == "waiting" and not state.open_questions:
        _go_on(state, at)


def _steer(state: RunState, entry: Entry, payload: dict[str, Json]) -> None:
    if entry.kind == "run.started":
        state.started, state.started_at = payload, entry.at
    elif entry.kind == "run.paused":
        state.reason = payload.get("reason", "")
        _halt(state, "paused", entry.at)
    elif entry.kind == "run.resumed":
        _resume(state, entry, payload)
    elif entry.kind == "run.cancelled":
        state.reason = payload.get("reason", "")
        _end(state, "cancelled", entry.at)
    elif entry.kind == "run.finished":
        state.output, state.error = payload.get("output"), payload.get("error")
        _end(state, payload.get("status", "finished"), entry.at)
    elif entry.kind == "redacted":
        state.redacted.append(payload.get("seq", 0))


def _resume(state: RunState, entry: Entry, payload: dict[str, Json]) -> None:
    if entry.actor == "system":
        state.idle_s += _seconds(state.last_at, entry.at)
        if not payload.get("handover"):
            _crash(state)
    elif state.open_questions:
        state.status = "waiting"
    else:
        state.takeovers = 0
        for action in state.actions.values():
            action.crashes = 0
        _go_on(state, entry.at)


def _crash(state: RunState) -> None:
    state.takeovers += 1
    for action in state.actions.values():
        if action.status == "running":
            action.crashes += 1


def _spend(state: RunState, action: ActionState, payload: dict[str, Json]) -> None:
    usage = payload.get("usage")
    if usage is None:
        return
    tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
    cost = None if payload.get("cost_usd") is None else Decimal(payload["cost_usd"])
    action.tokens += tokens
    if cost is not None:
        action.cost_usd = (action.cost_usd or Decimal(0)) + cost
    if payload.get("taken") is not None:
        state.taken_tokens += tokens
        state.taken_cost_usd += cost or 0
        return
    state.tokens += tokens
    state.unpriced |= cost is None
    state.cost_usd += cost or 0


def _when(entry: Entry, payload: dict[str, Json]) -> str:
    """Return when what an entry tells of happened: in a fork, in the run it was taken from."""
    return str((payload.get("taken") or {}).get("at") or entry.at)


def _halt(state: RunState, status: str, at: str) -> None:
    state.status = status
    state.halted_at = state.halted_at or at


def _go_on(state: RunState, at: str) -> None:
    if state.halted_at is not None:
        state.idle_s += _seconds(state.halted_at, at)
    state.status, state.halted_at, state.reason = "running", None, ""


def _end(state: RunState, status: str, at: str) -> None:
    state.status, state.ended_at = status, at
    state.unpriced |= state.has_lost_calls
    for action in state.actions.values():
        if action.status in ("running", "retrying", "waiting", "uncertain"):
            action.status, action.ended_at = "cancelled", action.ended_at or at
    state.open_questions = []


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
