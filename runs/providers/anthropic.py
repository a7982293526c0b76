"""Anthropic's Messages. Protocol: https://platform.claude.com/docs/en/api/messages"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Any

import anthropic
import httpx2
from anthropic._streaming import ServerSentEvent

from runs.providers.anthropic_answer import NATIVE, MessageAnswer
from runs.providers.base import (
    AssistantMessage,
    Json,
    Message,
    ModelRequest,
    Provider,
    ToolCall,
    ToolMessage,
    ToolSpec,
)
from runs.providers.errors import Peer
from runs.providers.history import NAMELESS, plain_name, tools_called
from runs.providers.schemas import closed
from runs.providers.streaming import HttpProvider, Quirks
from runs.providers.vendors import VENDOR_URLS

NO_KEY = "no-key"
DRAIN_SECONDS = 0.5


def provider() -> Provider:
    return HttpProvider(AnthropicWire())


class Events(anthropic.AsyncStream[object]):
    """The events of a stream, also of servers that tell their types in the data alone, which the
    SDK would pass over, and of those that leave the connection open after the last."""

    async def _iter_events(self) -> AsyncIterator[ServerSentEvent]:
        events = super()._iter_events()
        async for sent in events:
            if sent.event is None and sent.data.strip() != "[DONE]":
                sent = ServerSentEvent(event="message", data=sent.data)
            yield sent
            if "message_stop" in (sent.event or "") or '"message_stop"' in sent.data[:40]:
                break
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                async for _ in events:
                    pass  # so that the connection can be used again


class AnthropicWire:
    """Messages by the SDK's asynchronous client."""

    name = "anthropic"
    vendor_url = VENDOR_URLS["anthropic"]
    path = "/v1/messages"
    sdk_error: type[Exception] = anthropic.AnthropicError
    stream_class: type[Any] = Events

    def client(
        self, base_url: str, api_key: str, http: httpx2.AsyncClient
    ) -> anthropic.AsyncAnthropic:
        # the SDK signs with a bearer token; servers older than it look for the key's own header
        own = base_url == self.vendor_url
        return anthropic.AsyncAnthropic(
            api_key=api_key or NO_KEY,
            base_url=base_url.removesuffix("/v1"),
            default_headers=None if own else {"X-Api-Key": api_key or NO_KEY},
            http_client=http,
            max_retries=0,
            timeout=http.timeout,
        )

    def body(self, request: ModelRequest, quirks: Quirks, *, vendor: bool) -> dict[str, Json]:
        body: dict[str, Json] = {
            "model": request.model,
            "max_tokens": request.max_tokens,
            "messages": _messages(request.messages, quirks),
            "stream": True,
        }
        if request.system:
            body["system"] = request.system
        if request.temperature is not None and "no_temperature" not in quirks:
            body["temperature"] = min(request.temperature, 1.0)
        tools = request.tools
        if not tools and "name_tools" in quirks:
            tools = tools_called(request)
            body["tool_choice"] = {"type": "none"}
        if tools:
            body["tools"] = [_tool(tool) for tool in tools]
        if "no_schema" not in quirks and (output := _output_format(request.returns)):
            body["output_config"] = {"format": output}
        return body

    def answer(self, request: ModelRequest, peer: Peer) -> MessageAnswer:
        return MessageAnswer(request, peer)

    def rejected(self, message: str, body: dict[str, Json]) -> Iterable[str]:
        text = message.lower()
        if "temperature" in body and "temperature" in text:
            yield "no_temperature"
        if "tools" not in body and any(words in text for words in NAMELESS):
            yield "name_tools"
        if "thinking" in text or "signature" in text:
            yield "no_thoughts"
        if "output_config" in body:
            yield "no_schema"


def _tool(tool: ToolSpec) -> dict[str, Json]:
    schema = tool.parameters or {"type": "object", "properties": {}}
    return {"name": tool.name, "description": tool.description, "input_schema": schema}


def _output_format(returns: dict[str, Json] | None) -> dict[str, Json] | None:
    """The native form of `returns`, where the schema survives the vendor's subset."""
    if returns is None or not closed(returns):
        return None
    try:
        return {"type": "json_schema", "schema": anthropic.transform_schema(returns)}
    except (ValueError, AssertionError, TypeError, AttributeError):
        # the SDK's transform knows fewer forms of schema than there are
        return None


def _messages(messages: Iterable[Message], quirks: Quirks) -> list[dict[str, Json]]:
    """Alternating turns of blocks; what follows the same side is added to its turn."""
    turns: list[dict[str, Json]] = []
    for message in messages:
        side = "assistant" if isinstance(message, AssistantMessage) else "user"
        blocks = _blocks(message, quirks)
        if turns and turns[-1]["role"] == side:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": side, "content": blocks})
    return turns


def _blocks(message: Message, quirks: Quirks) -> list[dict[str, Json]]:
    if isinstance(message, ToolMessage):
        return [
            {
                "type": "tool_result",
                "tool_use_id": plain_name(result.id),
                "content": result.text,
                **({"is_error": True} if result.is_error else {}),
            }
            for result in message.results
        ]
    if isinstance(message, AssistantMessage):
        native = message.native if "no_thoughts" not in quirks else None
        if isinstance(native, dict) and isinstance(native.get(NATIVE), list):
            return [
                {**block, "id": plain_name(block["id"])} if block["type"] == "tool_use" else block
                for block in native[NATIVE]
            ]
        return [*_text(message.text), *(_call(call) for call in message.tool_calls)]
    return _text(message.text) or [{"type": "text", "text": "(empty)"}]


def _text(text: str) -> list[dict[str, Json]]:
    """A text block; the server refuses one that is blank."""
    return [{"type": "text", "text": text}] if text.strip() else []


def _call(call: ToolCall) -> dict[str, Json]:
    arguments = call.arguments if call.arguments is not None else {"not_json": call.raw}
    name, identity = plain_name(call.name), plain_name(call.id)
    return {"type": "tool_use", "id": identity, "name": name, "input": arguments}
