"""What a pattern is, and what it may do.

A pattern is a plain coroutine. All its effects go through its `Crew`, which journals them under
keys made of the structural path, so a coroutine that is killed anywhere is simply run again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from crews.catalog import PatternInfo
from crews.spec import CrewSpec, Handoff, JsonSchema, RoleSpec
from runs.providers.base import ToolSpec

Json = Any
T = TypeVar("T")
# The seat, in every pattern, of the role that does what another one failed at.
FAILURE_HANDLER = "failure_handler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Data that a role is given, with the role it comes from ("" for the person who started the
    run). `files` are the paths of those that came along, in the role's workspace."""

    source: str
    payload: Json
    files: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The result of a handoff: the payload as it was let through, or why it was not; `files` are
    the paths of those that came along."""

    open: bool
    payload: Json
    reason: str = ""
    files: Sequence[str] = ()

    def given(self, source: str) -> Given:
        """Return it as what the receiver is given."""
        return Given(source=source, payload=self.payload, files=self.files)

    def stopped(self, before: str) -> dict[str, Json]:
        """Return the result of a run that a closed gate ends before a role."""
        return {"stopped_before": before, "reason": self.reason, "result": self.payload}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a branch: a value, or the error that it ended with."""

    value: Json = None
    error: dict[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternTool:
    """A tool that a pattern gives to a role. `run` gets the crew as seen from the place of the
    call and the arguments (valid by the schema), and returns the text for the model; it may
    raise ActionError; `who` names the only roles that work in a call, by its arguments; without
    it, any may. Calls of one turn run side by side, so they finish in any order: what depends on
    the results of a whole turn belongs into `after_turn`."""

    spec: ToolSpec
    run: Callable[["Crew", dict[str, Json]], Awaitable[str]]
    after_turn: Callable[[], None]
    who: Callable[[dict[str, Json]], Sequence[str]] | None = None
    offered: Callable[[], bool] = lambda: True


# Sends a message to a role's model and returns its answer when it has called all tools it wants.
Say = Callable[[str], Awaitable[str]]


class Crew(Protocol):
    """A crew at work, as its pattern sees it from one place of the structure."""

    @property
    def spec(self) -> CrewSpec: ...
    @property
    def task(self) -> Json:
        """What the run was started with: text, or an object by the crew's task schema."""
        ...

    @property
    def options(self) -> Mapping[str, Json]:
        """The pattern's options, defaults filled in."""
        ...

    def role(self, name: str) -> RoleSpec: ...
    def seated(self, seat: str) -> list[str]: ...
    def contract(self, source: str, target: str) -> Handoff | None: ...

    async def ask(
        self,
        role: str,
        task: Json,
        *,
        words: str = "",
        given: Sequence[Given] = (),
        to: str | None = None,
        returns: JsonSchema | None = None,
        own: bool = True,
        tools: Sequence[PatternTool] = (),
        before_end: Callable[[Say, str], Awaitable[str]] | None = None,
    ) -> Json:
        """Let a role do a task (`words` say what its part is) and return its result, valid by
        `returns` and by the contract of the handoff to `to`; an invalid one goes back to the role
        with the error. The argument `returns` is what the pattern asks of the result besides; with
        `own` False it stands in the place of the role's own, for an answer that is not the role's
        result (a plan, a choice). `before_end` sees a model's answer first and may go on with the
        conversation. Raises ActionError."""
        ...

    async def talk(
        self,
        role: str,
        task: Json,
        body: Callable[[Say], Awaitable[str]],
        *,
        delegates: Mapping[str, str],
        end_word: str,
    ) -> Json:
        """Let a model role do something in a conversation that `body` leads; its first message
        is put behind the task. `delegates` (tag to role) and `end_word` are only told to the
        rehearsal."""
        ...

    async def hand_over(self, source: str, target: str, payload: Json) -> Passage:
        """Pass a payload on by the contract: confidence, escalation to a person, gate."""
        ...

    async def step(
        self,
        type: str,
        name: str,
        agent: str,
        input: Json,
        body: Callable[["Crew"], Awaitable[Json]],
    ) -> Json:
        """Run a part of the pattern as an action of its own (plan, route, delegation, review,
        …)."""
        ...

    async def parallel(
        self,
        branches: Mapping[str, Callable[["Crew"], Awaitable[Json]]],
        after: Mapping[str, Sequence[str]] | None = None,
        *,
        who: Mapping[str, Sequence[str]] | None = None,
        racing: bool = False,
        until: Callable[[], bool] | None = None,
    ) -> dict[str, Outcome]:
        """Run branches side by side, each in a key scope of its own, and capture each one's
        failure. `after` names for a branch those whose end it waits for, without a circle; `who`
        the only roles that work in it, where that is known. `racing` ones wait for each other by
        what they share, in no order known before. `until` is looked at whenever one has come to its
        end: once it holds, the others are broken off, with an error of the kind `not_needed`."""
        ...

    async def once(
        self,
        type: str,
        name: str,
        agent: str,
        input: Json,
        happen: Callable[[], Json],
        *,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> Json:
        """Let something happen to what branches share, and return its result: an action whose
        result depends on which branch came first, and so is journaled and never done again.
        `happen` must not be relied on to run: after a crash the state that it changes is made
        anew from `past`. `ready` is waited for before, unless it has happened already."""
        ...

    def past(self, *types: str) -> list[Json]:
        """Return the results of the actions of these types that the journal holds directly
        below this place."""
        ...

    async def escalate(
        self, agent: str, question: str, choices: Sequence[str], context: Json = None
    ) -> Json:
        """Ask a person and return the decision `{choice, value, comment}`."""
        ...

    def quote(self, source: str, payload: Json) -> str:
        """Return a payload as delimited data for a prompt, with its origin."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A pattern: what the editor shows of it, and its coroutine."""

    info: PatternInfo
    play: Callable[[Crew], Awaitable[Json]]


# The option of a pattern that ends early: from which confidence on its leader is believed.
ENOUGH: dict[str, Json] = {
    "type": "number",
    "minimum": 0,
    "maximum": 1,
    "title": "Confident enough",
    "description": "From this confidence on (0 to 1) nothing more is begun; left out, all is done.",
}
# What a leader answers that is asked how confident it is.
CONFIDENCE: dict[str, Json] = {
    "type": "object",
    "required": ["confidence"],
    "properties": {"confidence": {"type": "number", "minimum": 0, "maximum": 1}},
}


def partial(error: Mapping[str, Json]) -> dict[str, Json]:
    """Return what a role had written when it ran out of time, marked as such, if anything."""
    text = error.get("partial_text")
    return {"partial": text, "complete": False} if text else {}


def roster(crew: Crew, names: Sequence[str]) -> str:
    """Return who the roles are, one a line, as another role is told."""
    told = []
    for name in names:
        role = crew.role(name)
        about = [role.title or name, *role.responsibilities]
        told.append(f"- {name}: {', '.join(about)}")
    return "\n".join(told)
