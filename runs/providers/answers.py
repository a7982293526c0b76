"""What models send, made safe to store: text without NUL, tool arguments as JSON objects, ids."""

import json
import re
from dataclasses import dataclass, field
from typing import NoReturn

from runs.providers.base import AssistantMessage, Json, ModelRequest, ToolCall

MAX_CALLS = 200
MAX_NAME = 200
MAX_COUNT = 10**9

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """`text` without NUL and lone surrogates, which databases and UTF-8 refuse."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable_json(value: Json) -> Json:
    """The same for all text in a JSON value."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(name): storable_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [storable_json(item) for item in value]
    return value


def storable_name(value: Json) -> str:
    """A short name out of an answer, "" for what is no text."""
    return storable(value[:MAX_NAME]) if isinstance(value, str) else ""


def count_of(value: Json) -> int:
    """A count of tokens out of an answer, within what any model can use."""
    return min(max(0, value), MAX_COUNT) if isinstance(value, int) else 0


def arguments_of(raw: str) -> dict[str, Json] | None:
    """Tool arguments as a JSON object; {} for none at all, None for anything that is no object.

    Some proxies put JSON into JSON: text that holds an object is taken for it.
    """
    try:
        value = json.loads(raw.strip() or "{}", parse_constant=_no_constant)
        if isinstance(value, str):
            value = json.loads(value, parse_constant=_no_constant)
        if value is None:
            return {}
        return storable_json(value) if isinstance(value, dict) else None
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


@dataclass(kw_only=True)
class GrowingCall:
    """A tool call of which pieces arrive; `index` is its place among the calls of the turn, `extra`
    what the server wants back with it."""

    index: int = 0
    id: str = ""
    name: str = ""
    extra: Json = None
    pieces: list[str] = field(default_factory=list)

    def is_another(self, identity: str, name: str) -> bool:
        """Whether a piece with this id and name belongs to another call under a reused index."""
        if identity and identity != self.id:
            # some servers make up an id for each piece, but none tells a name twice
            return bool(name and (self.id or self.name))
        whole = bool(self.pieces) and arguments_of("".join(self.pieces)) is not None
        return bool(name and self.name and not identity and whole)


def tool_calls_of(growing: list[GrowingCall], request: ModelRequest) -> tuple[ToolCall, ...]:
    """The finished calls. An id that is missing, or repeated in the conversation, becomes one by
    the call's place, every time."""
    calls: list[ToolCall] = []
    turn = len(request.messages)
    turns = (message for message in request.messages if isinstance(message, AssistantMessage))
    taken = {call.id for message in turns for call in message.tool_calls}
    for number, call in enumerate(sorted(growing, key=lambda call: call.index)):
        identity = storable_name(call.id)
        if not identity or identity in taken:
            identity = f"call_{turn}_{number}"
        taken.add(identity)
        raw = storable("".join(call.pieces))
        calls.append(
            ToolCall(
                id=identity, name=storable_name(call.name), arguments=arguments_of(raw), raw=raw
            )
        )
    return tuple(calls)
