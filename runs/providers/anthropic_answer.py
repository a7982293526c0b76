"""Reading the events of a Messages stream."""

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
from runs.providers.errors import CutStream, MalformedAnswer, Peer, Refusal, error_from_status
from runs.providers.tokens import usage_estimate

NATIVE = "anthropic"
_DELTAS = {
    "text_delta": "text",
    "input_json_delta": "partial_json",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
}


class MessageAnswer:
    """A message as it grows, block by block. Unknown events and blocks are passed over.

    Where the model thought, all blocks are kept as they came (`native`): the server
    wants its signed thoughts back with the results of the tools that they led to.
    """

    def __init__(self, request: ModelRequest, peer: Peer) -> None:
        self._generated: list[str] = []
        self._request = request
        self._peer = peer
        self._blocks: list[dict[str, Json]] = []
        self._places: dict[int, int | None] = {}
        self._pieces: dict[tuple[int, str], list[str]] = {}
        self._stop = ""
        self._explanation = ""
        self._counts: dict[str, int] = {}
        self._model = ""

    @property
    def generated(self) -> str:
        return "".join(self._generated)

    def feed(self, event: Json) -> str:
        if not isinstance(event, Mapping):
            raise self._malformed()
        match event.get("type"):
            case "message_start":
                self._start(event.get("message"))
            case "content_block_start":
                return self._open(event)
            case "content_block_delta":
                return self._grow(event)
            case "message_delta":
                self._settle(event.get("delta"), event.get("usage"))
            case "message_stop":
                self._stop = self._stop or "end_turn"
            case form if form == "error" or event.get("error"):
                raise error_from_status(self._peer, 200, event, {}, model=self._request.model)
        return ""

    def whole(self, body: Json) -> str:
        if not isinstance(body, Mapping) or not isinstance(body.get("content"), list):
            if isinstance(body, Mapping) and body.get("error"):
                return self.feed(body)
            raise self._malformed()
        self._start(body)
        self._settle(body, body.get("usage"))
        self._stop = self._stop or "end_turn"
        blocks = enumerate(body["content"])
        return "".join(self._open({"index": n, "content_block": block}) for n, block in blocks)

    def finish(self) -> ModelReply:
        if not self._stop:
            raise self._peer.error(
                CutStream, f"{self._peer.host} ended the stream before the answer was complete."
            )
        usage = self._usage()
        if self._stop == "refusal":
            cause = f"The model refused: {self._explanation}" if self._explanation else ""
            raise self._peer.error(Refusal, cause, usage=usage)
        for (place, field), pieces in self._pieces.items():
            block = self._blocks[place]
            # some proxies send the input whole, and then in pieces
            begun = "" if field == "json" else _str(block.get(field))
            block[field] = begun + "".join(pieces)
        blocks = self._blocks
        tools = [block for block in blocks if block["type"] == "tool_use"]
        calls = tool_calls_of(
            [GrowingCall(id=b["id"], name=b["name"], pieces=[b["json"]]) for b in tools],
            self._request,
        )
        for block, call in zip(tools, calls, strict=True):
            block.update(id=call.id, input=call.arguments if call.arguments is not None else {})
        cut = self._stop in ("max_tokens", "model_context_window_exceeded")
        return ModelReply(
            text="".join(block["text"] for block in blocks if block["type"] == "text"),
            tool_calls=calls,
            stop="max_tokens" if cut else "tool_calls" if calls else "end",
            usage=usage or usage_estimate(self._request, self.generated),
            usage_reported=usage is not None,
            model=self._model or self._request.model,
            native=_native(blocks),
        )

    def _start(self, message: Json) -> None:
        if isinstance(message, Mapping):
            self._model = storable_name(message.get("model"))
            self._count(message.get("usage"))

    def _open(self, event: Mapping[str, Json]) -> str:
        block = event.get("content_block")
        if not isinstance(block, Mapping):
            return ""
        form = block.get("type")
        text = storable(_str(block.get("text")))
        if form == "tool_use":
            given = block.get("input")
            raw = given if isinstance(given, str) else json.dumps(given) if given else ""
            identity, name = storable_name(block.get("id")), storable_name(block.get("name"))
            kept = {"type": form, "id": identity, "name": name, "json": raw}
            self._generated.append(raw)
        elif form == "text":
            kept = {"type": form, "text": text}
            self._generated.append(text)
        elif form in ("thinking", "redacted_thinking"):
            kept = storable_json(dict(block))
        else:
            self._places[_index(event)] = None
            return ""
        self._places[_index(event)] = len(self._blocks)
        self._blocks.append(kept)
        if len(self._blocks) > MAX_CALLS:
            raise self._malformed()
        return text if form == "text" else ""

    def _grow(self, event: Mapping[str, Json]) -> str:
        index, delta = _index(event), event.get("delta")
        if not isinstance(delta, Mapping):
            return ""
        field = _DELTAS.get(_str(delta.get("type")), "")
        piece = storable(_str(delta.get(field)))
        if piece and field == "text" and index not in self._places:
            # some proxies do not say that a text begins
            self._open({"index": index, "content_block": {"type": "text"}})
        place = self._places.get(index)
        target = "json" if field == "partial_json" else field
        if not piece or place is None:
            return ""
        if target in ("json", "text") and target not in self._blocks[place]:
            return ""
        self._pieces.setdefault((place, target), []).append(piece)
        if field != "signature":
            self._generated.append(piece)
        return piece if field == "text" else ""

    def _settle(self, delta: Json, usage: Json) -> None:
        if isinstance(delta, Mapping):
            self._stop = _str(delta.get("stop_reason")) or self._stop
            details = delta.get("stop_details")
            if isinstance(details, Mapping):
                self._explanation = _str(details.get("explanation"))
        self._count(usage)

    def _count(self, usage: Json) -> None:
        """Take the counts. Each is cumulative; some servers repeat those of the input as 0."""
        if isinstance(usage, Mapping):
            for name, value in usage.items():
                if isinstance(value, int):
                    self._counts[name] = max(count_of(value), self._counts.get(name, 0))

    def _usage(self) -> Usage | None:
        if "input_tokens" not in self._counts or "output_tokens" not in self._counts:
            return None
        read = self._counts.get("cache_read_input_tokens", 0)
        written = self._counts.get("cache_creation_input_tokens", 0)
        return Usage(
            input_tokens=self._counts["input_tokens"] + read + written,
            output_tokens=self._counts["output_tokens"],
            cached_input_tokens=read,
            cache_write_tokens=written,
        )

    def _malformed(self) -> Exception:
        return self._peer.error(
            MalformedAnswer, f"{self._peer.host} sent something that is no message."
        )


def _native(blocks: list[dict[str, Json]]) -> Json:
    if not any(block["type"].endswith("thinking") for block in blocks):
        return None
    kept = ({k: v for k, v in block.items() if k != "json"} for block in blocks)
    return {NATIVE: [b for b in kept if b["type"] != "text" or b["text"].strip()]}


def _index(event: Mapping[str, Json]) -> int:
    index = event.get("index")
    return index if isinstance(index, int) else 0


def _str(value: Json) -> str:
    return value if isinstance(value, str) else ""
