"""Replies as bytes in the wire formats of OpenAI's Chat Completions and Anthropic's Messages."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Json = Any


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the fake model says. `tool_calls`: `{name, arguments}`, arguments an object or raw text.

    `usage` is (input, output) tokens, None for a server that reports none.
    """

    text: str = ""
    tool_calls: tuple[Json, ...] = ()
    thinking: str = ""
    stop: str = ""
    usage: tuple[int, int] | None = (10, 5)
    cached: int = 0
    pieces: int = 4


def cut(text: str, pieces: int) -> list[str]:
    """`text` in about so many pieces."""
    size = max(1, -(-len(text) // max(1, pieces)))
    return [text[start : start + size] for start in range(0, len(text), size)]


def _arguments(call: Json) -> str:
    given = call.get("arguments", {})
    return given if isinstance(given, str) else json.dumps(given)


def sse(events: Iterable[Json], *, named: bool) -> list[bytes]:
    """Each event as it goes over the wire; text goes as it is."""
    return [
        event.encode()
        if isinstance(event, str)
        else (
            (f"event: {event.get('type')}\n" if named else "") + f"data: {json.dumps(event)}\n\n"
        ).encode()
        for event in events
    ]


def openai_events(reply: Reply, model: str) -> list[Json]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}

    def chunk(delta: Json, finish: str | None = None) -> Json:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    events: list[Json] = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"reasoning_content": piece}) for piece in cut(reply.thinking, 2)]
    events += [chunk({"content": piece}) for piece in cut(reply.text, reply.pieces)]
    for index, call in enumerate(reply.tool_calls):
        function = {"name": call["name"], "arguments": ""}
        identity = call.get("id", f"call_{index}")
        opening = {"index": index, "id": identity, "type": "function", "function": function}
        events.append(chunk({"tool_calls": [opening]}))
        for piece in cut(_arguments(call), 2):
            part = {"index": index, "function": {"arguments": piece}}
            events.append(chunk({"tool_calls": [part]}))
    events.append(chunk({}, reply.stop or ("tool_calls" if reply.tool_calls else "stop")))
    if reply.usage:
        events.append({**head, "choices": [], "usage": _openai_usage(reply)})
    return [*events, "data: [DONE]\n\n"]


def openai_whole(reply: Reply, model: str) -> Json:
    message: dict[str, Json] = {"role": "assistant", "content": reply.text}
    if reply.tool_calls:
        message["tool_calls"] = [
            {
                "id": call.get("id", f"call_{index}"),
                "type": "function",
                "function": {"name": call["name"], "arguments": _arguments(call)},
            }
            for index, call in enumerate(reply.tool_calls)
        ]
    finish = reply.stop or ("tool_calls" if reply.tool_calls else "stop")
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        **({"usage": _openai_usage(reply)} if reply.usage else {}),
    }


def _openai_usage(reply: Reply) -> Json:
    given, made = reply.usage or (0, 0)
    return {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
        "prompt_tokens_details": {"cached_tokens": reply.cached},
    }


def anthropic_events(reply: Reply, model: str) -> list[Json]:
    given, made = reply.usage or (0, 0)
    counted = {"input_tokens": given - reply.cached, "cache_read_input_tokens": reply.cached}
    start = anthropic_whole(reply, model) | {"content": [], "stop_reason": None}
    start["usage"] = {**counted, "output_tokens": 1} if reply.usage else {}
    events: list[Json] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(_blocks(reply)):
        opening, deltas = _opened(block, reply.pieces)
        events.append({"type": "content_block_start", "index": index, "content_block": opening})
        events += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        events.append({"type": "content_block_stop", "index": index})
    stop = reply.stop or ("tool_use" if reply.tool_calls else "end_turn")
    usage = {"output_tokens": made} if reply.usage else {}
    events.append({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": usage})
    return [*events, {"type": "message_stop"}]


def anthropic_whole(reply: Reply, model: str) -> Json:
    given, made = reply.usage or (0, 0)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": _blocks(reply),
        "stop_reason": reply.stop or ("tool_use" if reply.tool_calls else "end_turn"),
        "stop_sequence": None,
        "usage": {
            "input_tokens": given - reply.cached,
            "cache_read_input_tokens": reply.cached,
            "output_tokens": made,
        },
    }


def _blocks(reply: Reply) -> list[Json]:
    blocks: list[Json] = []
    if reply.thinking:
        blocks.append({"type": "thinking", "thinking": reply.thinking, "signature": "signed"})
    if reply.text:
        blocks.append({"type": "text", "text": reply.text})
    for index, call in enumerate(reply.tool_calls):
        identity = call.get("id", f"toolu_{index}")
        given = call.get("arguments", {})
        blocks.append({"type": "tool_use", "id": identity, "name": call["name"], "input": given})
    return blocks


def _opened(block: Json, pieces: int) -> tuple[Json, list[Json]]:
    """How a block begins in a stream, and the deltas that complete it."""
    if block["type"] == "text":
        deltas = [{"type": "text_delta", "text": p} for p in cut(block["text"], pieces)]
        return {"type": "text", "text": ""}, deltas
    if block["type"] == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": p} for p in cut(block["thinking"], pieces)]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return {"type": "thinking", "thinking": "", "signature": ""}, deltas
    raw = _arguments({"arguments": block["input"]})
    deltas = [{"type": "input_json_delta", "partial_json": p} for p in cut(raw, 2)]
    return {**block, "input": {}}, deltas


def error_body(wire: str, message: str, code: str) -> Json:
    if wire == "anthropic":
        return {"type": "error", "error": {"type": code or "api_error", "message": message}}
    return {"error": {"message": message, "type": code or "error", "param": None, "code": code}}
