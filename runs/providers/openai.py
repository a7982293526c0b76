"""OpenAI's Chat Completions, which Ollama, vLLM, llama.cpp and most other servers speak too.

Protocol: https://platform.openai.com/docs/api-reference/chat
"""

import json
from collections.abc import AsyncIterator, Iterable
from itertools import zip_longest
from typing import Any

import httpx2
import openai
from openai._streaming import ServerSentEvent

from runs.providers.base import (
    AssistantMessage,
    Json,
    ModelRequest,
    Provider,
    ToolCall,
    ToolMessage,
    ToolResult,
    ToolSpec,
)
from runs.providers.errors import Peer
from runs.providers.history import NAMELESS, plain_name, short_id, tools_called
from runs.providers.openai_answer import NATIVE, ChatAnswer
from runs.providers.schemas import strict
from runs.providers.streaming import HttpProvider, Quirks
from runs.providers.vendors import VENDOR_URLS

NO_KEY = "no-key"

_SCHEMA_WORDS = ("response_format", "json_schema", "json_object", "schema", "grammar")
_THOUGHT_WORDS = ("reasoning_content", "extra_content")
_LENGTH_WORDS = ("max_tokens", "max_completion_tokens")


def provider() -> Provider:
    return HttpProvider(OpenAIWire())


class Events(openai.AsyncStream[object]):
    """The events of a stream without the empty ones that keep a connection alive, which the SDK
    would read as broken JSON."""

    async def _iter_events(self) -> AsyncIterator[ServerSentEvent]:
        async for sent in super()._iter_events():
            if sent.data.strip():
                yield sent


class OpenAIWire:
    """Chat Completions by the SDK's asynchronous client."""

    name = "openai"
    vendor_url = VENDOR_URLS["openai"]
    path = "/chat/completions"
    sdk_error: type[Exception] = openai.OpenAIError
    stream_class: type[Any] = Events

    def client(self, base_url: str, api_key: str, http: httpx2.AsyncClient) -> openai.AsyncOpenAI:
        client = openai.AsyncOpenAI(
            api_key=api_key or NO_KEY,
            admin_api_key="",
            base_url=base_url,
            http_client=http,
            max_retries=0,
            timeout=http.timeout,
        )
        # the owner's account names from the environment are not for a team's own server
        client.organization = client.project = None
        return client

    def body(self, request: ModelRequest, quirks: Quirks, *, vendor: bool) -> dict[str, Json]:
        body: dict[str, Json] = {
            "model": request.model,
            "messages": _messages(request, quirks),
            "stream": True,
        }
        new_name = vendor or "max_completion_tokens" in quirks
        if "max_tokens" in quirks:
            new_name = False
        body["max_completion_tokens" if new_name else "max_tokens"] = request.max_tokens
        if "no_usage" not in quirks:
            body["stream_options"] = {"include_usage": True}
        if request.temperature is not None and "no_temperature" not in quirks:
            body["temperature"] = request.temperature
        tools = request.tools
        if not tools and "name_tools" in quirks:
            tools = tools_called(request)
            body["tool_choice"] = "none"
        if tools:
            body["tools"] = [_tool(tool) for tool in tools]
        if response_format := _response_format(request, quirks, vendor=vendor):
            body["response_format"] = response_format
        return body

    def answer(self, request: ModelRequest, peer: Peer) -> ChatAnswer:
        return ChatAnswer(request, peer)

    def rejected(self, message: str, body: dict[str, Json]) -> Iterable[str]:
        complaints = (
            ("no_temperature", "temperature", ("temperature",)),
            ("max_completion_tokens", "max_tokens", _LENGTH_WORDS),
            ("max_tokens", "max_completion_tokens", _LENGTH_WORDS),
            ("no_usage", "stream_options", ("stream_options", "include_usage")),
            ("json_object", "response_format", _SCHEMA_WORDS),
            ("no_schema", "response_format", _SCHEMA_WORDS),
            # thoughts are wanted of turns, too, in which another model had none; or not at all
            ("all_thoughts", "messages", ("must be passed back", "reasoning_content is missing")),
            ("no_thoughts", "messages", _THOUGHT_WORDS),
            ("short_ids", "messages", ("tool call id", "tool_call_id", "tool_calls[0].id")),
        )
        text = message.lower()
        for quirk, setting, words in complaints:
            if setting in body and any(word in text for word in words):
                yield quirk
        if "tools" not in body and any(words in text for words in NAMELESS):
            yield "name_tools"
        if "response_format" in body:
            # the likeliest reason of a server that does not name one
            yield "no_schema"


