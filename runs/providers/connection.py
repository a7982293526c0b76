"""The one HTTP connection pool of an event loop, and what its failures mean in plain words."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import httpx2

from runs.providers.base import ProviderError
from runs.providers.errors import CutStream, MalformedAnswer, Peer, Unreachable, WrongAddress

CONNECT_SECONDS = 4.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = WeakKeyDictionary()


class AnswerTooLarge(httpx2.ReadError):
    """The answer is larger than any model's."""


class _Capped(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_ANSWER_BYTES
        async for piece in self._stream:
            left -= len(piece)
            if left < 0:
                raise AnswerTooLarge(f"more than {MAX_ANSWER_BYTES} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _cap(response: httpx2.Response) -> None:
    """Bound what a server can make us hold; an encoding that we did not ask for is not unpacked."""
    response.headers.pop("content-encoding", None)
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Capped(response.stream)


def pool() -> httpx2.AsyncClient:
    """The running loop's pool. Redirects are not followed: they would carry the key elsewhere."""
    loop = asyncio.get_running_loop()
    client = _pools.get(loop)
    if client is None or client.is_closed:
        client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(
                max_connections=None, max_keepalive_connections=256, keepalive_expiry=30
            ),
            follow_redirects=False,
            headers={"accept-encoding": "identity"},
            event_hooks={"response": [_cap]},
        )
        _pools[loop] = client
    return client


async def pool_close() -> None:
    """Close the running loop's pool; the next call opens a new one."""
    client = _pools.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()


def host_of(base_url: str) -> str:
    """`host:port` as a person would name it, without user, password or path.

    Raises `WrongAddress` for what is no http(s) address.
    """
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or parts.scheme not in ("http", "https"):
        raise WrongAddress(
            "The base URL of the credential is no http:// or https:// address.",
            advice="Correct the base URL of the credential.",
        )
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port}" if port else name


def error_from_transport(peer: Peer, failure: BaseException, *, answering: bool) -> ProviderError:
    """The typed error for a connection that failed; `answering` once the answer had begun."""
    chain = list(_chain(failure))
    if any(isinstance(cause, AnswerTooLarge) for cause in chain):
        return peer.error(MalformedAnswer, f"{peer.host} sent more than any model answers.")
    if answering:
        return peer.error(CutStream, f"{peer.host} closed the connection in mid-answer.")
    if any(isinstance(c, ssl.SSLCertVerificationError) for c in chain):
        return peer.error(
            Unreachable,
            f"The TLS certificate of {peer.host} is not valid for it.",
            permanent=True,
            advice="Correct the base URL, or install the server's certificate authority here.",
        )
    if any(isinstance(c, ssl.SSLError) for c in chain):
        return peer.error(Unreachable, f"{peer.host} does not speak TLS on that port.")
    if any(isinstance(c, socket.gaierror) for c in chain):
        return peer.error(Unreachable, f"The name {peer.host} cannot be resolved.")
    if any(isinstance(c, httpx2.ConnectTimeout) for c in chain):
        return peer.error(
            Unreachable, f"{peer.host} did not accept a connection in {CONNECT_SECONDS:g} s."
        )
    if any(isinstance(c, ConnectionRefusedError) for c in chain):
        return peer.error(Unreachable, f"{peer.host} refused the connection.")
    if any(isinstance(c, httpx2.ConnectError | httpx2.ProxyError) for c in chain):
        return peer.error(Unreachable, f"No connection to {peer.host}: {_innermost(chain)}")
    return peer.error(CutStream, f"{peer.host} closed the connection without an answer.")


def _chain(failure: BaseException, depth: int = 0) -> Iterator[BaseException]:
    """The failure and everything behind it, outermost first."""
    yield failure
    behind = list(failure.exceptions) if isinstance(failure, BaseExceptionGroup) else []
    behind += [c for c in (failure.__cause__ or failure.__context__,) if c is not None]
    if depth < 10:
        for cause in behind:
            yield from _chain(cause, depth + 1)


def _innermost(chain: list[BaseException]) -> str:
    return next((str(c) for c in reversed(chain) if str(c)), "the connection failed") + "."
