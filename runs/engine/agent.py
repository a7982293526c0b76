"""The loop between a role's model and its tools, until the model answers without a tool call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from crews.joining import together
from crews.spec import JsonSchema, ModelChoice
from runs.engine import prompts
from runs.engine.cache import Cacheable
from runs.engine.machine import NoCredential, Preview, cost
from runs.engine.rates import Rate
from runs.engine.recorder import Act, Outcome, Scope
from runs.engine.toolbox import Toolbox
from runs.errors import ActionError
from runs.journal.entries import digest
from runs.patterns.base import PatternTool
from runs.providers.base import (
    Credential,
    Cue,
    Message,
    ModelReply,
    ModelRequest,
    ProviderError,
    ToolMessage,
    Usage,
    UserMessage,
)
from runs.providers.tokens import tokens_upper_bound

if TYPE_CHECKING:
    from runs.engine.crew import CrewAtWork

Json = Any
_MESSAGES: TypeAdapter[list[Message]] = TypeAdapter(list[Message])
MAX_TURNS = 100
CALL_SECONDS = 600.0
LEAST_TOKENS = 16


@dataclass(slots=True, kw_only=True)
class Conversation:
    """One conversation with a role's model. What was said stays; `say` adds to it."""

    crew: "CrewAtWork"
    scope: Scope
    role: str
    task: str
    visit: int
    tools: Sequence[PatternTool] = ()
    schemas: Sequence[JsonSchema] = ()
    delegates: Mapping[str, str] = field(default_factory=dict)
    end_word: str = ""
    simpler: bool = False
    cached_whole: bool = False
    _messages: list[Message] = field(default_factory=list)
    _told: int = 0
    _turn: int = 0
    _heard: list[str] = field(default_factory=list)

    def heard(self) -> str:
        """Return what the model has said last, as far as it came."""
        return "".join(self._heard)

    async def say(self, text: str) -> str:
        """Send a message and return the answer. Raises ActionError."""
        self._messages.append(UserMessage(text=text))
        toolbox = Toolbox(self.crew, self.scope, self.role, self.tools)
        for _ in range(MAX_TURNS):
            reply = await self._call()
            self._messages.append(reply.as_message())
            if not reply.tool_calls:
                return self._answer(reply)
            self._messages.append(ToolMessage(results=await toolbox.answer(reply.tool_calls)))
        raise ActionError(
            {
                "kind": "too_many_turns",
                "role": self.role,
                "message": f"The model still called tools after {MAX_TURNS} turns.",
            }
        )

    def _answer(self, reply: ModelReply) -> str:
        """Return what a model has said. Asked once more, it would think as long again."""
        if reply.stop == "max_tokens" and not reply.text.strip():
            raise ActionError(
                {
                    "kind": "no_answer",
                    "role": self.role,
                    "message": "The model used up its max_tokens before it said anything.",
                    "advice": "Give the role's model more max_tokens.",
                }
            )
        return reply.text

    async def _call(self) -> ModelReply:
        """Call the role's model, or where that fails for good its fallbacks in turn."""
        self._turn += 1
        self._edited()
        request = self._request()
        new = [
            message.model_dump(mode="json", exclude_defaults=True) | {"role": message.role}
            for message in self._messages[self._told :]
        ]
        self._told = len(self._messages)
        choices = self.crew.models_of(self.role)
        for n, choice in enumerate(choices):
            slot = f"model{self._turn}" if n == 0 else f"model{self._turn}-fallback{n}"
            try:
                return await self._call_one(slot, choice, request, new)
            except ActionError:
                if n == len(choices) - 1:
                    raise
        raise AssertionError("a role has at least one model")

    def _edited(self) -> None:
        """Put what a person edited in a fork in the place of the messages of this turn."""
        told = self.crew.recorder.edited(self.scope, f"model{self._turn}", None)
        if told is not None:
            self._messages[self._told :] = _MESSAGES.validate_python(told["messages"])

    def _request(self) -> ModelRequest:
        spec = self.crew.spec
        role = spec.roles[self.role]
        if self.simpler:
            role = role.model_copy(update={"instructions": role.fallback_instructions})
        toolbox = Toolbox(self.crew, self.scope, self.role, self.tools)
        cue = None
        if self.crew.rehearsal:
            cue = Cue(
                role=self.role,
                task=self.task,
                visit=self.visit,
                turn=self._turn,
                delegates=dict(self.delegates),
                end_word=self.end_word,
                script=self.crew.scripts.get(self.crew.inside),
            )
        return ModelRequest(
            model="",
            system=prompts.system(spec, self.role, role, self.schemas),
            messages=tuple(self._messages),
            tools=toolbox.offered(),
            returns=together(self.schemas),
            cue=cue,
        )

    async def _call_one(
        self, slot: str, choice: ModelChoice, request: ModelRequest, new: list[dict[str, Json]]
    ) -> ModelReply:
        provider, name = str(choice.provider), str(choice.name)
        request = request.model_copy(update={"model": name, "temperature": choice.temperature})
        whole = request.model_dump(mode="json", exclude={"cue", "deadline_s", "max_tokens"})
        credential = self.crew.credential(provider, choice.credential)
        sized = self._sized(request, choice, provider)
        told: dict[str, Json] = {"messages": new}
        if self._turn == 1:
            told |= {"system": request.system, "tools": [tool.name for tool in request.tools]}
        act = Act(
            type="model_call",
            name=name,
            agent=self.crew.agent(self.role),
            input=told,
            input_hash=digest([provider, whole]),
            provider=provider,
            model=name,
            retries=self.crew.spec.roles[self.role].limits.retries,
            tokens=sized.tokens,
            cost_usd=sized.cost_usd,
            heard=self.heard,
            rate=self._rate(provider, choice.credential, credential),
            cache=self._cacheable(provider, choice.credential, whole),
        )

        async def effect(action: str) -> Outcome:
            if credential is None:
                raise NoCredential(
                    f"There is no credential '{choice.credential}' for {provider}.",
                    provider=provider,
                )
            outcome = await self._complete(provider, sized.request, credential, action)
            said = outcome.output["text"].strip() or outcome.output.get("tool_calls")
            if act.cache and (not said or outcome.output.get("stop") == "max_tokens"):
                act.cache.wanted = False  # It may have been cut short by what was left to spend.
            return outcome

        output = await self.crew.recorder.leaf(self.scope, slot, act, effect)
        return ModelReply.model_validate(output)

    def _rate(self, provider: str, name: str, credential: Credential | None) -> Rate | None:
        if credential is None or credential.per_minute is None:
            return None
        return Rate(
            key=f"credential/{self.crew.team}/{provider}/{name}",
            per_minute=credential.per_minute,
            told=f"{credential.per_minute} calls a minute with the credential {provider}/{name}",
        )

    def _cacheable(self, provider: str, credential: str, whole: Json) -> Cacheable | None:
        role = self.crew.spec.roles[self.role]
        if not role.cache or self.cached_whole or self.crew.rehearsal:
            return None
        key = prompts.unmarked_digest(["model_call", provider, credential, whole])
        return Cacheable(key, role.cache_s)

    async def _complete(
        self, provider: str, request: ModelRequest, credential: Credential, action: str
    ) -> Outcome:
        preview = Preview(self.crew.run, action)
        heard = self._heard = []

        def show(text: str) -> None:
            heard.append(text)
            preview.show(text)

        try:
            server = await self.crew.machine.provider(provider)
            reply = await server.complete(request, credential, show)
        except ProviderError as failure:
            if failure.usage is not None:
                failure.cost_usd = cost(provider, request.model, failure.usage)
            raise
        finally:
            preview.close()
        output = reply.model_dump(mode="json", exclude_defaults=True, exclude={"usage"}) | {
            "text": reply.text
        }
        usage = reply.usage.model_dump(exclude_defaults=True)
        usage |= {
            "input_tokens": reply.usage.input_tokens,
            "output_tokens": reply.usage.output_tokens,
        }
        return Outcome(
            output=output, usage=usage, cost_usd=cost(provider, request.model, reply.usage)
        )

    def _sized(self, request: ModelRequest, choice: ModelChoice, provider: str) -> "_Sized":
        """Fit a call into what is left: fewer output tokens, and the run's or role's deadline."""
        bound = tokens_upper_bound(request)
        most = choice.max_tokens

        def dearest(output: int) -> Decimal | None:
            """What a server that puts all it reads into a cache may ask for."""
            usage = Usage(input_tokens=bound, output_tokens=output, cache_write_tokens=bound)
            return cost(provider, request.model, usage)

        tokens_left, cost_left = self.crew.recorder.budget.room(
            self.scope.place(self.crew.agent(self.role))
        )
        if tokens_left is not None:
            most = min(most, max(LEAST_TOKENS, tokens_left - bound))
        if cost_left is not None:
            most = _affordable(most, cost_left, dearest)
        seconds = self.crew.spec.roles[self.role].limits.seconds or CALL_SECONDS
        deadline = min(float(seconds), self.crew.recorder.budget.seconds_left())
        reserved = None if cost_left is None else dearest(most)
        request = request.model_copy(update={"max_tokens": most, "deadline_s": deadline})
        return _Sized(request=request, tokens=bound + most, cost_usd=reserved)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sized:
    request: ModelRequest
    tokens: int
    cost_usd: Decimal | None


def _affordable(most: int, left: Decimal, price: Callable[[int], Decimal | None]) -> int:
    """Return how many output tokens (at most `most`) the money pays for."""
    whole = price(most)
    if whole is None or whole <= left:
        return most
    alone = price(0) or Decimal(0)
    each = (whole - alone) / most
    return most if each <= 0 else min(most, max(LEAST_TOKENS, int((left - alone) / each)))