def _response_format(
    request: ModelRequest, quirks: Quirks, *, vendor: bool
) -> dict[str, Json] | None:
    """The native form of `returns`.

    Compatible servers that decode by a grammar would never call a tool under one; with
    tools they have the schema from the prompt alone.
    """
    schema = request.returns
    if schema is None or schema.get("type") != "object" or "no_schema" in quirks:
        return None
    if request.tools and not vendor:
        return None
    if "json_object" in quirks:
        return {"type": "json_object"}
    exact = strict(schema)
    form = {"name": "result", "schema": exact or schema, "strict": exact is not None}
    return {"type": "json_schema", "json_schema": form}


def _tool(tool: ToolSpec) -> dict[str, Json]:
    schema = tool.parameters or {"type": "object", "properties": {}}
    told = {"name": tool.name, "description": tool.description, "parameters": schema}
    return {"type": "function", "function": told}


def _result(result: ToolResult) -> str:
    """Return a tool's result as text; this wire has no flag that says that it is an error."""
    told = result.text.startswith("Error")
    return f"Error: {result.text}" if result.is_error and not told else result.text


def _messages(request: ModelRequest, quirks: Quirks) -> list[dict[str, Json]]:
    messages: list[dict[str, Json]] = []
    if request.system:
        messages.append({"role": "system", "content": request.system})
    for message in request.messages:
        if isinstance(message, ToolMessage):
            messages += [
                {
                    "role": "tool",
                    "tool_call_id": _id(result.id, quirks),
                    "content": _result(result),
                }
                for result in message.results
            ]
        elif isinstance(message, AssistantMessage):
            if message.text.strip() or message.tool_calls:  # servers refuse a turn of nothing
                messages.append(_assistant(message, quirks))
        elif messages and messages[-1]["role"] == "user":
            # some chat templates demand that the roles alternate
            messages[-1]["content"] += f"\n\n{message.text}"
        else:
            messages.append({"role": "user", "content": message.text})
    return messages


def _assistant(message: AssistantMessage, quirks: Quirks) -> dict[str, Json]:
    native = message.native if isinstance(message.native, dict) else {}
    kept = {} if "no_thoughts" in quirks else native.get(NATIVE, {})
    turn: dict[str, Json] = {"role": "assistant", "content": message.text}
    if message.tool_calls:
        extras = kept.get("extra_content", ())
        turn["content"] = message.text or None
        turn["tool_calls"] = [
            _call(call, _id(call.id, quirks), extra)
            for call, extra in zip_longest(message.tool_calls, extras)
        ]
    if "reasoning_content" in kept or "all_thoughts" in quirks:
        turn["reasoning_content"] = kept.get("reasoning_content", "")
    return turn


def _id(identity: str, quirks: Quirks) -> str:
    return short_id(identity) if "short_ids" in quirks else identity


def _call(call: ToolCall, identity: str, extra: Json) -> dict[str, Json]:
    """The call as it was made; servers parse the arguments, so broken ones go back inside JSON."""
    arguments = call.arguments if call.arguments is not None else {"not_json": call.raw}
    return {
        "id": identity,
        "type": "function",
        "function": {
            "name": plain_name(call.name),
            "arguments": json.dumps(arguments, ensure_ascii=False),
        },
        **({"extra_content": extra} if extra else {}),
    }
