"""Connections: whom they trust, and ones that go only to addresses that were looked at before."""

import ssl
from functools import cache
from typing import Any, Final

import httpcore2

from sandbox.addresses import Permit, Resolve, addresses_of, is_public, resolve

CONNECT_S: Final = 5.0
MOST_ADDRESSES: Final = 4


@cache
def trusted() -> ssl.SSLContext:
    """Return the certificate authorities of this machine; reading them takes 20 ms."""
    return httpcore2.default_ssl_context()


class CheckedConnections(httpcore2.AsyncNetworkBackend):
    """Resolves a name once for each connection, looks at all its addresses, and connects to one
    of them. What the name leads to afterwards does not matter. Raises AddressRefused."""

    def __init__(self, *, resolve: Resolve = resolve, permit: Permit = is_public) -> None:
        self._resolve = resolve
        self._permit = permit
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the base class has it)
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.AsyncNetworkStream:
        found = await addresses_of(host, resolve=self._resolve, permit=self._permit)
        failed: Exception = httpcore2.ConnectError("there is no address")
        for address in found[:MOST_ADDRESSES]:
            try:
                return await self._inner.connect_tcp(address, port, CONNECT_S)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed
