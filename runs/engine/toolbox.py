"""The tools of a role: which it is offered, and how its calls are answered."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from crews.constraints import forbidden_by
from crews.schema_guard import validate_payload
from crews.spec import SandboxChoice
from runs.engine.approval import Answer, approve, change_of, refusal_of
from runs.engine.machine import Preview
from runs.engine.options import whole
from runs.engine.rates import Rate
from runs.engine.recorder import Act, Outcome, Scope
from runs.engine.terminal import Terminal
from runs.engine.workspace import LOST_RETRIES, NAME_LABEL
from runs.errors import ActionError
from runs.journal.entries import RunWaiting
from runs.patterns.base import PatternTool
from runs.previews import table as previews
from runs.providers.base import ToolCall, ToolResult, ToolSpec
from runs.tools import offered_names, tool_find
from runs.tools.base import Tool, ToolOutput
from sandbox.api import Sandbox, Stream

if TYPE_CHECKING:
    from runs.engine.crew import CrewAtWork

Json = Any
T = TypeVar("T")
# A role's notes are the actions of this name.
NOTE = "note"


class Toolbox:
    """Answers the tool calls of one role in one conversation.

    A role is offered what it lists, has the capability for and no constraint forbids, and what its
    pattern gives it; any other call is refused, and the refusal is an action like the rest.
    """

    def __init__(
        self, crew: "CrewAtWork", scope: Scope, role: str, given: Sequence[PatternTool]
    ) -> None:
        self._crew = crew
        self._scope = scope
        self._role = role
        self._given = {tool.spec.name: tool for tool in given}
        document = crew.spec.roles[role]
        found = (tool_find(use.name, crew.tools) for use in document.tools)
        own = {
            tool.info.name: tool
            for tool in found
            if tool
            and tool.info.capability in (None, *document.capabilities)
            and not forbidden_by(document.constraints, tool.info)
        }
        # By the names that the model calls them by.
        self._own = {name: own[tool] for tool, name in offered_names(own).items()}

    def offered(self) -> tuple[ToolSpec, ...]:
        """Return the tools as a model is told of them."""
        own = (
            ToolSpec(name=name, description=tool.info.description, parameters=tool.info.parameters)
            for name, tool in self._own.items()
        )
        return (*(tool.spec for tool in self._given.values() if tool.offered()), *own)

    async def answer(self, calls: Sequence[ToolCall]) -> tuple[ToolResult, ...]:
        """Carry out the calls of one turn: those of the pattern side by side, and beside them the
        role's own one after the other, as they may build on each other."""
        branches: dict[str, Callable[[CrewAtWork], Awaitable[Json]]] = {}
        own = [(n, call) for n, call in enumerate(calls) if call.name not in self._given]
        for n, call in enumerate(calls):
            if call.name in self._given:
                branches[str(n)] = self._given_branch(self._given[call.name], call)
        asked = {n: Answer() for n, call in own if self._needs_approval(call)}
        for n, call in own:
            if n in asked:
                branches[f"approval{n}"] = self._approval_branch(call, asked[n])
        if own:
            branches["own"] = self._own_branch(own, asked)
        turn = self._crew.at(self._scope)
        outcomes = await turn.parallel(branches, who=self._who(calls), slot="tools")
        for outcome in outcomes.values():
            if outcome.error is not None:
                raise ActionError(outcome.error)
        texts = {int(name): o.value for name, o in outcomes.items() if name.isdecimal()}
        if own:
            texts |= dict(zip((n for n, _ in own), outcomes["own"].value, strict=True))
        for tool in self._used(calls):
            tool.after_turn()
        return tuple(
            ToolResult(
                id=call.id, name=call.name, text=texts[n]["text"], is_error=texts[n]["is_error"]
            )
            for n, call in enumerate(calls)
        )

    def _who(self, calls: Sequence[ToolCall]) -> dict[str, Sequence[str]]:
        """Return the roles that work in the branches of a turn, where its arguments say it: a
        person who approves a call may change them."""
        known: dict[str, Sequence[str]] = {}
        for n, call in enumerate(calls):
            tool = self._given.get(call.name)
            if tool and tool.who and not self._is_approved(call):
                known[str(n)] = tool.who(call.arguments or {})
        return {"own": (), **{f"approval{n}": () for n in range(len(calls))}, **known}

    def _used(self, calls: Sequence[ToolCall]) -> list[PatternTool]:
        return [
            tool for name, tool in self._given.items() if any(call.name == name for call in calls)
        ]

    def _given_branch(
        self, tool: PatternTool, call: ToolCall
    ) -> "Callable[[CrewAtWork], Awaitable[Json]]":
        async def run(place: "CrewAtWork") -> Json:
            arguments, changed = call.arguments or {}, ""
            if fault := _fault(call, tool.spec.parameters):
                return await self._refuse(place.scope, call, fault)
            if self._is_approved(call):
                decision = await approve(place, self._role, call.name, tool.spec.parameters, call)
                if decision["choice"] == "reject":
                    return await self._refuse(place.scope, call, refusal_of(decision))
                arguments = decision["value"] if decision["choice"] == "edit" else arguments
                changed = change_of(decision)
            text = await tool.run(place, arguments)
            is_error = text.startswith("Error:")
            return {"text": f"{text}\n\n{changed}" if changed else text, "is_error": is_error}

        return run

    def _is_approved(self, call: ToolCall) -> bool:
        """Say whether a person approves a call of a tool that the pattern gives."""
        use = self._crew.spec.roles[self._role].tool_use(call.name)
        return use is not None and use.approval == "always"

    def _needs_approval(self, call: ToolCall) -> bool:
        """Say whether a person approves a call of a tool of the role's own. One that is refused
        anyway is not asked about."""
        tool = self._own.get(call.name)
        if tool is None or _fault(call, tool.info.parameters):
            return False
        use = self._crew.spec.roles[self._role].tool_use(tool.info.name)
        said = use.approval if use is not None else None
        return (said or tool.info.approval) == "always"

    def _approval_branch(
        self, call: ToolCall, answer: Answer
    ) -> "Callable[[CrewAtWork], Awaitable[Json]]":
        """Ask about a call beside the others of its turn, so that all are asked about at once."""
        info = self._own[call.name].info

        async def run(place: "CrewAtWork") -> Json:
            with answer.passing_on():
                answer.put(await approve(place, self._role, info.name, info.parameters, call))

        return run

    def _own_branch(
        self, calls: list[tuple[int, ToolCall]], asked: Mapping[int, Answer]
    ) -> "Callable[[CrewAtWork], Awaitable[Json]]":
        async def run(place: "CrewAtWork") -> Json:
            results = []
            for n, call in calls:
                decision = await asked[n].get() if n in asked else None
                results.append(await self._decided(place.scope, call, decision))
            return results

        return run

    async def _decided(
        self, scope: Scope, call: ToolCall, decision: Mapping[str, Json] | None
    ) -> dict[str, Json]:
        if decision is None:
            return await self._one(scope, call)
        if decision["choice"] == "reject":
            return await self._refuse(scope, call, refusal_of(decision))
        if changed := change_of(decision):
            call = call.model_copy(update={"arguments": decision["value"]})
            result = await self._one(scope, call)
            return result | {"text": f"{result['text']}\n\n{changed}"}
        return await self._one(scope, call)

    async def _one(self, scope: Scope, call: ToolCall) -> dict[str, Json]:
        tool = self._own.get(call.name)
        if tool is None:
            return await self._refuse(scope, call, self._why_not(call.name))
        arguments = self._crew.recorder.edited(scope, call.name, call.arguments)
        call = call.model_copy(update={"arguments": arguments})
        if fault := _fault(call, tool.info.parameters):
            return await self._refuse(scope, call, fault)
        repeatable = tool.repeatable and not self._may_reach_out(tool)
        act = Act(
            type="tool_call",
            name=tool.info.name,
            agent=self._crew.agent(self._role),
            input=call.arguments,
            repeatable=repeatable,
            retries=LOST_RETRIES if repeatable and tool.info.needs_sandbox else 0,
            rate=self._rate(tool),
        )
        try:
            if tool.acts:
                output = await self._act(scope, act, tool, call)
            else:
                output = await self._think(scope, act, tool, call)
        except ActionError as failed:
            return {"text": f"Error: {failed.error.get('message', '')}", "is_error": True}
        return {"text": output["text"], "is_error": bool(output.get("is_error"))}

    async def _act(self, scope: Scope, act: Act, tool: Tool, call: ToolCall) -> dict[str, Json]:
        async def effect(action: str) -> Outcome:
            context = _Context(self._crew, scope, self._role, action, self._options(tool))
            arguments = whole(tool.info.parameters, call.arguments or {})
            try:
                output = await tool.run(context, arguments)
            finally:
                context.preview.close()
                context.terminal.close()
            kept = (
                await self._crew.workspaces.keep(self._crew.agent(self._role))
                if tool.info.needs_sandbox
                else {}
            )
            return Outcome(output=_journaled(output) | kept)

        return dict(await self._crew.recorder.leaf(scope, call.name, act, effect))

    async def _think(self, scope: Scope, act: Act, tool: Tool, call: ToolCall) -> dict[str, Json]:
        async def body(inner: Scope) -> Json:
            action = inner.action or ""
            context = _Context(self._crew, inner, self._role, action, self._options(tool))
            arguments = whole(tool.info.parameters, call.arguments or {})
            return _journaled(await tool.run(context, arguments))

        return dict(await self._crew.recorder.span(scope, call.name, act, body))

    async def _refuse(self, scope: Scope, call: ToolCall, reason: str) -> dict[str, Json]:
        shown = call.arguments if call.arguments is not None else {"raw": call.raw[:2_000]}
        act = Act(
            type="tool_call", name=call.name[:100], agent=self._crew.agent(self._role), input=shown
        )

        async def body(_: Scope) -> Json:
            return {"text": f"Error: {reason}", "is_error": True, "refused": True}

        return dict(await self._crew.recorder.span(scope, "refused", act, body))

    def _may_reach_out(self, tool: Tool) -> bool:
        """Say whether a call may have effects outside its sandbox, as a command with network."""
        return tool.runs_commands and self._crew.spec.roles[self._role].networked

    def _options(self, tool: Tool) -> Mapping[str, Json]:
        use = self._crew.spec.roles[self._role].tool_use(tool.info.name)
        return whole(tool.info.options_schema, use.options) if use else {}

    def _rate(self, tool: Tool) -> Rate | None:
        use = self._crew.spec.roles[self._role].tool_use(tool.info.name)
        if use is None or use.per_minute is None:
            return None
        agent = self._crew.agent(self._role)
        return Rate(
            key=f"tool/{self._crew.crew_id}/{agent}/{tool.info.name}",
            per_minute=use.per_minute,
            told=f"{use.per_minute} calls of {tool.info.name} a minute",
        )

    def _why_not(self, name: str) -> str:
        tool = tool_find(name, self._crew.tools)
        role = self._crew.spec.roles[self._role]
        if tool and role.tool_use(name):
            if rule := forbidden_by(role.constraints, tool.info):
                return f"your role's constraint '{rule.name}' forbids '{name}'."
            return (
                f"your role has no capability '{tool.info.capability}', so it may not use '{name}'."
            )
        offered = ", ".join(tool.name for tool in self.offered()) or "none"
        return f"there is no tool '{name}' for your role. Your tools: {offered}."


class _Context:
    """What a tool may use, as one call of it."""

    def __init__(
        self,
        crew: "CrewAtWork",
        scope: Scope,
        role: str,
        action: str,
        options: Mapping[str, Json],
    ) -> None:
        self._crew = crew
        self._scope = scope
        self.role = role
        self.action = action
        self.options = options
        self.team = crew.team
        self.rehearsal = crew.rehearsal
        self.preview = Preview(crew.run, action)
        self.terminal = Terminal(crew.run, action)

    async def read(self, work: Callable[[], T]) -> T:
        return await self._crew.machine.read(work)

    async def sandbox(self) -> Sandbox:
        return await self._crew.workspaces.of(self._crew.agent(self.role))

    async def sandbox_beside(self, name: str, choice: SandboxChoice) -> Sandbox:
        return await self._crew.workspaces.beside(name, choice)

    @property
    def shows_previews(self) -> bool:
        return bool(self._crew.machine.previews_at)

    async def open_preview(self, port: int, title: str) -> int:
        sandbox = await self.sandbox()
        network = sandbox.spec.network
        add = partial(
            previews.preview_add,
            run=self._crew.run,
            action=self.action,
            workspace=sandbox.spec.labels[NAME_LABEL],
            port=port,
            title=title,
            hosts=() if network == "none" else network,
            holder=self._crew.machine.previews_at,
        )
        return await self._crew.machine.writer.call(add)

    async def note(self, text: str, *, most: int) -> int | None:
        def happen() -> Json:
            if len(self.notes()) >= most:
                return {"number": None}
            self.notes().append(text)
            return {"number": len(self.notes()), "text": text}

        place = self._crew.at(self._scope)
        written = await place.once("state_write", NOTE, self.role, {"text": text}, happen)
        return None if written["number"] is None else int(written["number"])

    def notes(self) -> list[str]:
        agent, pads = self._crew.agent(self.role), self._crew.scratchpads
        if agent not in pads:
            pads[agent] = [
                action.output["text"]
                for action in self._crew.recorder.state.actions.values()
                if (action.type, action.name, action.agent) == ("state_write", NOTE, agent)
                and action.status == "finished"
                and action.output["number"] is not None
            ]
        return pads[agent]

    def output(self, stream: Stream, data: bytes) -> None:
        self.terminal.output(stream, data)

    def show(self, text: str) -> None:
        self.preview.show(text)

    async def ask_person(self, question: str, choices: list[str]) -> dict[str, Json]:
        act = Act(
            type="escalation",
            name="question",
            agent=self._crew.agent(self.role),
            input={"question": question},
        )
        waiting = RunWaiting(question=question, choices=choices, reason="question")
        return await self._crew.recorder.question(self._scope, "question", act, waiting)


def _journaled(output: ToolOutput) -> dict[str, Json]:
    return {**output.data, "text": output.text, **({"is_error": True} if output.is_error else {})}


def _fault(call: ToolCall, parameters: dict[str, Json]) -> str:
    """Return why a call's arguments cannot be used, or nothing."""
    if call.arguments is None:
        return f"the arguments are not a JSON object: {call.raw[:200]}"
    problems = validate_payload(parameters, call.arguments)
    return "; ".join(str(problem) for problem in problems[:5])
