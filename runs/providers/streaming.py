"""One streamed call over an SDK: deadline, typed errors, and settings that a server rejects.

A wire knows one protocol (what to send, how to read the events); `HttpProvider` does the rest.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import httpx2

from runs.masking import Masking, secrets_of, without
from runs.providers import connection
from runs.providers.base import Credential, Json, ModelReply, ModelRequest, ProviderError
from runs.providers.errors import (
    BadKey,
    BadRequest,
    CutStream,
    DeadlineExceeded,
    MalformedAnswer,
    Peer,
    WrongAddress,
    error_from_status,
    said,
)
from runs.providers.tokens import usage_estimate

MAX_CLIENTS = 256
MAX_REMEMBERED = 512
MAX_ADAPTATIONS = 6

Quirks = frozenset[str]


class Answer(Protocol):
    """An answer as it grows; `generated` is all so far, with thoughts and tool arguments."""

    @property
    def generated(self) -> str: ...

    def feed(self, event: Json) -> str:
        """Take one event; return its piece of answer text (mostly "")."""
        ...

    def whole(self, body: Json) -> str:
        """Take an answer that came in one piece, from a server that does not stream."""
        ...

    def finish(self) -> ModelReply:
        """The reply. Raises `CutStream`, `Refusal` or `MalformedAnswer`."""
        ...


class Wire(Protocol):
    """A protocol of model servers."""

    name: str
    vendor_url: str
    path: str
    sdk_error: type[Exception]
    stream_class: type[Any]

    def client(self, base_url: str, api_key: str, http: httpx2.AsyncClient) -> Any: ...

    def body(self, request: ModelRequest, quirks: Quirks, *, vendor: bool) -> dict[str, Json]:
        """The request body, without or instead of the settings that `quirks` names."""
        ...

    def answer(self, request: ModelRequest, peer: Peer) -> Answer: ...

    def rejected(self, message: str, body: dict[str, Json]) -> Iterable[str]:
        """The quirks worth trying after the server's complaint about `body`, likeliest first."""
        ...


