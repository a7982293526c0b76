"""Reading the events of a Chat Completions stream, from the exact to the sloppy server."""

import json
from collections.abc import Mapping

from runs.providers.answers import (
    MAX_CALLS,
    GrowingCall,
    count_of,
    storable,
    storable_json,
    storable_name,
    tool_calls_of,
)
from runs.providers.base import Json, ModelReply, ModelRequest, Usage
from runs.providers.errors import (
    CutStream,
    MalformedAnswer,
    Overloaded,
    Peer,
    Refusal,
    error_from_status,
)
from runs.providers.tokens import usage_estimate

NATIVE = "openai"
_EMPTY: Mapping[str, Json] = {}
_LENGTH = ("length", "max_tokens", "model_length")
_FILTERED = ("content_filter", "sensitive")
_BROKEN = ("error", "abort", "insufficient_system_resource")
_OPEN, _CLOSE = "<think>", "</think>"


class ChatAnswer:
    """A chat completion as it grows. Unknown fields are ignored, missing ones made good.

    Complete is an answer with a finish reason or a token count behind its last piece; `[DONE]`
    proves nothing, because servers forget it and proxies add it. Thoughts that come beside a call
    of a tool are kept (`native`): some servers want them back with the results.
    """

    def __init__(self, request: ModelRequest, peer: Peer) -> None:
        self._generated: list[str] = []
        self._request = request
        self._peer = peer
        self._text: list[str] = []
        self._aloud = _Aloud()
        self._refusal = ""
        self._calls: list[GrowingCall] = []
        self._finish = ""
        self._counted = False
        self._thoughts: list[str] = []
        self._usage: Usage | None = None
        self._model = ""

    @property
    def generated(self) -> str:
        return "".join(self._generated)

    def feed(self, event: Json) -> str:
        if not isinstance(event, Mapping):
            raise self._malformed()
        self._raise_if_error(event)
        self._model = storable_name(event.get("model")) or self._model
        usage = _usage(event.get("usage"))
        self._usage = usage or self._usage
        choice = _first_choice(event)
        self._raise_if_error(choice)
        self._finish = _str(choice.get("finish_reason")) or self._finish
        length = len(self._generated)
        # some servers repeat the whole message at the end
        delta = choice.get("delta") or (None if length else choice.get("message"))
        text = self._grow(delta) if isinstance(delta, Mapping) else ""
        # some servers count with each piece
        grown = len(self._generated) > length
        self._counted = not grown and (self._counted or usage is not None)
        return text

    def whole(self, body: Json) -> str:
        piece = self.feed(body)
        if not self._finish and not self.generated:
            raise self._malformed()
        self._finish = self._finish or "stop"
        return piece

    def finish(self) -> ModelReply:
        if not self._finish and not self._counted:
            raise self._peer.error(
                CutStream, f"{self._peer.host} ended the stream before the answer was complete."
            )
        if self._finish in _BROKEN:
            cause = f"{self._peer.host} broke the answer off: {self._finish}."
            raise self._peer.error(Overloaded, cause, usage=self._usage)
        if self._finish in _FILTERED:
            cause = "The provider's content filter stopped the answer."
            raise self._peer.error(Refusal, cause, usage=self._usage)
        if self._refusal:
            cause = f"The model refused: {self._refusal}"
            raise self._peer.error(Refusal, cause, usage=self._usage)
        calls = tool_calls_of(self._calls, self._request)
        usage = self._usage
        cut = self._finish in _LENGTH
        return ModelReply(
            text=self._aloud.unclosed() or "".join(self._text),
            tool_calls=calls,
            stop="max_tokens" if cut else "tool_calls" if calls else "end",
            usage=usage or usage_estimate(self._request, self.generated),
            usage_reported=usage is not None,
            model=self._model or self._request.model,
            native=self._native(),
        )

    def _native(self) -> Json:
        """What goes back with this turn besides text and calls: thoughts, and what belongs to a
        call (Google signs its calls in `extra_content`)."""
        kept: dict[str, Json] = {}
        if self._thoughts and (self._calls or self._request.tools):
            kept["reasoning_content"] = "".join(self._thoughts)
        calls = sorted(self._calls, key=lambda call: call.index)
        if any(call.extra for call in calls):
            kept["extra_content"] = [call.extra for call in calls]
        return {NATIVE: kept} if kept else None

    def _grow(self, delta: Mapping[str, Json]) -> str:
        self._refusal += _str(delta.get("refusal"))
        if thought := storable(_str(delta.get("reasoning_content"))):
            self._thoughts.append(thought)
            self._generated.append(thought)
        for piece in _list(delta.get("tool_calls")):
            if isinstance(piece, Mapping):
                self._grow_call(piece)
        text = storable(_content(delta.get("content")))
        if text:
            self._generated.append(text)
            text = self._aloud.of(text)
            self._text.append(text)
        return text

    def _grow_call(self, piece: Mapping[str, Json]) -> None:
        """Add a piece of a tool call to its call, which is that of its index, or a new one."""
        function = piece.get("function")
        function = function if isinstance(function, Mapping) else _EMPTY
        index, identity = piece.get("index"), _str(piece.get("id"))
        name, arguments = _str(function.get("name")), function.get("arguments")
        if not isinstance(index, int):
            # without an index: a name or id starts a call, anything else continues the last
            last = self._calls[-1].index if self._calls else 0
            index = last + 1 if self._calls and (name or identity) else last
        call = next((call for call in reversed(self._calls) if call.index == index), None)
        if call is None or call.is_another(identity, name):
            call = GrowingCall(index=index)
            self._calls.append(call)
            if len(self._calls) > MAX_CALLS:
                raise self._malformed()
        call.extra = storable_json(piece.get("extra_content")) or call.extra
        call.id = call.id or identity
        call.name = call.name or name
        if arguments is not None and not isinstance(arguments, str):
            arguments = json.dumps(arguments)
        if arguments:
            call.pieces.append(arguments)
            self._generated.append(arguments)

    def _raise_if_error(self, event: Mapping[str, Json]) -> None:
        if (error := event.get("error")) or event.get("object") == "error":
            body = {"error": error or event}
            raise error_from_status(self._peer, 200, body, {}, model=self._request.model)

    def _malformed(self) -> Exception:
        return self._peer.error(
            MalformedAnswer, f"{self._peer.host} sent something that is no chat completion."
        )


