"""One signed POST to a team's own system. Nothing of the answer but its status is kept.

The name of the host is resolved once, the address is looked at, and the connection goes there.
Redirects are not followed. The signature is HMAC-SHA256 over `<time>.<body>`, see docs/inbox.md.
"""

import asyncio
import hashlib
import hmac
import json
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore2
from django.conf import settings

from sandbox.addresses import AddressRefused, addresses_of, host_name

Json = Any
CONNECT_S: Final = 5.0
# From the first connection to the status of the answer, however slowly that comes.
DEADLINE_S: Final = 15.0
_STANDARD: Final = {"http": 80, "https": 443}


class WebhookRefused(Exception):
    """This address cannot be a webhook's."""


class WebhookFailed(Exception):
    """The other side did not take the message."""


def check_url(url: str) -> None:
    """Raise WebhookRefused, saying why, unless messages may be sent to this address."""
    _parts(url)


def signature(secret: str, body: bytes, at: int) -> str:
    """Return the value of the header `Callsheet-Signature`."""
    mac = hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


def post(
    url: str,
    secret: str,
    event: str,
    delivery: str,
    message: Json,
    *,
    deadline_s: float = DEADLINE_S,
) -> int:
    """Send a message and return the status of the answer, which is below 300.

    Raises WebhookFailed (trying again may help) or WebhookRefused.
    """
    scheme, host, port, target = _parts(url)
    body = json.dumps(message, separators=(",", ":"), default=str).encode()
    headers = {
        "Host": host if port == _STANDARD[scheme] else f"{host}:{port}",
        "User-Agent": "Callsheet",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Callsheet-Event": event,
        "Callsheet-Delivery": delivery,
        "Callsheet-Signature": signature(secret, body, int(time.time())),
    }
    address = httpcore2.URL(scheme=scheme, host=host, port=port, target=target)
    try:
        with (
            httpcore2.ConnectionPool(
                network_backend=_Pinned(_addresses(host), time.monotonic() + deadline_s)
            ) as pool,
            pool.stream("POST", address, headers=list(headers.items()), content=body) as answer,
        ):
            status = int(answer.status)
    except (httpcore2.NetworkError, httpcore2.TimeoutException) as error:
        why = str(error).rstrip(".")[:200] or type(error).__name__
        raise WebhookFailed(f"No answer from {host}: {why}.") from None
    except httpcore2.ProtocolError as error:
        raise WebhookFailed(f"{host} gave no proper answer: {str(error)[:200]}.") from None
    if status >= 300:
        raise WebhookFailed(f"{host} answered {status}.")
    return status


def _parts(url: str) -> tuple[str, str, int, str]:
    """Return scheme, host, port and path of an address. Raises WebhookRefused."""
    try:
        if any(char.isspace() or not char.isprintable() or char == "\\" for char in url):
            raise WebhookRefused("An address has no spaces, control characters or backslashes.")
        parts = urlsplit(url)
        if parts.scheme not in _STANDARD or not parts.hostname:
            raise WebhookRefused("Give the whole address, with https:// in front.")
        if "@" in parts.netloc or parts.fragment:
            raise WebhookRefused("Leave out name, password and #… in the address.")
        port = _STANDARD[parts.scheme] if parts.port is None else parts.port
        inside = settings.WEBHOOKS_INSIDE
        host = parts.hostname if inside else host_name(parts.hostname)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target.encode("ascii")
        host.encode("ascii")
    except AddressRefused as refused:
        raise WebhookRefused(str(refused)) from None
    except ValueError:
        raise WebhookRefused("This is no address of a server; escape letters like ä.") from None
    return parts.scheme, host, port, target


def _addresses(host: str) -> list[str]:
    """Return where a host may be reached. Raises WebhookRefused or WebhookFailed."""
    if not settings.WEBHOOKS_INSIDE:
        try:
            return asyncio.run(addresses_of(host))
        except AddressRefused as refused:
            raise WebhookRefused(str(refused)) from None
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        raise WebhookFailed(f"{host} has no address.") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Pinned(httpcore2.NetworkBackend):
    """Connects to the addresses that were looked at, whatever the name leads to by now, and keeps
    the deadline."""

    def __init__(self, addresses: Iterable[str], until: float) -> None:
        self._addresses = tuple(addresses)
        self._until = until
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.NetworkStream:
        failed: Exception = httpcore2.ConnectError("there is no address")
        for address in self._addresses[:4]:
            left = min(CONNECT_S, _left(self._until))
            try:
                return _Timed(self._inner.connect_tcp(address, port, left), self._until)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed


class _Timed(httpcore2.NetworkStream):
    """A connection whose every step ends at the deadline of the whole."""

    def __init__(self, inner: httpcore2.NetworkStream, until: float) -> None:
        self._inner = inner
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._until))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, _left(self._until))
        return _Timed(inner, self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(until: float) -> float:
    """Return the seconds left. Raises ReadTimeout when there are none."""
    if (left := until - time.monotonic()) <= 0:
        raise httpcore2.ReadTimeout("it took too long")
    return left
