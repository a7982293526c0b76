"""The circuit breaker of a run: too many failures, or the same calls again and again."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from crews.spec import Breaker as BreakerLimits
from runs.errors import RunError
from runs.journal.entries import canonical, digest
from runs.journal.fold import ActionState

Json = Any
INPUT_SHOWN = 120


class BreakerOpen(RunError):
    """Too many actions failed in a row, or agents go round in a loop."""

    kind = "breaker"
    advice = "Look at the failed actions; the run was halted so that it does not go on failing."


class LoopFound(BreakerOpen):
    """An agent does the same again and again."""

    advice = (
        "Tell the agent in its instructions what to do when nothing changes, give it what it lacks,"
        " or raise limits.breaker.repeats of the crew if it has to wait this long."
    )


class Act(Protocol):
    """What the breaker looks at of an action."""

    @property
    def agent(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def input(self) -> Json: ...
    @property
    def input_hash(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Doing:
    """What counts as the same: who does what with which input, within one piece of its work
    (`place`, the action that contains it). A delegation, which costs a whole conversation, weighs
    as much as two calls of a tool."""

    place: str | None
    agent: str
    type: str
    name: str
    input_hash: str
    shown: Json = field(compare=False)
    weight: int = field(compare=False, default=1)

    def __str__(self) -> str:
        text = self.shown if isinstance(self.shown, str) else canonical(self.shown)
        text = text if len(text) <= INPUT_SHOWN else f"{text[:INPUT_SHOWN]}…"
        verb = {"tool_call": "calls", "delegation": "delegates", "message": "asks"}[self.type]
        return f"'{self.agent}' {verb} {self.name}: {text}"


@dataclass(slots=True)
class Breaker:
    """Counts what a run does. `failures` of the last `window` calls open it, and so does one doing
    that comes round `repeats` times in a piece of work without anything new in between (what
    begins while the same is still under way is no repetition)."""

    limits: BreakerLimits
    _results: deque[bool] = field(init=False)
    _counts: dict[tuple[str | None, str], Counter[Doing]] = field(default_factory=dict)
    _known: set[Doing] = field(default_factory=set)
    _under_way: Counter[Doing] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._results = deque(maxlen=self.limits.window)

    @classmethod
    def of(cls, limits: BreakerLimits, actions: Iterable[ActionState]) -> "Breaker":
        """Return the breaker of a run with the repetitions that its journal tells."""
        breaker = cls(limits)
        ends: dict[Doing, str] = {}
        for action in actions:
            done = doing(action.parent, action)
            if done is None:
                continue
            if ends.get(done, "") <= action.started_at:
                breaker._count(done)
            ends[done] = max(ends.get(done, ""), action.ended_at or "~")
        return breaker

    def begin(self, done: Doing | None) -> None:
        """Count what begins. Raises LoopFound."""
        if done is None:
            return
        if not self._under_way[done] and self._count(done) >= self.limits.repeats:
            counts = self._counts[done.place, done.agent]
            raise LoopFound(_told(done, counts, self.limits.repeats))
        self._under_way[done] += 1

    def end(self, done: Doing | None) -> None:
        if done is not None and self._under_way[done]:
            self._under_way[done] -= 1

    def result(self, *, failed: bool) -> None:
        """Count the end of an effect. Raises BreakerOpen when too many of the last ones failed."""
        self._results.append(failed)
        if failed and sum(self._results) >= self.limits.failures:
            raise BreakerOpen(
                f"{sum(self._results)} of the last {len(self._results)} calls failed."
            )

    def reset(self) -> None:
        """Begin to count anew, after somebody has said that the run is to go on."""
        self._results.clear()
        self._counts.clear()

    def _count(self, done: Doing) -> int:
        """Count one doing more; something new begins the count of this work anew."""
        work = (done.place, done.agent)
        if done not in self._known:
            self._known.add(done)
            self._counts[work] = Counter()
        counts = self._counts.setdefault(work, Counter())
        counts[done] += done.weight
        return counts[done]


def doing(place: str | None, act: Act) -> Doing | None:
    """Return what an action does, if it is of the sort that agents repeat in loops: tool calls,
    delegations, and requests to peers."""
    shown, weight = act.input, 1
    if act.type == "delegation":
        shown, weight = act.input["task"], 2
    elif act.type == "message" and act.input.get("type") == "request":
        shown = act.input["content"]
    elif act.type != "tool_call":
        return None
    return Doing(
        place, act.agent, act.type, act.name, act.input_hash or digest(act.input), shown, weight
    )


def _told(last: Doing, counts: Counter[Doing], repeats: int) -> str:
    """Name a loop: all that its agent does as often as what closed it."""
    loop = [done for done, count in counts.items() if count >= repeats - done.weight]
    loop = [done for done in loop if done != last][:4]
    again = f"{repeats // last.weight} times"
    told = f"{last}, {again} without anything new in between."
    if loop:
        told += f" It goes round in a loop with: {'; '.join(str(done) for done in loop)}."
    return f"The run goes round in a loop. {told}"