class _Aloud:
    """Tells an answer from thoughts before it, where a server leaves them in the text, in tags."""

    def __init__(self) -> None:
        self._state = "begins"
        self._held = ""
        self._thought: list[str] = []

    def of(self, text: str) -> str:
        """The part of the next piece of text that belongs to the answer."""
        if self._state == "begins":
            self._held += text
            begun = self._held.lstrip()
            if not begun.startswith(_OPEN) and _OPEN.startswith(begun):
                return ""
            self._state = "thinks" if begun.startswith(_OPEN) else "answers"
            text, self._held = self._held, ""
        if self._state == "thinks":
            self._thought.append(text)
            text = self._held + text
            _, closed, rest = text.partition(_CLOSE)
            if not closed:
                self._held = text[1 - len(_CLOSE) :]
                return ""
            self._state, text = "turns", rest
            self._thought.clear()
        if self._state == "turns":
            text = text.lstrip()
            self._state = "answers" if text else "turns"
        return text

    def unclosed(self) -> str:
        """What began like a thought and did not end like one."""
        return "".join(self._thought) or (self._held if self._state == "begins" else "")


def _first_choice(event: Mapping[str, Json]) -> Mapping[str, Json]:
    for choice in _list(event.get("choices")):
        if isinstance(choice, Mapping) and choice.get("index") in (0, None):
            return choice
    return _EMPTY


def _content(content: Json) -> str:
    """Text, also from servers that send a list of parts."""
    if isinstance(content, list):
        return "".join(_str(part.get("text")) for part in content if isinstance(part, Mapping))
    return _str(content)


def _usage(usage: Json) -> Usage | None:
    if not isinstance(usage, Mapping) or not isinstance(usage.get("prompt_tokens"), int):
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else 0
    read = count_of(usage["prompt_tokens"])
    # some servers count thoughts in the total alone
    written = max(
        count_of(usage.get("completion_tokens")), count_of(usage.get("total_tokens")) - read
    )
    return Usage(
        input_tokens=read,
        output_tokens=written,
        cached_input_tokens=min(read, count_of(cached)),
    )


def _str(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
