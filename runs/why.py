"""Why an action is there: what it stands in, and which results it was given, with the cost of
each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from runs.comparison import money, seconds
from runs.engine.prompts import as_text
from runs.journal.entries import canonical
from runs.journal.fold import ActionState, RunState
from runs.journal.projection import preview

Json = Any
MOST = 200
# Of results that say the same, the one told is that of the earlier type here: who answers for it.
_ANSWERS = ("ask", "tool_call", "escalation", "message", "state_write", "plan", "route")
_LEAST_TEXT = 12
# What other actions consist of is given more than they say themselves.
_OWN_INPUT = ("ask", "model_call", "tool_call", "handoff", "escalation")


@dataclass(frozen=True, kw_only=True)
class Step:
    """An action on the way to the one that is asked about.

    `relation`: `self`, `within` (it stands in this one) or `given` (its result was given to the
    step `to`). `cost_usd` and `tokens` are those of the action with all in it; `depth` counts
    the steps from the one asked about.
    """

    action: str
    key: str
    agent: str
    type: str
    name: str
    status: str
    relation: Literal["self", "within", "given"]
    to: str | None
    depth: int
    tokens: int
    cost_usd: str | None
    took_s: float | None
    taken: bool
    preview: str


@dataclass
class Reasons:
    """Answers "why" for the actions of one run."""

    state: RunState
    _made: list[tuple[ActionState, str]] = field(init=False)
    _sums: dict[str, tuple[int, Decimal | None]] = field(init=False)

    def __post_init__(self) -> None:
        actions = self.state.actions
        finished = [a for a in actions.values() if a.status == "finished" and a.ended_at]
        self._made = [(a, text) for a in finished for text in _results(a.output)]
        self._sums = {}
        for action in reversed(list(actions.values())):
            tokens, cost = self._sums.get(action.id, (0, None))
            self._sums[action.id] = _plus((tokens, cost), action.tokens, action.cost_usd)
            if action.parent in actions:
                above = self._sums.get(action.parent, (0, None))
                self._sums[action.parent] = _plus(above, *self._sums[action.id])

    def of(self, action: str) -> list[Step]:
        """Return the steps that led to an action: itself, what it stands in from the inside out,
        then what it was given (an ask also while it went on), what that was given, and so on;
        MOST at most. Raises KeyError."""
        asked = self.state.actions[action]
        steps = [self._step(asked, "self", None, 0)]
        above = self._above(asked)
        steps += [self._step(up, "within", asked.id, n) for n, up in enumerate(above, start=1)]
        calls = self._calls_in(asked)
        told = {asked.id, *(action.id for action in (*above, *calls))}
        waiting = [(asked, asked, [asked, *above], 1)]
        if calls:  # What was delegated in it, and what its tools found, reached its last call.
            waiting.append((asked, calls[-1], [calls[-1]], 1))
        while waiting and len(steps) < MOST:
            step, to, inputs, depth = waiting.pop(0)
            for source in self._given(to, inputs):
                if source.id in told or len(steps) >= MOST:
                    continue
                told.add(source.id)
                steps.append(self._step(source, "given", step.id, depth))
                waiting.append((source, source, [source], depth + 1))
        return steps

    def _calls_in(self, asked: ActionState) -> list[ActionState]:
        """Return the model calls that an ask consists of."""
        children = (a for a in self.state.actions.values() if a.parent == asked.id)
        return [a for a in children if asked.type == "ask" and a.type == "model_call"]

    def _above(self, action: ActionState) -> list[ActionState]:
        above = []
        while action.parent is not None and action.parent in self.state.actions:
            action = self.state.actions[action.parent]
            above.append(action)
        return above

    def _given(self, to: ActionState, holders: list[ActionState]) -> Iterator[ActionState]:
        """Yield the actions whose results are in what an action, or one that it stands in, was
        given; those of one result once, by who answers for it."""
        texts = [text for holder in holders for text in self._told(holder)]
        own = {holder.id for holder in holders}
        answers: dict[str, ActionState] = {}
        for action, result in self._made:
            if action.seq >= to.seq or action.id in own or self._stands_in(action, to):
                continue
            if (action.ended_at or "") <= to.started_at and any(result in text for text in texts):
                known = answers.get(result)
                if known is None or _rank(action) < _rank(known):
                    answers[result] = action
        found: dict[str, ActionState] = {}
        # What was given as a part of another result came with that one.
        for result in sorted(answers, key=lambda result: (-len(result), result)):
            if any(result in text for text in texts):
                found[result] = answers[result]
                texts = [text.replace(result, "\0") for text in texts]
        yield from sorted({a.id: a for a in found.values()}.values(), key=lambda a: a.seq)

    def _told(self, action: ActionState) -> list[str]:
        """Return all texts that an action was given; a model call tells only what is new in its
        conversation, so those before it count as well."""
        texts = _texts(action.input)
        if action.type not in _OWN_INPUT:
            for child in self.state.actions.values():
                if child.parent == action.id:
                    texts += _texts(child.input)
        if action.type == "model_call":
            for other in self.state.actions.values():
                before = other.seq < action.seq and other.agent == action.agent
                if before and other.type == "model_call" and other.parent == action.parent:
                    texts += _texts(other.input)
        return texts

    def _stands_in(self, action: ActionState, other: ActionState) -> bool:
        return any(up.id == other.id for up in self._above(action))

    def _step(
        self,
        action: ActionState,
        relation: Literal["self", "within", "given"],
        to: str | None,
        depth: int,
    ) -> Step:
        tokens, cost = self._sums[action.id]
        return Step(
            action=action.id,
            key=action.key,
            agent=action.agent,
            type=action.type,
            name=action.name,
            status=action.status,
            relation=relation,
            to=to,
            depth=depth,
            tokens=tokens,
            cost_usd=money(cost),
            took_s=seconds(action.started_at, action.ended_at),
            taken=action.taken is not None,
            preview=preview((action.error or {}).get("message") or action.output),
        )


def action_asked(state: RunState, name: str) -> str | None:
    """Return the id of the action that an id or a key means; for '' of the one that gave the
    answer, the last at the root to end."""
    if name in state.actions:
        return name
    if name:
        return next((a.id for a in state.actions.values() if a.key == name), None)
    ended = [a for a in state.actions.values() if a.parent is None and a.status == "finished"]
    last = max(ended, key=lambda a: a.ended_at or "", default=None)
    return last.id if last else next(iter(state.actions), None)


def _rank(action: ActionState) -> tuple[int, int]:
    """Order actions with the same result: by who answers for it, then the later one."""
    place = _ANSWERS.index(action.type) if action.type in _ANSWERS else len(_ANSWERS)
    return place, -action.seq


def _results(output: Json) -> list[str]:
    """Return the texts by which a result is known again: as prompts show it, and as JSON."""
    values = [output]
    if isinstance(output, dict):
        values += [
            output[name]
            for name in ("payload", "result", "value", "text", "content")
            if name in output
        ]
    found: list[str] = []
    for value in values:
        if value is None or isinstance(value, bool | int | float):
            continue
        for text in (as_text(value), canonical(value)):
            if len(text.strip()) >= _LEAST_TEXT and text not in found:
                found.append(text)
    return found


def _texts(value: Json) -> list[str]:
    """Return the texts in which results are looked for: the whole input as JSON, and each text in
    it as it is."""
    found = [canonical(value)]
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return found


def _plus(
    sums: tuple[int, Decimal | None], tokens: int, cost: Decimal | None
) -> tuple[int, Decimal | None]:
    if cost is None:
        return sums[0] + tokens, sums[1]
    return sums[0] + tokens, (sums[1] or Decimal(0)) + cost
