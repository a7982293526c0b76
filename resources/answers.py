"""Answers of servers over HTTP, as read by clients of others (SDKs): unpacked, and bounded."""

import codecs
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Final

import httpx2

_PIECE_BYTES: Final = 64 * 1024
# zlib's window bits for whichever of its two wrappings comes
_ZLIB_OR_GZIP: Final = 47
_PACKED: Final = ("gzip", "x-gzip", "deflate")


def bounded(
    most: int, too_large: Callable[[], Exception]
) -> Callable[[httpx2.Response], Awaitable[None]]:
    """Return a hook for responses that bounds what a server can make us hold: where more than
    `most` bytes are read, `too_large` is raised. Some servers, and proxies before them, pack what
    they were asked to leave as it is."""

    async def bound(response: httpx2.Response) -> None:
        packed = response.headers.pop("content-encoding", "").lower() in _PACKED
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Bounded(response.stream, most, too_large, packed=packed)

    return bound


class _Bounded(httpx2.AsyncByteStream):
    """An answer unpacked, without the mark that some servers put before UTF-8, and bounded."""

    def __init__(
        self,
        stream: httpx2.AsyncByteStream,
        most: int,
        too_large: Callable[[], Exception],
        *,
        packed: bool,
    ) -> None:
        self._stream = stream
        self._most = most
        self._too_large = too_large
        self._unpacker = zlib.decompressobj(_ZLIB_OR_GZIP) if packed else None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._most
        async for received in self._stream:
            for piece in self._unpacked(received):
                if left == self._most:
                    piece = piece.removeprefix(codecs.BOM_UTF8)
                left -= len(piece)
                if left < 0:
                    raise self._too_large()
                yield piece

    def _unpacked(self, received: bytes) -> Iterator[bytes]:
        if self._unpacker is None:
            yield received
            return
        piece = b""
        while received or len(piece) == _PIECE_BYTES:
            try:
                piece = self._unpacker.decompress(received, _PIECE_BYTES)
            except zlib.error as error:
                raise httpx2.ReadError("the answer cannot be unpacked") from error
            received = self._unpacker.unconsumed_tail
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
