"""A fake model server that speaks the real wire formats, scripted by rules.

    with ModelServer([Rule(contains="weather", reply=Reply(text="sunny"))]) as server:
        server.openai_url, server.anthropic_url      # base URLs for a credential
        server.calls                                 # every request, in order of arrival

or `python -m tests.fakes.model_server --port 0 --latency-ms 200`, which prints its address;
then `POST /_plan` replaces the rules by a JSON list, `GET /_calls` returns what was asked,
`GET /_count` only how often. Rules are tried in order; the first that fits answers; without
one the reply is `ok`.
"""

import argparse
import asyncio
import codecs
import gzip
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from types import TracebackType
from typing import Any

from tests.fakes.model_plan import Call, Rule
from tests.fakes.model_wire import (
    Reply,
    anthropic_events,
    anthropic_whole,
    error_body,
    openai_events,
    openai_whole,
    sse,
)

__all__ = ["Call", "ModelServer", "Reply", "Rule"]

Json = Any


class ModelServer:
    """Runs in a thread of its own; use as a context manager."""

    def __init__(self, rules: Iterable[Rule] = (), *, port: int = 0, ssl: Any = None) -> None:
        self.rules = list(rules)
        self.calls: list[Call] = []
        self.port = port
        self._ssl = ssl
        self._loop = asyncio.new_event_loop()
        self._made: dict[tuple[int, str, str], tuple[Reply, list[bytes]]] = {}
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "ModelServer":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.start(), self._loop).result(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def url(self) -> str:
        return f"{'https' if self._ssl else 'http'}://127.0.0.1:{self.port}"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def anthropic_url(self) -> str:
        return self.url

    def wait(self, until: Callable[[], bool], seconds: float = 10) -> None:
        """Wait until `until()` holds, which is looked at whenever a call comes or ends."""
        with self._changed:
            if not self._changed.wait_for(until, seconds):
                raise TimeoutError(f"not within {seconds:g} s; calls: {self.calls}")

    def changed(self) -> None:
        with self._changed:
            self._changed.notify_all()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._connections: set[_Connection] = set()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", self.port, ssl=self._ssl, backlog=2048
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        for connection in list(self._connections):
            connection.drop()
        await asyncio.sleep(0)

    def rule_for(self, call: Call) -> Rule:
        rule = next((rule for rule in self.rules if rule.fits(call)), None) or Rule()
        rule.used += 1
        return rule

    def pieces(self, rule: Rule, call: Call, *, streams: bool) -> list[bytes]:
        """The answer's events as bytes; those of a fixed reply are made once."""
        if rule.events:
            return sse(rule.events, named=call.wire == "anthropic")
        if callable(rule.reply):
            return _encode(rule.reply(call), call, streams=streams)
        place = (id(rule.reply), call.wire, f"{streams}{call.model}")
        if place not in self._made:
            # the reply is kept with its bytes, so that no other can take its id
            self._made[place] = (rule.reply, _encode(rule.reply, call, streams=streams))
        return self._made[place][1]

    def control(self, path: str, body: bytes) -> Json:
        """The paths by which a test steers a server in another process."""
        if path == "/_plan":
            self.rules = [
                Rule(**{**rule, "reply": Reply(**rule.get("reply", {"text": "ok"}))})
                for rule in json.loads(body)
            ]
        if path in ("/_plan", "/_reset"):
            self.calls = []
        return [asdict(call) for call in self.calls] if path == "/_calls" else len(self.calls)


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, one request at a time."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._buffer = b""
        self._call: Call | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server._connections.discard(self)
        if self._call is not None and not self._call.ended:
            self._end(self._call, "abandoned")
        if self._task is not None:
            self._task.cancel()

    def _end(self, call: Call, how: str) -> None:
        call.ended = how
        self._server.changed()

    def drop(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._buffer[:1] == b"\x16":
            # a TLS handshake: any HTTP server hangs up on it
            return self._transport.close()
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        lines = head.decode("latin-1").split("\r\n")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        return self._serve(lines[0].split(" ")[1], headers, rest[:length])

    def _serve(self, path: str, headers: dict[str, str], body: bytes) -> None:
        if path.startswith("/_"):
            return self._whole(200, self._server.control(path, body))
        wire = {"/v1/chat/completions": "openai", "/v1/messages": "anthropic"}.get(path, "")
        if not wire and path != "/v1/models":
            return self._whole(404, {"detail": "Not Found"})
        asked = json.loads(body or b"{}")
        key = headers.get("authorization", "").removeprefix("Bearer ") or headers.get("x-api-key")
        model = asked.get("model", "")
        call = Call(wire=wire, model=model, key=key or "", body=asked, headers=headers)
        if not wire:
            return self._list_models(call)
        self._call = call
        self._server.calls.append(call)
        self._server.changed()
        rule = self._server.rule_for(call)
        if rule.latency_ms or rule.piece_ms or rule.fault:
            self._task = asyncio.get_running_loop().create_task(self._slowly(rule, call))
        else:
            self._answer(rule, call)
        return None

    def _list_models(self, call: Call) -> None:
        """What vendors answer to `GET /v1/models`; it is no model call and not counted as one."""
        rule = self._server.rule_for(call)
        if rule.status or rule.content:
            return self._answer(rule, call)
        return self._whole(200, {"data": [{"id": "m-large"}, {"id": "m-small"}]})

    async def _slowly(self, rule: Rule, call: Call) -> None:
        await asyncio.sleep(rule.latency_ms / 1000)
        if rule.fault == "hang" and not rule.after:
            await asyncio.Event().wait()
        if rule.fault == "close":
            self._end(call, "cut")
            return self.drop()
        if not (rule.piece_ms or rule.fault):
            return self._answer(rule, call)
        pieces = self._server.pieces(rule, call, streams=True)
        self._transport.write(_head(200, "text/event-stream", chunked=True))
        for piece in pieces[: rule.after] if rule.fault else pieces:
            self._transport.write(_chunk(piece))
            await asyncio.sleep(rule.piece_ms / 1000)
        if rule.fault == "hang":
            await asyncio.Event().wait()
        self._end(call, "cut" if rule.fault else "answered")
        if rule.fault == "cut":
            return self._transport.close()
        return self._transport.write(b"0\r\n\r\n")

    def _answer(self, rule: Rule, call: Call) -> None:
        self._end(call, "failed" if rule.status else "answered")
        if rule.content:
            content = rule.headers.get("content-type", "text/html")
            return self._send(rule.status or 200, content, rule.content.encode(), rule.headers)
        if rule.status:
            error = error_body(call.wire, rule.message, rule.code)
            return self._whole(rule.status, error, rule.headers)
        streams = bool(call.body.get("stream")) and not rule.whole
        pieces = self._server.pieces(rule, call, streams=streams)
        if not streams:
            return self._send(200, "application/json", b"".join(pieces), rule.headers)
        stream, headers = b"".join(pieces), {}
        if rule.wrapped == "mark":
            stream = codecs.BOM_UTF8 + stream
        elif rule.wrapped == "gzip":
            stream, headers = gzip.compress(stream), {"content-encoding": "gzip"}
        head = _head(200, "text/event-stream", chunked=True, headers=headers)
        return self._transport.write(head + _chunk(stream) + b"0\r\n\r\n")

    def _whole(self, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
        self._send(status, "application/json", json.dumps(body).encode(), headers or {})

    def _send(self, status: int, content: str, body: bytes, headers: dict[str, str]) -> None:
        head = _head(status, content, length=len(body), headers=headers)
        self._transport.write(head + body)


def _encode(reply: Reply, call: Call, *, streams: bool) -> list[bytes]:
    openai = call.wire == "openai"
    if not streams:
        whole = openai_whole if openai else anthropic_whole
        return [json.dumps(whole(reply, call.model)).encode()]
    events = openai_events if openai else anthropic_events
    return sse(events(reply, call.model), named=not openai)


def _head(
    status: int,
    content: str,
    *,
    length: int = 0,
    chunked: bool = False,
    headers: dict[str, str] | None = None,
) -> bytes:
    size = "transfer-encoding: chunked" if chunked else f"content-length: {length}"
    more = "".join(f"{n}: {v}\r\n" for n, v in (headers or {}).items() if n != "content-type")
    return f"HTTP/1.1 {status} X\r\ncontent-type: {content}\r\n{size}\r\n{more}\r\n".encode()


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake model server for tests and benches.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--text", default="ok")
    options = parser.parse_args()

    async def serve() -> None:
        rule = Rule(latency_ms=options.latency_ms, reply=Reply(text=options.text))
        server = ModelServer([rule], port=options.port)
        await server.start()
        print(server.url, flush=True)  # noqa: T201
        await asyncio.Event().wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
