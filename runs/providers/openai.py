"""OpenAI's Chat Completions, which Ollama, vLLM, llama.cpp and most other servers speak too.

Protocol: https://platform.openai.com/docs/api-reference/chat
"""

import json
from collections.abc import Iterable
from typing import Any

import httpx2
import openai

from runs.providers.base import (
    AssistantMessage,
    Json,
    ModelRequest,
    Provider,
    ToolCall,
    ToolMessage,
    ToolResult,
)
from runs.providers.errors import Peer
from runs.providers.openai_answer import ChatAnswer
from runs.providers.schemas import strict
from runs.providers.streaming import HttpProvider, Quirks
from runs.providers.vendors import VENDOR_URLS

NO_KEY = "no-key"

_SCHEMA_WORDS = ("response_format", "json_schema", "json_object", "schema", "grammar")
_LENGTH_WORDS = ("max_tokens", "max_completion_tokens")


def provider() -> Provider:
    return HttpProvider(OpenAIWire())


class OpenAIWire:
    """Chat Completions by the SDK's asynchronous client."""

    name = "openai"
    vendor_url = VENDOR_URLS["openai"]
    path = "/chat/completions"
    sdk_error: type[Exception] = openai.OpenAIError
    stream_class: type[Any] = openai.AsyncStream[object]

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
            "messages": _messages(request),
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
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters or {"type": "object", "properties": {}},
                    },
                }
                for tool in request.tools
            ]
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
        )
        text = message.lower()
        for quirk, setting, words in complaints:
            if setting in body and any(word in text for word in words):
                yield quirk
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


def _result(result: ToolResult) -> str:
    """Return a tool's result as text; this wire has no flag that says that it is an error."""
    told = result.text.startswith("Error")
    return f"Error: {result.text}" if result.is_error and not told else result.text


def _messages(request: ModelRequest) -> list[dict[str, Json]]:
    messages: list[dict[str, Json]] = []
    if request.system:
        messages.append({"role": "system", "content": request.system})
    for message in request.messages:
        if isinstance(message, ToolMessage):
            messages += [
                {
                    "role": "tool",
                    "tool_call_id": result.id,
                    "content": _result(result),
                }
                for result in message.results
            ]
        elif isinstance(message, AssistantMessage):
            if message.text.strip() or message.tool_calls:  # servers refuse a turn of nothing
                messages.append(_assistant(message))
        elif messages and messages[-1]["role"] == "user":
            # some chat templates demand that the roles alternate
            messages[-1]["content"] += f"\n\n{message.text}"
        else:
            messages.append({"role": "user", "content": message.text})
    return messages


def _assistant(message: AssistantMessage) -> dict[str, Json]:
    turn: dict[str, Json] = {"role": "assistant", "content": message.text}
    if message.tool_calls:
        turn["content"] = message.text or None
        turn["tool_calls"] = [_call(call) for call in message.tool_calls]
    return turn


def _call(call: ToolCall) -> dict[str, Json]:
    """The call as it was made; servers parse the arguments, so broken ones go back inside JSON."""
    arguments = call.arguments if call.arguments is not None else {"not_json": call.raw}
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": json.dumps(arguments, ensure_ascii=False)},
    }
