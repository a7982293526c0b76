"""The HTTP connections of an event loop, and what its failures mean in plain words."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary

import httpx2

from resources.answers import bounded
from resources.network import trusted
from runs.providers.base import ProviderError
from runs.providers.errors import CutStream, MalformedAnswer, Peer, Unreachable, WrongAddress

CONNECT_SECONDS = 4.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
POOL_SIZE = 8
MAX_POOLS = 128


PROXY_ADVICE = (
    "Check that the server runs, the base URL of the credential, and the proxy that HTTP_PROXY,"
    " HTTPS_PROXY or ALL_PROXY names on this machine (NO_PROXY exempts hosts)."
)
# what went wrong with a connection by the exceptions behind it, the most telling first
_NO_CONNECTION: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLError, "{host} does not speak TLS on that port."),
    (socket.gaierror, "The name {host} cannot be resolved."),
    (httpx2.ConnectTimeout, f"{{host}} did not accept a connection in {CONNECT_SECONDS:g} s."),
    (ConnectionRefusedError, "{host} refused the connection."),
    (httpx2.ProxyError, "The proxy does not let the call through to {host}: {why}"),
    (httpx2.ConnectError, "No connection to {host}: {why}"),
)


class AnswerTooLarge(httpx2.ReadError):
    """The answer is larger than any model's."""


def _too_large() -> AnswerTooLarge:
    return AnswerTooLarge(f"more than {MAX_ANSWER_BYTES} bytes")


class _Pools:
    """The connections of one event loop, in small pools.

    A pool looks at all its connections for each request, and polls the idle ones; with 200
    open that cost more than the request itself (2.7 ms against 0.8).
    """

    def __init__(self) -> None:
        self._clients: list[httpx2.AsyncClient] = []
        self._busy: list[int] = []

    @contextmanager
    def borrow(self) -> Iterator[httpx2.AsyncClient]:
        place = next((n for n, busy in enumerate(self._busy) if busy < POOL_SIZE), None)
        if place is None and len(self._clients) < MAX_POOLS:
            place = len(self._clients)
            self._clients.append(_client())
            self._busy.append(0)
        elif place is None:
            place = self._busy.index(min(self._busy))
        self._busy[place] += 1
        try:
            yield self._clients[place]
        finally:
            self._busy[place] -= 1

    async def aclose(self) -> None:
        for client in self._clients:
            await client.aclose()


def _client() -> httpx2.AsyncClient:
    """Redirects are not followed: they would carry the key elsewhere."""
    return httpx2.AsyncClient(
        verify=trusted(),
        timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
        limits=httpx2.Limits(
            max_connections=None, max_keepalive_connections=POOL_SIZE, keepalive_expiry=30
        ),
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        event_hooks={"response": [bounded(MAX_ANSWER_BYTES, _too_large)]},
    )


_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pools] = WeakKeyDictionary()


def client_borrow() -> AbstractContextManager[httpx2.AsyncClient]:
    """One of the running loop's HTTP clients, for the time of one call."""
    loop = asyncio.get_running_loop()
    pools = _pools.get(loop)
    if pools is None:
        pools = _pools[loop] = _Pools()
    return pools.borrow()


async def pools_close() -> None:
    """Close the running loop's connections; the next call opens new ones."""
    pools = _pools.pop(asyncio.get_running_loop(), None)
    if pools is not None:
        await pools.aclose()


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
    for kind, sentence in _NO_CONNECTION:
        if any(isinstance(cause, kind) for cause in chain):
            cause = sentence.format(host=peer.host, why=_innermost(chain))
            advice = PROXY_ADVICE if _goes_by_proxy(peer.host) else None
            return peer.error(Unreachable, cause, advice=advice)
    return peer.error(CutStream, f"{peer.host} closed the connection without an answer.")


def _goes_by_proxy(host: str) -> bool:
    """Whether the environment sends calls to this host through a proxy, which then may be at
    fault."""
    return bool(getproxies().keys() & {"http", "https", "all"}) and not proxy_bypass(host)


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
