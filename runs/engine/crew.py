"""A crew at work: what a pattern may do, over the recorder. Implements
`runs.patterns.base.Crew`."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from crews.spec import CrewSpec, Handoff, JsonSchema, ModelChoice, RoleSpec
from runs.engine import artifacts, prompts
from runs.engine.asking import Asking
from runs.engine.branches import SideBySide
from runs.engine.handoff import let_through
from runs.engine.machine import Credentials, Machine
from runs.engine.origin import origin_of
from runs.engine.recorder import Act, Recorder, Scope
from runs.engine.workspace import Workspaces
from runs.journal.entries import ActionType, RunWaiting, WaitingReason
from runs.journal.fold import ActionState
from runs.patterns import base
from runs.patterns.base import Given, Passage, PatternTool, Say
from runs.providers.base import Credential

Json = Any


@dataclass(slots=True, kw_only=True)
class CrewAtWork:
    """One run's crew, seen from one place (`scope`) of its structure."""

    run: str
    spec: CrewSpec
    task: Json
    input: Json
    options: Mapping[str, Json]
    models: Mapping[str, tuple[ModelChoice, ...]]
    credentials: Credentials
    rehearsal: bool
    scripts: Mapping[str, Json]
    machine: Machine
    recorder: Recorder
    workspaces: Workspaces
    inside: str = ""
    crews: Mapping[str, Json] = field(default_factory=dict)
    team: str = ""
    tools: Mapping[str, Json] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    visits: Counter[str] = field(default_factory=Counter)
    # What each agent has noted, also what is not written yet.
    scratchpads: dict[str, list[str]] = field(default_factory=dict)

    # -- what the crew is ----------------------------------------------------------------------

    def role(self, name: str) -> RoleSpec:
        return self.spec.roles[name]

    def seated(self, seat: str) -> list[str]:
        return self.spec.seated(seat)

    def contract(self, source: str, target: str) -> Handoff | None:
        return next((h for h in self.spec.handoffs if h.from_ == source and h.to == target), None)

    @property
    def crew_id(self) -> str:
        """Return the id of the crew that the run is one of, in whatever version."""
        return str((self.recorder.state.started or {})["crew"]["id"])

    def agent(self, role: str) -> str:
        """Return a role's name in the journal: inside a crew that stands for a role, behind the
        name of that role."""
        return f"{self.inside}{role}" if role else ""

    def models_of(self, role: str) -> tuple[ModelChoice, ...]:
        """Return the models of a role, as pinned when the run began: the chosen one, then
        fallbacks."""
        command = self.role(role).command
        if command is not None:  # A rehearsal answers for it.
            return (ModelChoice(provider="rehearsal", name=command.argv[0]),)
        return self.models[self.agent(role)]

    def credential(self, provider: str, name: str) -> Credential | None:
        return Credential() if provider == "rehearsal" else self.credentials.get((provider, name))

    def quote(self, source: str, payload: Json) -> str:
        return prompts.quote(self.marks, source, payload)

    def at(self, scope: Scope) -> "CrewAtWork":
        """Return the same crew, seen from another place."""
        return replace(self, scope=scope)

    # -- what a pattern may do -----------------------------------------------------------------

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
        task, words, given = self._asked(role, task, words, given)

        async def lead(say: Say) -> str:
            answer = await say(prompts.brief(self.marks, task, given, words))
            return await before_end(say, answer) if before_end else answer

        contract = self.contract(role, to) if to else None
        asking = Asking(self, role, task, given, contract, returns, own, words)
        return await asking.answer(lead, tools=tools)

    async def talk(
        self,
        role: str,
        task: Json,
        body: Callable[[Say], Awaitable[str]],
        *,
        delegates: Mapping[str, str],
        end_word: str,
    ) -> Json:
        task, _, _ = self._asked(role, task, "", ())

        async def lead(say: Say) -> str:
            opening = [prompts.brief(self.marks, task, ())]

            async def say_with_task(text: str) -> str:
                text = "\n\n".join([*opening, text])
                opening.clear()
                return await say(text)

            return await body(say_with_task)

        asking = Asking(self, role, task, (), None)
        return await asking.answer(lead, delegates=delegates, end_word=end_word)

    async def hand_over(self, source: str, target: str, payload: Json) -> Passage:
        slot = f"handoff-{source}-{target}"
        told = {"from": source, "to": target, "payload": payload}
        told = self.recorder.edited(self.scope, slot, told)
        payload = told["payload"]
        act = Act(
            type="handoff",
            name=f"{source} → {target}",
            agent=self.agent(source),
            input=told,
        )

        async def body(scope: Scope) -> Json:
            here, contract = self.at(scope), self.contract(source, target)
            done = await let_through(here, contract, source, payload)
            if done["passed"] and contract is not None and contract.artifacts:
                done |= await artifacts.move(here, scope, contract)
            return done

        done = await self.recorder.span(self.scope, slot, act, body)
        return Passage(
            open=done["passed"],
            payload=done["payload"],
            reason=done.get("reason", ""),
            files=artifacts.names(done),
        )

    async def step(
        self,
        type: str,
        name: str,
        agent: str,
        input: Json,
        body: Callable[[base.Crew], Awaitable[Json]],
    ) -> Json:
        act = Act(type=cast(ActionType, type), name=name, agent=self.agent(agent), input=input)
        return await self.recorder.span(self.scope, type, act, lambda scope: body(self.at(scope)))

    async def parallel(
        self,
        branches: Mapping[str, Callable[["CrewAtWork"], Awaitable[Json]]],
        after: Mapping[str, Sequence[str]] | None = None,
        *,
        who: Mapping[str, Sequence[str]] | None = None,
        racing: bool = False,
        until: Callable[[], bool] | None = None,
        slot: str = "branch",
    ) -> dict[str, base.Outcome]:
        side_by_side = SideBySide(
            crew=self,
            branches=branches,
            after=after or {},
            who=who or {},
            racing=racing,
            until=until,
            slot=slot,
        )
        return await side_by_side.outcomes()

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
        if ready is not None and not self.recorder.knows(self.scope, type):
            await ready()
        act = Act(type=cast(ActionType, type), name=name, agent=self.agent(agent), input=input)

        return self.recorder.instant(self.scope, type, act, happen)

    def past(self, *types: str) -> list[Json]:
        return [
            action.output
            for action in self.recorder.state.actions.values()
            if action.type in types
            and action.parent == self.scope.action
            and action.status == "finished"
        ]

    async def escalate(
        self, agent: str, question: str, choices: Sequence[str], context: Json = None
    ) -> Json:
        return await self.question(
            "escalation", agent, question, list(choices), reason="question", context=context
        )

    # -- what the engine does for it -----------------------------------------------------------

    @property
    def marks(self) -> str:
        """The run whose id the marks around data are made from: a fork's are its root's, so that
        what it takes over reads the same."""
        return origin_of(self.recorder.state.started).root or self.run

    def count_visits(self, passed: ActionState) -> None:
        """Count the asks in a span that is not entered again, as a rehearsal tells them by
        number."""
        inside = f"{passed.key}/"
        for action in self.recorder.state.actions.values():
            if action.type == "ask" and action.key.startswith(inside):
                self.visits[action.agent] += 1

    def _asked(
        self, role: str, task: Json, words: str, given: Sequence[Given]
    ) -> tuple[Json, str, Sequence[Given]]:
        """Return what a role is asked: in a fork, what a person put in its place."""
        told = self.recorder.edited(self.scope, role, None)
        if told is None:
            return task, words, given
        files = {item.source: item.files for item in given}
        edited = [
            Given(source=g["from"], payload=g["payload"], files=files.get(g["from"], ()))
            for g in told.get("given", [])
        ]
        return told["task"], told.get("words", ""), edited

    async def question(
        self,
        slot: str,
        agent: str,
        question: str,
        choices: list[str],
        *,
        reason: WaitingReason,
        schema: JsonSchema | None = None,
        context: Json = None,
        proposed: Json = None,
    ) -> dict[str, Json]:
        """Ask a person and return the decision."""
        act = Act(
            type="escalation",
            name=question[:200],
            agent=self.agent(agent),
            input={"question": question},
        )
        waiting = RunWaiting(
            question=question,
            choices=choices,
            schema_=schema,
            context=context,
            proposed=proposed,
            reason=reason,
        )
        return await self.recorder.question(self.scope, slot, act, waiting)
