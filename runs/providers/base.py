"""What the engine asks of a provider of models, and what it gets back.

Everything here is plain data without Django or I/O; requests and replies are journaled as JSON.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

Json = Any


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolCall(Frozen):
    """A model's wish to call a tool.

    `arguments` is None when they were no JSON object; `raw` says what came.
    """

    id: str
    name: str
    arguments: dict[str, Json] | None
    raw: str = ""


class UserMessage(Frozen):
    role: Literal["user"] = "user"
    text: str


class AssistantMessage(Frozen):
    """A model's turn. `native` keeps provider-only blocks that must be sent back as they came."""

    role: Literal["assistant"] = "assistant"
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    native: Json = None


class ToolResult(Frozen):
    id: str
    name: str
    text: str
    is_error: bool = False


class ToolMessage(Frozen):
    """The results of all tool calls of one assistant turn, in their order."""

    role: Literal["tool"] = "tool"
    results: tuple[ToolResult, ...]


Message = Annotated[UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]


class ToolSpec(Frozen):
    """A tool as offered to a model; `parameters` is a JSON Schema of type object."""

    name: str
    description: str
    parameters: dict[str, Json]


class Cue(Frozen):
    """What only the rehearsal provider reads: where in the play this call stands.

    `visit` counts the role's asks in this run from 1, `turn` the model calls of this ask from 1;
    `delegates` are the roles that may be delegated to (by tool or by tag), tag to role;
    `task` is the plain text of what the role was asked, without the framing of prompts;
    `script` is the whole rehearsal (docs/rehearsal.md), None where there is none.
    """

    role: str
    visit: int
    turn: int
    delegates: dict[str, str] = {}
    end_word: str = ""
    task: str = ""
    script: Json = None


class ModelRequest(Frozen):
    """One model call.

    `returns` is the JSON Schema the answer's text must satisfy as JSON. Providers use it where
    a server can enforce it; as many cannot or ignore it, the prompt has to state it too.
    """

    model: str
    system: str = ""
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    returns: dict[str, Json] | None = None
    temperature: float | None = None
    max_tokens: int = 4096
    deadline_s: float = 300.0
    cue: Cue | None = None


class Usage(Frozen):
    """Tokens of one call. `input_tokens` includes those read from and written to a cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0


class ModelReply(Frozen):
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    stop: Literal["end", "tool_calls", "max_tokens"] = "end"
    usage: Usage = Usage()
    usage_reported: bool = True
    model: str = ""
    native: Json = None

    def as_message(self) -> AssistantMessage:
        return AssistantMessage(text=self.text, tool_calls=self.tool_calls, native=self.native)


class ProviderError(Exception):
    """The provider did not answer.

    `cause` is one plain sentence and never holds a secret; `advice` is the one thing to do;
    `permanent` says that the same call would fail again. `usage` is what a failed call may
    have cost (an upper estimate) and is None where nothing was produced; `cost_usd` its price,
    which the engine adds.
    """

    kind: str = "provider_error"
    permanent: bool = False
    advice: str = "Try again."

    def __init__(
        self,
        cause: str = "",
        *,
        provider: str = "",
        host: str = "",
        status: int | None = None,
        retry_after_s: float | None = None,
        partial_text: str = "",
        usage: Usage | None = None,
        advice: str | None = None,
        permanent: bool | None = None,
    ) -> None:
        super().__init__(cause or (self.__doc__ or "").strip().partition("\n")[0])
        self.cause = str(self)
        self.provider = provider
        self.host = host
        self.status = status
        self.retry_after_s = retry_after_s
        self.partial_text = partial_text
        self.usage = usage
        self.cost_usd: Decimal | None = None
        if advice is not None:
            self.advice = advice
        if permanent is not None:
            self.permanent = permanent


class Credential(Frozen):
    """An API key and the server it belongs to; `repr` shows neither. `per_minute` is how many calls
    a minute are made with it."""

    api_key: str = Field(default="", repr=False)
    base_url: str = Field(default="", repr=False)
    per_minute: int | None = None


class Provider(Protocol):
    """A server of models. One instance serves all runs of a worker process."""

    name: str

    async def complete(
        self,
        request: ModelRequest,
        credential: Credential,
        on_delta: Callable[[str], None],
    ) -> ModelReply:
        """Stream one model call to its end.

        `on_delta` gets each piece of answer text as it arrives. Raises a `ProviderError`
        (never an SDK's own exception) and respects `request.deadline_s` as a total.
        """
        ...

    async def aclose(self) -> None: ...
