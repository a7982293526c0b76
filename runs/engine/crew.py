"""A crew at work: what a pattern may do, over the recorder. Implements
`runs.patterns.base.Crew`."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from crews.problems import Problem
from crews.spec import CrewSpec, Handoff, JsonSchema, ModelChoice, RoleSpec
from runs.engine import contracts, prompts
from runs.engine.agent import Conversation
from runs.engine.machine import Credentials, Machine
from runs.engine.recorder import Act, Outcome, Recorder, Scope
from runs.engine.workspace import Workspaces
from runs.errors import ActionError, RunHalted, RunSuspended
from runs.journal.entries import ActionType
from runs.patterns import base
from runs.patterns.base import Given, Passage, PatternTool, Say
from runs.providers.base import Credential

Json = Any
PLAYABLE = ("model", "code", "human")


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
    script: Json
    machine: Machine
    recorder: Recorder
    workspaces: Workspaces
    scope: Scope = field(default_factory=Scope)
    visits: Counter[str] = field(default_factory=Counter)

    # -- what the crew is ----------------------------------------------------------------------

    def role(self, name: str) -> RoleSpec:
        return self.spec.roles[name]

    def seated(self, seat: str) -> list[str]:
        return self.spec.seated(seat)

    def contract(self, source: str, target: str) -> Handoff | None:
        return next((h for h in self.spec.handoffs if h.from_ == source and h.to == target), None)

    def models_of(self, role: str) -> tuple[ModelChoice, ...]:
        """Return the models of a role, as pinned when the run began: the chosen one, then
        fallbacks."""
        return self.models[role]

    def credential(self, provider: str, name: str) -> Credential | None:
        return Credential() if provider == "rehearsal" else self.credentials.get((provider, name))

    def quote(self, source: str, payload: Json) -> str:
        return prompts.quote(self.run, source, payload)

    def at(self, scope: Scope) -> "CrewAtWork":
        """Return the same crew, seen from another place."""
        return replace(self, scope=scope)

    # -- what a pattern may do -----------------------------------------------------------------

    async def ask(
        self,
        role: str,
        task: Json,
        *,
        given: Sequence[Given] = (),
        to: str | None = None,
        tools: Sequence[PatternTool] = (),
        before_end: Callable[[Say, str], Awaitable[str]] | None = None,
    ) -> Json:
        kind = self.role(role).kind
        if kind == "model":

            async def lead(say: Say) -> str:
                answer = await say(prompts.brief(self.run, task, given))
                return await before_end(say, answer) if before_end else answer

            return await self._converse(role, task, given, to, lead, tools=tools)
        if kind == "human":
            return await self._ask(
                role, task, given, lambda scope: self.at(scope)._person(role, task, given, to)
            )
        if kind == "code":
            return await self._ask(
                role, task, given, lambda scope: self._program(scope, role, task, given, to)
            )
        raise ActionError(
            {
                "kind": "unsupported",
                "role": role,
                "message": f"Roles of kind '{kind}' cannot run yet.",
            }
        )

    async def talk(
        self,
        role: str,
        task: Json,
        body: Callable[[Say], Awaitable[str]],
        *,
        delegates: Mapping[str, str],
        end_word: str,
    ) -> Json:
        async def lead(say: Say) -> str:
            opening = [prompts.brief(self.run, task, ())]

            async def say_with_task(text: str) -> str:
                text = "\n\n".join([*opening, text])
                opening.clear()
                return await say(text)

            return await body(say_with_task)

        return await self._converse(
            role, task, (), None, lead, delegates=delegates, end_word=end_word
        )

    async def hand_over(self, source: str, target: str, payload: Json) -> Passage:
        contract = self.contract(source, target)
        act = Act(
            type="handoff",
            name=f"{source} → {target}",
            agent=source,
            input={"from": source, "to": target, "payload": payload},
        )

        async def body(scope: Scope) -> Json:
            return await self.at(scope)._pass(contract, source, payload)

        done = await self.recorder.span(self.scope, f"handoff-{source}-{target}", act, body)
        return Passage(open=done["passed"], payload=done["payload"], reason=done.get("reason", ""))

    async def step(
        self,
        type: str,
        name: str,
        agent: str,
        input: Json,
        body: Callable[[base.Crew], Awaitable[Json]],
    ) -> Json:
        act = Act(type=cast(ActionType, type), name=name, agent=agent, input=input)
        return await self.recorder.span(self.scope, type, act, lambda scope: body(self.at(scope)))

    async def parallel(
        self,
        branches: Mapping[str, Callable[["CrewAtWork"], Awaitable[Json]]],
        slot: str = "branch",
    ) -> dict[str, base.Outcome]:
        """See the Protocol. All branches come to rest before a halt or a wait of one is passed
        on."""
        place = self.scope.branch(slot)

        async def one(name: str, branch: Callable[[CrewAtWork], Awaitable[Json]]) -> base.Outcome:
            try:
                return base.Outcome(value=await branch(self.at(place.branch(name))))
            except ActionError as failed:
                return base.Outcome(error=failed.error)

        if len(branches) == 1:
            ((name, branch),) = branches.items()
            return {name: await one(name, branch)}
        tasks = [asyncio.ensure_future(one(name, branch)) for name, branch in branches.items()]
        try:
            results = await asyncio.gather(*tasks, return_exceptions=True)
        except asyncio.CancelledError:
            await asyncio.wait(tasks)
            raise
        for result in sorted((r for r in results if isinstance(r, BaseException)), key=_weight):
            raise result
        return dict(zip(branches, cast(list[base.Outcome], results), strict=True))

    async def escalate(
        self, agent: str, question: str, choices: Sequence[str], context: Json = None
    ) -> Json:
        return await self._question("escalation", agent, question, list(choices), context=context)

    # -- model roles ---------------------------------------------------------------------------

    async def _converse(
        self,
        role: str,
        task: Json,
        given: Sequence[Given],
        to: str | None,
        lead: Callable[[Say], Awaitable[str]],
        *,
        tools: Sequence[PatternTool] = (),
        delegates: Mapping[str, str] | None = None,
        end_word: str = "",
    ) -> Json:
        contract = self.contract(role, to) if to else None
        schemas = contracts.schemas_of(self.role(role), contract)
        self.visits[role] += 1
        visit = self.visits[role]

        async def body(scope: Scope) -> Json:
            talk = Conversation(
                crew=self,
                scope=scope,
                role=role,
                visit=visit,
                tools=tools,
                schemas=schemas,
                delegates=delegates or {},
                end_word=end_word,
            )
            answer = await lead(talk.say)
            return await self.at(scope)._accepted(role, contract, schemas, answer, talk.say)

        return await self._ask(role, task, given, body)

    async def _ask(
        self,
        role: str,
        task: Json,
        given: Sequence[Given],
        body: Callable[[Scope], Awaitable[Json]],
    ) -> Json:
        told: dict[str, Json] = {"task": task}
        if given:
            told["given"] = [{"from": item.source, "payload": item.payload} for item in given]
        act = Act(type="ask", name=self.role(role).title or role, agent=role, input=told)
        seconds = self.role(role).limits.seconds

        async def timed(scope: Scope) -> Json:
            try:
                async with asyncio.timeout(seconds):
                    return await body(scope)
            except TimeoutError:
                message = f"'{role}' took longer than its {seconds} seconds."
                raise ActionError({"kind": "timeout", "role": role, "message": message}) from None

        return await self.recorder.span(self.scope, role, act, timed)

    async def _accepted(
        self,
        role: str,
        contract: Handoff | None,
        schemas: Sequence[JsonSchema],
        answer: str,
        say: Say,
    ) -> Json:
        """Return a model's answer as payload, after telling it what is wrong as often as it may
        retry."""
        retries = contract.on_invalid.retries if contract else self.role(role).limits.retries
        revise = contract is not None and contract.on_low_confidence == "revise"
        for left in range(retries, -1, -1):
            value, problems = contracts.read_answer(answer, schemas)
            doubt = None if problems else contracts.confidence_problem(contract, value)
            wanted = problems or (
                [doubt] if doubt and (revise or doubt.severity == "error") else []
            )
            if not wanted or not left:
                break
            answer = await say(prompts.correction(wanted))
        return (
            value
            if not problems
            else await self._invalid(role, contract, schemas, answer, problems)
        )

    async def _invalid(
        self,
        role: str,
        contract: Handoff | None,
        schemas: Sequence[JsonSchema],
        answer: Json,
        problems: Sequence[Problem],
    ) -> Json:
        """Give up on an invalid payload: ask a person for a valid one, or fail."""
        told = "; ".join(str(problem) for problem in problems[:5])
        error = {
            "kind": "invalid_payload",
            "role": role,
            "message": f"The result of '{role}' is not valid. {told}",
        }
        if contract is None or contract.on_invalid.then == "fail":
            raise ActionError(error)
        context = {"problems": [problem.as_json() for problem in problems], "payload": answer}
        decision = await self._question(
            "escalation",
            role,
            f"{error['message']} Give a valid result, or reject it.",
            ["edit", "reject"],
            schema=schemas[0] if schemas else None,
            context=context,
        )
        if decision["choice"] != "edit":
            raise ActionError(
                error
                | {"message": f"{error['message']} A person rejected it. {decision['comment']}"}
            )
        return decision["value"]

    # -- handoffs ------------------------------------------------------------------------------

    async def _pass(self, contract: Handoff | None, source: str, payload: Json) -> Json:
        """Let a payload through a contract, or say why not."""
        confidence = payload.get("confidence") if isinstance(payload, dict) else None
        doubt = contracts.confidence_problem(contract, payload)
        if contract is None or doubt is None or contract.on_low_confidence == "proceed":
            return self._gated(contract, payload, confidence)
        question = f"The result of '{source}' is in doubt. {doubt} Let it through?"
        decision = await self._question(
            "escalation",
            source,
            question,
            ["approve", "edit", "reject"],
            schema=contract.schema_,
            context=payload,
        )
        if decision["choice"] == "reject":
            message = f"A person rejected the result of '{source}'. {decision['comment']}".strip()
            raise ActionError({"kind": "rejected", "role": source, "message": message})
        if decision["choice"] == "edit":
            payload = decision["value"]
        return self._gated(contract, payload, confidence)

    def _gated(self, contract: Handoff | None, payload: Json, confidence: Json) -> dict[str, Json]:
        gate = contract.when if contract else None
        passed = contracts.gate_holds(gate, payload)
        done: dict[str, Json] = {
            "valid": True,
            "confidence": confidence,
            "passed": passed,
            "payload": payload,
        }
        if not passed and gate is not None:
            done["reason"] = f"The gate wants {gate.field} = {json.dumps(gate.equals)}."
        return done

    # -- people ----------------------------------------------------------------------------------

    async def _person(self, role: str, task: Json, given: Sequence[Given], to: str | None) -> Json:
        """Let a person answer: a form by the role's schema, else text."""
        contract = self.contract(role, to) if to else None
        schemas = contracts.schemas_of(self.role(role), contract)
        schema = schemas[0] if schemas else {"type": "string", "minLength": 1}
        context = {
            "task": task,
            "given": [{"from": item.source, "payload": item.payload} for item in given],
        }
        question = "\n\n".join(
            part for part in (self.role(role).instructions.strip(), prompts.as_text(task)) if part
        )
        decision = await self._question(
            "answer", role, question, ["answer"], schema=schema, context=context
        )
        return decision["value"]

    # -- program roles -------------------------------------------------------------------------

    async def _program(
        self, scope: Scope, role: str, task: Json, given: Sequence[Given], to: str | None
    ) -> Json:
        """Run a fixed program: JSON in, JSON out. It cannot be asked to correct itself."""
        program = self.role(role).program
        assert program is not None
        payload = given[-1].payload if given else {"task": task, "inputs": self.input}
        act = Act(
            type="tool_call",
            name=f"{program.language} program",
            agent=role,
            input={"language": program.language, "source": program.source, "stdin": payload},
        )

        async def effect(action: str) -> Outcome:
            sandbox = await self.workspaces.of(role)
            stdin = json.dumps(payload).encode()
            result = await sandbox.run_code(
                program.language, program.source, stdin=stdin, key=action
            )
            text = result.stderr.decode(errors="replace")[-4_000:]
            if not result.ok:
                ended = (
                    "ran out of time"
                    if result.timed_out
                    else f"ended with exit code {result.exit_code}"
                )
                message = f"The program of '{role}' {ended}. {text}".strip()
                raise ActionError({"kind": "program_failed", "role": role, "message": message})
            return Outcome(
                output={"stdout": result.stdout.decode(errors="replace"), "stderr": text}
            )

        output = await self.recorder.leaf(scope, "program", act, effect)
        contract = self.contract(role, to) if to else None
        schemas = contracts.schemas_of(self.role(role), contract)
        value, problems = contracts.read_program_output(output["stdout"], schemas)
        if problems:
            return await self.at(scope)._invalid(
                role, contract, schemas, output["stdout"], problems
            )
        return value

    async def _question(
        self,
        slot: str,
        agent: str,
        question: str,
        choices: list[str],
        *,
        schema: JsonSchema | None = None,
        context: Json = None,
    ) -> dict[str, Json]:
        act = Act(type="escalation", name=question[:200], agent=agent, input={"question": question})
        return await self.recorder.question(
            self.scope, slot, act, question, choices, schema, context
        )


def _weight(error: BaseException) -> int:
    """Rank what ended branches: a lost lease or a bug counts more than a pause, a pause more
    than a wait."""
    if isinstance(error, RunSuspended):
        return 2
    return 1 if isinstance(error, RunHalted) else 0