class HttpProvider:
    """A `Provider` over a `Wire`. One instance serves all runs of a worker process."""

    def __init__(self, wire: Wire) -> None:
        self.name = wire.name
        self._wire = wire
        self._clients: OrderedDict[tuple[int, str, str], Any] = OrderedDict()
        self._quirks: OrderedDict[tuple[str, str], Quirks] = OrderedDict()

    async def complete(
        self, request: ModelRequest, credential: Credential, on_delta: Callable[[str], None]
    ) -> ModelReply:
        """Stream one model call to its end; raises only `ProviderError`s."""
        base_url = (credential.base_url or self._wire.vendor_url).rstrip("/")
        try:
            host = connection.host_of(base_url)
        except WrongAddress as error:
            error.provider = self.name
            raise
        peer = Peer(provider=self.name, host=host, api_key=credential.api_key)
        if base_url == self._wire.vendor_url and not credential.api_key:
            raise peer.error(BadKey, f"There is no API key for {host}.")
        answer = self._wire.answer(request, peer)
        text: list[str] = []
        secrets = secrets_of([credential.api_key])
        masking = Masking(secrets)

        def tell(piece: str) -> None:
            if piece := masking.piece(piece):
                text.append(piece)
                on_delta(piece)

        try:
            async with asyncio.timeout(request.deadline_s) as deadline:
                reply = await self._adapt(request, base_url, peer, answer, tell)
                return _without(secrets, reply)
        except ProviderError as error:
            self._charge(error, request, answer, text)
            raise
        except TimeoutError:
            if not deadline.expired():
                raise
            late = peer.error(DeadlineExceeded, _late(request, peer, answer))
            self._charge(late, request, answer, text)
            raise late from None

    async def aclose(self) -> None:
        """Forget all clients and close the running loop's connections."""
        self._clients.clear()
        await connection.pools_close()

    def _charge(
        self, error: ProviderError, request: ModelRequest, answer: Answer, text: list[str]
    ) -> None:
        """A call that broke off after it began to answer has been paid for; what it said is kept,
        without its thoughts."""
        error.partial_text = "".join(text)
        if answer.generated or isinstance(error, DeadlineExceeded):
            error.usage = error.usage or usage_estimate(request, answer.generated)

    async def _adapt(
        self,
        request: ModelRequest,
        base_url: str,
        peer: Peer,
        answer: Answer,
        on_delta: Callable[[str], None],
    ) -> ModelReply:
        """Call; where the server rejects a setting (and so has done no work), call without it."""
        place = (base_url, request.model)
        quirks = known = self._quirks.get(place, frozenset())
        vendor = base_url == self._wire.vendor_url
        first: BadRequest | None = None
        while True:
            body = self._wire.body(request, quirks, vendor=vendor)
            try:
                reply = await self._stream(request, base_url, peer, body, answer, on_delta)
            except BadRequest as error:
                first = first or error
                rejected = self._wire.rejected(error.cause, body)
                more = next((quirk for quirk in rejected if quirk not in quirks), "")
                if answer.generated or not more or len(quirks - known) >= MAX_ADAPTATIONS:
                    raise first from None
                quirks |= {more}
                continue
            if quirks != known:
                self._quirks[place] = quirks
                _bound(self._quirks, MAX_REMEMBERED)
            return reply

    async def _stream(
        self,
        request: ModelRequest,
        base_url: str,
        peer: Peer,
        body: dict[str, Json],
        answer: Answer,
        on_delta: Callable[[str], None],
    ) -> ModelReply:
        stream: Any = None
        try:
            with connection.client_borrow() as http:
                stream = await self._client(base_url, peer.api_key, http).post(
                    self._wire.path,
                    body=body,
                    cast_to=object,
                    stream=True,
                    stream_cls=self._wire.stream_class,
                )
                await _read(stream, answer, peer, on_delta)
        except (self._wire.sdk_error, httpx2.HTTPError, httpx2.StreamError) as failure:
            error = self._typed(failure, peer, request, answering=stream is not None)
            if stream is None or not isinstance(error, CutStream):
                raise error from None
            # all but the token count may have come before the cut: `finish` knows
        finally:
            if stream is not None:
                await stream.close()
        return answer.finish()

    def _typed(
        self, failure: Exception, peer: Peer, request: ModelRequest, *, answering: bool
    ) -> ProviderError:
        body = getattr(failure, "body", None)
        status = getattr(failure, "status_code", None)
        if status is not None or body is not None:
            response: httpx2.Response | None = getattr(failure, "response", None)
            headers = response.headers if response is not None else {}
            if isinstance(body, dict) and "error" not in body and said(body) == ("", ""):
                body = str(failure)
            return error_from_status(peer, status or 200, body, headers, model=request.model)
        return connection.error_from_transport(peer, failure, answering=answering)

    def _client(self, base_url: str, api_key: str, http: httpx2.AsyncClient) -> Any:
        key = (id(http), base_url, api_key)
        client = self._clients.get(key)
        if client is None:
            client = self._wire.client(base_url, api_key, http)
            self._clients[key] = client
            _bound(self._clients, MAX_CLIENTS)
        self._clients.move_to_end(key)
        return client


async def _read(stream: Any, answer: Answer, peer: Peer, on_delta: Callable[[str], None]) -> None:
    """Feed the answer with whatever the server made of the request to stream."""
    form = stream.response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if form in ("text/html", "application/xhtml+xml"):
        raise peer.error(WrongAddress, f"{peer.host} answered with a web page.")
    try:
        if form == "application/json":
            await stream.response.aread()
            if piece := answer.whole(stream.response.json()):
                on_delta(piece)
            return
        async for event in stream:
            if piece := answer.feed(event):
                on_delta(piece)
    except (ValueError, RecursionError):
        raise peer.error(MalformedAnswer, f"{peer.host} sent an event that is no JSON.") from None


def _without(secrets: list[str], reply: ModelReply) -> ModelReply:
    """Return a reply that does not repeat the key."""
    if not secrets:
        return reply
    told = reply.model_dump(mode="json")
    shown = without(secrets, told)
    return reply if shown == told else ModelReply.model_validate(shown)


def _late(request: ModelRequest, peer: Peer, answer: Answer) -> str:
    state = "began to answer but did not finish" if answer.generated else "did not answer"
    return f"{peer.host} {state} within {request.deadline_s:g} s."


def _bound(memory: OrderedDict[Any, Any], size: int) -> None:
    while len(memory) > size:
        memory.popitem(last=False)
