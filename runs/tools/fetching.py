"""Pages of the web for tools: only hosts that the document allows, only at public addresses.

The name of a host is resolved once for each request, all its addresses are looked at, and the
connection goes to one of them; name and Host header stay. A redirect is a new request, with
everything looked at again. No cookies, no credentials, no proxy.
"""

import asyncio
import ssl
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

import httpcore2

from resources.network import CheckedConnections, trusted
from sandbox.addresses import AddressRefused, Permit, Resolve, host_name, is_public, resolve

DEADLINE_S: Final = 20.0
MAX_BYTES: Final = 2 << 20
MAX_REDIRECTS: Final = 5
_STANDARD: Final = {"http": 80, "https": 443}
_REDIRECTS: Final = (301, 302, 303, 307, 308)
# What may stand in a URL as it is; everything else is escaped.
_SAFE: Final = "/:?#[]@!$&'()*+,;=%-._~"


class FetchRefused(Exception):
    """This page may not be fetched."""


class FetchFailed(Exception):
    """The server did not give the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes: the host in its one spelling, and the path with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        standard = self.port == _STANDARD[self.scheme]
        return self.host if standard else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What came back. `body` is unpacked; `cut` says that there was more of it."""

    url: str
    status: int
    content_type: str
    body: bytes
    cut: bool = False
    redirects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches pages. `resolve`, `permit` and `tls` are there for tests, which have no internet."""

    resolve: Resolve = resolve
    permit: Permit = is_public
    tls: ssl.SSLContext | None = None
    deadline_s: float = field(default=DEADLINE_S)

    async def get(self, url: str, allow: Sequence[str]) -> Page:
        """Return a page. Raises FetchRefused where that is not allowed, else FetchFailed."""
        try:
            async with asyncio.timeout(self.deadline_s):
                return await self._follow(target_of(url, allow), allow)
        except TimeoutError:
            raise FetchFailed(f"It took longer than {self.deadline_s:g} seconds.") from None

    async def _follow(self, target: Target, allow: Sequence[str]) -> Page:
        passed: list[str] = []
        while True:
            page, location = await self._get(target, tuple(passed))
            if location is None:
                return page
            passed.append(target.url)
            if len(passed) > MAX_REDIRECTS:
                raise FetchFailed(f"It redirects more than {MAX_REDIRECTS} times.")
            try:
                there = urljoin(target.url, location)
            except ValueError as wrong:
                raise FetchRefused(f"It redirects to what is no URL: {wrong}.") from None
            following = target_of(there, allow, after_redirect=True)
            if target.scheme == "https" and following.scheme == "http":
                raise FetchRefused(f"It redirects from https to http ({following.host}).")
            target = following

    async def _get(self, target: Target, passed: tuple[str, ...]) -> tuple[Page, str | None]:
        checked = CheckedConnections(resolve=self.resolve, permit=self.permit)
        try:
            async with httpcore2.AsyncConnectionPool(
                ssl_context=self.tls or trusted(), network_backend=checked
            ) as pool:
                return await self._ask(pool, target, passed)
        except AddressRefused as refused:
            raise FetchRefused(str(refused)) from None
        except (httpcore2.NetworkError, httpcore2.TimeoutException) as error:
            raise FetchFailed(f"No answer from {target.host}: {_why(error)}.") from None
        except (httpcore2.ProtocolError, zlib.error) as error:
            raise FetchFailed(f"{target.host} gave no proper answer: {_why(error)}.") from None

    async def _ask(
        self, pool: httpcore2.AsyncConnectionPool, target: Target, passed: tuple[str, ...]
    ) -> tuple[Page, str | None]:
        headers = {
            "Host": target.authority,
            "User-Agent": "Callsheet",
            "Accept": "text/html, text/*, application/json, application/xml;q=0.9, */*;q=0.1",
            "Accept-Encoding": "gzip",
        }
        address = httpcore2.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.path
        )
        async with pool.stream("GET", address, headers=list(headers.items())) as answer:
            told = {name.decode("latin-1").lower(): value for name, value in answer.headers}
            if answer.status in _REDIRECTS and "location" in told:
                location = told["location"].decode("utf-8", "replace")
                return Page(url="", status=0, content_type="", body=b""), location
            body, cut = await _body(answer, told.get("content-encoding", b"").decode("latin-1"))
        page = Page(
            url=target.url,
            status=answer.status,
            content_type=told.get("content-type", b"").decode("latin-1").replace("\0", "")[:200],
            body=body,
            cut=cut,
            redirects=passed,
        )
        return page, None


def target_of(url: str, allow: Sequence[str], *, after_redirect: bool = False) -> Target:
    """Return where a URL leads. Raises FetchRefused unless `allow` names its host.

    An entry is `example.com`, `*.example.com` (every name below it) or `*` (every name), with
    `:port` where that is not the usual one.
    """
    said = "It redirects to a URL that is not allowed: " if after_redirect else ""
    try:
        if any(char.isspace() or not char.isprintable() or char == "\\" for char in url.strip()):
            raise FetchRefused("a URL has no spaces, control characters or backslashes.")
        parts = urlsplit(url.strip())
        scheme = parts.scheme.lower()
        if scheme not in _STANDARD:
            raise FetchRefused("a URL begins with http:// or https://.")
        if "@" in parts.netloc:
            raise FetchRefused("a URL has no name and password.")
        host = host_name(parts.hostname or "")
        port = _STANDARD[scheme] if parts.port is None else parts.port
    except (ValueError, AddressRefused, FetchRefused) as refused:
        raise FetchRefused(f"{said}{refused}") from None
    if not any(_matches(entry, host, port, _STANDARD[scheme]) for entry in allow):
        place = host if port == _STANDARD[scheme] else f"{host}:{port}"
        listed = ", ".join(allow)
        raise FetchRefused(f"{said}'{place}' is not among the hosts you may reach: {listed}.")
    path = quote(parts.path or "/", safe=_SAFE)
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    return Target(scheme=scheme, host=host, port=port, path=path + query)


def _matches(entry: str, host: str, port: int, standard: int) -> bool:
    name, _, wanted = entry.strip().partition(":")
    if port != (int(wanted) if wanted.isdecimal() else standard):
        return False
    if name == "*":
        return True
    try:
        if name.startswith("*."):
            return host.endswith(f".{host_name(name[2:])}")
        return host == host_name(name)
    except AddressRefused:
        return False


async def _body(answer: httpcore2.Response, encoding: str) -> tuple[bytes, bool]:
    """Read an answer's body, unpacked, up to the most that is kept; whether there was more."""
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise FetchFailed(f"It is packed as '{encoding[:40]}', which was not asked for.")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding not in ("", "identity") else None
    body = bytearray()
    packed = 0
    async for piece in answer.aiter_stream():
        packed += len(piece)
        room = MAX_BYTES + 1 - len(body)
        body += unpack.decompress(piece, room) if unpack else piece[:room]
        if len(body) > MAX_BYTES or packed > MAX_BYTES:
            return bytes(body[:MAX_BYTES]), True
    return bytes(body), False


def _why(error: Exception) -> str:
    return str(error).rstrip(".")[:200] or type(error).__name__
