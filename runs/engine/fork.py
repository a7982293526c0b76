"""Which part of a run's journal a fork takes over, and the entries by which it does.

Only what had ended counts: the coroutine of the pattern is played anew, finds the results taken
over, and goes on where there is none. What had begun and not ended is begun again.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from runs.engine.allowances import KEY as ABOUT_LIMITS
from runs.errors import BadRequest
from runs.journal.entries import PAYLOADS, ActionFinished, Entry, action_id
from runs.journal.fold import ActionState, RunState, fold
from runs.journal.store import NewEntry

Json = Any
# A failure of these kinds comes from outside of the action, so what was done in it still holds.
_FROM_OUTSIDE = frozenset({"budget", "breaker", "timeout"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a fork takes over: `ended` actions whole, of `open` ones only that they began."""

    ended: frozenset[str]
    open: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.ended | self.open


@dataclass
class History:
    """A run's journal as far as it goes, to fork at."""

    entries: Sequence[Entry]
    state: RunState = field(init=False)

    def __post_init__(self) -> None:
        self.state = fold(self.entries)

    @cached_property
    def ends(self) -> dict[str, int]:
        """By action, the seq at which its result was there: its end, or for a question that was
        answered and not yet gone on with, the decision."""
        found: dict[str, int] = {}
        for entry in self.entries:
            payload = entry.payload or {}
            if entry.action is not None and (
                entry.kind == "action.finished"
                or (entry.kind == "action.failed" and payload.get("final", True))
                or (entry.kind == "decision.made" and self._asks(entry.action))
            ):
                found.setdefault(entry.action, entry.seq)
        return found

    @cached_property
    def below(self) -> dict[str | None, list[ActionState]]:
        """The actions directly below each."""
        found: dict[str | None, list[ActionState]] = {}
        for action in self.state.actions.values():
            found.setdefault(action.parent, []).append(action)
        return found

    def before(self, action: ActionState) -> Taken:
        """Return what had ended when an action began."""
        ended = {name for name, seq in self.ends.items() if seq < action.seq}
        return self._taken(ended, self._above(action))

    def until_failure(self) -> tuple[Taken, ActionState | None]:
        """Return what holds of a run that failed or was cancelled, and the first action that is to
        be done again.

        A failure that the crew went on after holds as well; only those that nothing followed are
        undone, each at the deepest action that it came from.
        """
        failed = [a for a in self.state.actions.values() if a.status == "failed"]
        loose = {action.id for action in failed if not self._followed(action)}
        ended = set(self.ends)
        again: list[ActionState] = []
        for name in loose:
            action = self.state.actions[name]
            ended.discard(name)
            if any(child.id in loose for child in self._inside(action)):
                continue
            again.append(action)
            if (action.error or {}).get("kind") not in _FROM_OUTSIDE:
                ended -= {child.id for child in self._inside(action)}
        open_ = [a for a in self.state.actions.values() if a.id not in self.ends]
        leaves = [a for a in open_ if a.id not in self.below]
        if not again and not leaves:
            last = max(self.below.get(None, []), key=lambda a: a.seq, default=None)
            return self._taken(ended if last is None else self.before(last).ended), last
        return self._taken(ended), min([*again, *leaves], key=lambda a: a.seq)

    def _taken(self, ended: Collection[str], open_: Collection[str] = ()) -> Taken:
        above = {up for name in ended for up in self._above(self.state.actions[name])}
        return Taken(ended=frozenset(ended), open=frozenset(above | set(open_)) - frozenset(ended))

    def _asks(self, action: str) -> bool:
        known = self.state.actions.get(action)
        return known is not None and known.type == "escalation"

    def _above(self, action: ActionState) -> list[str]:
        above: list[str] = []
        while action.parent is not None and action.parent in self.state.actions:
            action = self.state.actions[action.parent]
            above.append(action.id)
        return above

    def _inside(self, action: ActionState) -> Iterator[ActionState]:
        for child in self.below.get(action.id, ()):
            yield child
            yield from self._inside(child)

    def _followed(self, failed: ActionState) -> bool:
        """Say whether the crew went on after a failure: whether anything began later in a scope
        around it. Branches beside it know nothing of it, and another model is tried for the same
        turn."""
        end, scope = self.ends.get(failed.id, 0), _scope(failed.key)
        return any(
            later.seq > end
            and (scope == _scope(later.key) or scope.startswith(f"{_scope(later.key)}/"))
            and not later.key.startswith(f"{failed.key}-fallback")
            for later in self.state.actions.values()
            if later.id not in self._above(failed)
        )


def copies(history: History, taken: Taken, fork: str) -> list[NewEntry]:
    """Return what is taken over as entries for the fork's journal, in their old order; not the
    questions about limits, which were the other run's.

    Raises BadRequest where one of them was erased.
    """
    begun: set[str] = set()
    found: list[NewEntry] = []
    for entry in history.entries:
        name = entry.action or ""
        if name in taken.open:
            if entry.kind != "action.started" or name in begun:
                continue
            begun.add(name)
        elif name not in taken.ended or entry.seq > history.ends[name]:
            continue
        if entry.key.startswith(ABOUT_LIMITS):
            continue
        if entry.payload is None:
            raise BadRequest(
                f"action: entry {entry.seq}, which comes before it, was erased and cannot be taken"
                " over; fork at an earlier action"
            )
        copy = _copy(history, entry, entry.payload, fork)
        if name in taken.open:
            # It goes on here, so here it begins.
            copy.payload.taken.pop("at")  # type: ignore[attr-defined]
        found.append(copy)
    return found


def edited(
    history: History, action: ActionState, output: Json, actor: str, fork: str
) -> list[NewEntry]:
    """Return the entries by which an action has a person's result in the place of its own.

    Raises BadRequest where what it was given was erased.
    """
    start = next(e for e in history.entries if e.action == action.id)
    if start.payload is None:
        raise BadRequest("action: what it was given was erased; fork at an earlier action")
    mark = _mark(start) | {"edited": True, "at": action.ended_at or action.started_at}
    finished = ActionFinished(output=output, taken=mark)
    place = _place(history, start, fork)
    return [
        _copy(history, start, start.payload, fork),
        NewEntry(payload=finished, actor=actor, **place),
    ]


def _copy(history: History, entry: Entry, payload: dict[str, Json], fork: str) -> NewEntry:
    told = {("schema_" if name == "schema" else name): value for name, value in payload.items()}
    told["taken"] = _mark(entry)
    again = PAYLOADS[entry.kind].model_construct(**told)
    return NewEntry(payload=again, actor=entry.actor, **_place(history, entry, fork))


def _mark(entry: Entry) -> dict[str, Json]:
    """Return what marks an entry as taken over; `at` is when it happened, in whichever run."""
    before = (entry.payload or {}).get("taken") or {}
    mark = {"run": entry.run, "seq": entry.seq, "at": before.get("at") or entry.at}
    return mark | ({"edited": True} if before.get("edited") else {})


def _place(history: History, entry: Entry, fork: str) -> dict[str, Json]:
    above = history.state.actions.get(entry.parent or "")
    return {
        "action": action_id(fork, entry.key),
        "parent": action_id(fork, above.key) if above else None,
        "key": entry.key,
        "agent": entry.agent,
    }


def _scope(key: str) -> str:
    return key.rpartition("/")[0]
