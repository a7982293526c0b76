"""Upper estimates of token counts, for budgets and for servers that report no usage."""

import json
from math import ceil

from runs.providers.base import Message, ModelRequest, ToolMessage, Usage, UserMessage

BYTES_PER_TOKEN = 2
PER_MESSAGE = 16
PER_TOOL = 64
PER_REQUEST = 400


def tokens_upper_bound(request: ModelRequest) -> int:
    """More input tokens than the request has, short of the absurd.

    Tokenizers in use take 3–5 bytes of prose, code or JSON per token and 2–3 of Chinese; we count
    2, plus 16 for the framing of each message, 64 per tool, and 400 once for what servers add
    on their own (the instructions for tool use). Only text without any redundancy (keys, base64)
    can cost more, and then by at most a factor of 1.5.
    """
    size = _bytes(request.system)
    size += sum(_message_bytes(message) for message in request.messages)
    size += sum(
        len(tool.name) + _bytes(tool.description) + len(json.dumps(tool.parameters))
        for tool in request.tools
    )
    if request.returns is not None:
        size += len(json.dumps(request.returns))
    fixed = PER_REQUEST + PER_MESSAGE * len(request.messages) + PER_TOOL * len(request.tools)
    return fixed + ceil(size / BYTES_PER_TOKEN)


def tokens_of_text(text: str) -> int:
    """An upper estimate for a piece of generated text."""
    return ceil(_bytes(text) / BYTES_PER_TOKEN)


def usage_estimate(request: ModelRequest, answer: str) -> Usage:
    """What a call may have used, where the server did not say; `answer` is what it generated."""
    return Usage(input_tokens=tokens_upper_bound(request), output_tokens=tokens_of_text(answer))


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _message_bytes(message: Message) -> int:
    if isinstance(message, UserMessage):
        return _bytes(message.text)
    if isinstance(message, ToolMessage):
        return sum(_bytes(r.text) + len(r.id) + len(r.name) for r in message.results)
    calls = sum(
        len(c.id) + len(c.name) + len(c.raw or json.dumps(c.arguments)) for c in message.tool_calls
    )
    native = len(json.dumps(message.native)) if message.native is not None else 0
    return _bytes(message.text) + calls + native
