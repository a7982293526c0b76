"""One ask of one role: its model, its program or its person brings a result, and it is checked."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crews.joining import together
from crews.spec import Handoff, JsonSchema, Program, RoleSpec
from runs.engine import contracts, prompts, rescue
from runs.engine.agent import Conversation
from runs.engine.cache import Cacheable
from runs.engine.commanding import Commanding, is_played
from runs.engine.nesting import play_inside
from runs.engine.recorder import Act, Outcome, Scope
from runs.engine.terminal import Terminal
from runs.engine.workspace import LOST_RETRIES
from runs.errors import ActionError
from runs.journal.entries import canonical, digest
from runs.patterns.base import Given, PatternTool, Say
from runs.tools.commands import network_told, refusals

if TYPE_CHECKING:
    from runs.engine.crew import CrewAtWork

Json = Any
PLAYABLE = ("model", "code", "command", "human", "crew")
STDERR_SHOWN = 4_000
PARTIAL_KEPT = 20_000


@dataclass(slots=True)
class Asking:
    """What a role is asked, and the contract that its result must satisfy."""

    crew: "CrewAtWork"
    name: str
    task: Json
    given: Sequence[Given]
    contract: Handoff | None
    returns: JsonSchema | None = None
    own: bool = True
    words: str = ""
    role: RoleSpec = field(init=False)
    schemas: list[JsonSchema] = field(init=False)

    def __post_init__(self) -> None:
        self.role = self.crew.role(self.name)
        role = self.role if self.own else self.role.model_copy(update={"returns": None})
        self.schemas = contracts.schemas_of(role, self.contract, self.returns)

    @property
    def agent(self) -> str:
        return self.crew.agent(self.name)

    @property
    def form(self) -> JsonSchema:
        """The schema of the result that a person gives: text, where nothing else is asked for."""
        return together(self.schemas) or {"type": "string", "minLength": 1}

    async def answer(
        self,
        lead: Callable[[Say], Awaitable[str]],
        *,
        tools: Sequence[PatternTool] = (),
        delegates: Mapping[str, str] | None = None,
        end_word: str = "",
    ) -> Json:
        """Return the role's result as one action; `lead` leads the conversation with a model."""
        told: dict[str, Json] = {"task": self.task}
        if self.words:
            told["words"] = self.words
        if self.given:
            told["given"] = [_told(g) for g in self.given]
        alone = not tools and not end_word and not delegates
        keep = alone and self._cacheable()
        cache = Cacheable(self._digest(told), self.role.cache_s) if keep else None
        name = self.role.title or self.name
        act = Act(type="ask", name=name, agent=self.agent, input=told, cache=cache)
        # Counted here, in the order of the asks, and not when the action comes to run.
        self.crew.visits[self.agent] += 1
        visit = self.crew.visits[self.agent]

        async def work(scope: Scope, before: rescue.Before | None) -> Json:
            if (wordless := self._wordless(scope)) is not None:
                return await wordless
            if self.role.command is not None and not is_played(self.role, self.crew.rehearsal):
                command = Commanding(self, scope, self.role.command)
                say = rescue.adjusted(self, command.say, before)
                return await self._in_time(self._accepted(lead(say), say))
            talk = Conversation(
                crew=self.crew,
                scope=scope,
                role=self.name,
                task=prompts.as_text(self.task),
                visit=visit,
                tools=tools,
                schemas=self.schemas,
                delegates=delegates or {},
                end_word=end_word,
                simpler=before is not None and before.simpler,
                cached_whole=cache is not None,
            )
            say = rescue.adjusted(self, talk.say, before)
            return await self._in_time(self._accepted(lead(say), say), talk.heard)

        async def body(scope: Scope) -> Json:
            try:
                return await work(scope, None)
            except ActionError as failed:
                if cache is not None:
                    cache.wanted = False
                return await rescue.rescued(self, scope, work, failed)

        return await self._checked(act, body)

    async def _checked(self, act: Act, body: Callable[[Scope], Awaitable[Json]]) -> Json:
        """Do an ask; a result that a person put in its place in a fork must be valid as well."""
        edited = self.crew.recorder.knows_edited(self.crew.scope, self.name)
        value = await self.crew.recorder.span(self.crew.scope, self.name, act, body)
        if edited and (problems := contracts.check(value, self.schemas)):
            message = f"The edited result of '{self.name}' is not valid. {problems[0]}"
            error = {"kind": "invalid_payload", "role": self.name, "message": message}
            raise ActionError(error)
        return value

    def _wordless(self, scope: Scope) -> Awaitable[Json] | None:
        """Return the work of a role that nobody talks with; None where somebody does."""
        if self.role.program is not None:
            return self._in_time(self._program(scope, self.role.program))
        if self.role.kind == "human":
            return self._person(scope)
        if self.role.kind == "crew":
            return self._in_time(self._crew(scope))
        return None

    def _cacheable(self) -> bool:
        """Say whether a result may stand for doing it again: nothing but the result is left by it,
        and no person takes part."""
        leaves = any(edge.artifacts for edge in self.crew.spec.handoffs if edge.from_ == self.name)
        alone = not leaves and not (self.role.sandbox and self.role.sandbox.shared)
        given = not any(item.files for item in self.given)
        does = self.role.kind in ("model", "code") and not self.role.tools
        return self.role.cache and alone and given and does and not self.crew.rehearsal

    def _digest(self, told: Json) -> str:
        models = self.crew.models_of(self.name) if self.role.kind == "model" else ()
        told = told if self.given else {**told, "input": self.crew.input}
        role = self.role.model_dump(mode="json", exclude={"limits", "escalation", "cache_s"})
        chosen = [choice.model_dump(mode="json") for choice in models]
        return digest(["ask", self.crew.spec.name, self.name, role, chosen, told, self.schemas])

    async def _in_time(self, work: Awaitable[Json], heard: Callable[[], str] = str) -> Json:
        """Let something end within the role's time; what was `heard` until then is kept."""
        seconds = self.role.limits.seconds
        try:
            async with asyncio.timeout(seconds):
                return await work
        except TimeoutError:
            message = f"'{self.name}' took longer than its {seconds} seconds."
            error = {"kind": "timeout", "role": self.name, "message": message}
            if partial := heard():
                error["partial_text"] = partial[-PARTIAL_KEPT:]
            raise ActionError(error) from None

    async def _accepted(self, first: Awaitable[str], say: Say) -> Json:
        """Return a model's answer as payload. What is wrong with it is told to the model, as often
        as it may try again. Raises Invalid."""
        answer = await first
        contract = self.contract
        retries = contract.on_invalid.retries if contract else self.role.limits.retries
        revise = contract is not None and contract.on_low_confidence == "revise"
        while True:
            value, problems = contracts.read_answer(answer, self.schemas)
            if not answer.strip() and self.role.command is None:
                problems = [contracts.NOTHING]
            doubt = None if problems else contracts.confidence_problem(contract, value)
            if doubt and (revise or doubt.severity == "error"):
                problems = [doubt]
            if not problems or not retries:
                break
            retries -= 1
            plain = problems == [contracts.NOTHING] and not self.schemas
            answer = await say(prompts.correction(problems, plain=plain))
        if problems and not doubt:
            raise rescue.Invalid(self.name, answer, problems)
        return value

    async def _person(self, scope: Scope) -> Json:
        """Let a person answer: a form by the role's schema, else text."""
        parts = (self.role.instructions.strip(), self.words, prompts.as_text(self.task))
        decision = await self.crew.at(scope).question(
            "answer",
            self.name,
            "\n\n".join(part for part in parts if part),
            ["answer"],
            reason="role",
            schema=self.form,
            context={
                "task": self.task,
                "given": [{"from": g.source, "payload": g.payload} for g in self.given],
            },
        )
        return decision["value"]

    async def _crew(self, scope: Scope) -> Json:
        """Let another crew do it, as child actions of this one."""
        answer = await play_inside(self.crew, scope, self)
        if isinstance(answer, str):
            value, problems = contracts.read_answer(answer, self.schemas)
        else:
            value, problems = answer, contracts.check(answer, self.schemas)
        if problems:
            raise rescue.Invalid(self.name, answer, problems)
        return value

    async def _program(self, scope: Scope, program: Program) -> Json:
        """Run a fixed program: JSON in, JSON out. It cannot be asked to correct itself.

        In goes what it is given: of one role the payload, of several `{task, inputs}` with the
        payload of each; the first of a crew gets the run's own input.
        """
        payload: Json = {"task": self.task, "inputs": self.crew.input}
        if len(self.given) == 1:
            payload = self.given[0].payload
        elif self.given:
            payload["inputs"] = {g.source: g.payload for g in self.given}
        told = {"language": program.language, "source": program.source, "stdin": payload}
        told = self.crew.recorder.edited(scope, "program", told)
        payload = told["stdin"]
        act = Act(
            type="tool_call",
            name=f"{program.language} program",
            agent=self.agent,
            input=told,
            repeatable=not self.role.networked,
            retries=0 if self.role.networked else LOST_RETRIES,
        )

        async def effect(action: str) -> Outcome:
            sandbox = await self.crew.workspaces.of(self.agent)
            terminal = Terminal(self.crew.run, action)
            try:
                result = await sandbox.run_code(
                    program.language,
                    program.source,
                    stdin=canonical(payload).encode(),
                    on_output=terminal.output,
                    key=action,
                )
            finally:
                terminal.close()
            stderr = result.stderr.decode(errors="replace")[-STDERR_SHOWN:]
            if not result.ok:
                how = "ran out of time" if result.timed_out else f"ended with {result.exit_code}"
                parts = (f"The program of '{self.name}' {how}.", stderr, *refusals(result))
                message = " ".join(part.strip() for part in parts if part.strip())
                raise ActionError({"kind": "program_failed", "role": self.name, "message": message})
            kept = await self.crew.workspaces.keep(self.agent)
            stdout = result.stdout.decode(errors="replace")
            told = {"stdout": stdout, "stderr": stderr} | network_told(result)
            return Outcome(output=told | kept)

        output = await self.crew.recorder.leaf(scope, "program", act, effect)
        value, problems = contracts.read_program_output(output["stdout"], self.schemas)
        if problems:
            raise rescue.Invalid(self.name, output["stdout"], problems)
        return value


def _told(given: Given) -> dict[str, Json]:
    told = {"from": given.source, "payload": given.payload}
    return told | {"files": list(given.files)} if given.files else told
