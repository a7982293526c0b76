"""Files of a running sandbox, through its agent."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NoReturn

from sandbox.api import FileInfo
from sandbox.channel import Channel, Head, Reply, pieces
from sandbox.errors import FileError, SandboxLost

_LISTING = 16 << 20
_FIRST, _LAST = (datetime(*day, tzinfo=UTC).timestamp() for day in ((1, 1, 1), (9999, 12, 31)))


def info_of(row: dict[str, Any], path: str) -> FileInfo:
    return FileInfo(
        path=path,
        kind=row["kind"],
        size=row["size"],
        # A program may give its files any time, also one that no calendar has.
        modified_at=datetime.fromtimestamp(min(max(row["mtime"], _FIRST), _LAST), UTC),
    )


def refuse(reply: Reply, path: str) -> NoReturn:
    """Raise what an answer with an error means."""
    if reply.head["error"] == "agent":
        raise SandboxLost(f"The sandbox's agent failed: {reply.head.get('text', '')}")
    raise FileError(str(reply.head["error"]), path)


class LiveFiles:
    """Implements `sandbox.api.Files`."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def ask(self, head: Head, path: str, *, limit: int = 1 << 20) -> Reply:
        """One request about `path`. Raises FileError where it is refused."""
        if len(path) > 4096 or "\0" in path:
            raise FileError("bad_name", path[:200])
        reply = await self._channel.request(head, limit=limit)
        if "error" in reply.head:
            refuse(reply, path)
        return reply

    async def read(self, path: str, *, max_bytes: int = 16 << 20) -> bytes:
        head = {"op": "read", "path": path, "limit": max_bytes}
        return (await self.ask(head, path, limit=max_bytes)).data

    async def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        if len(path) > 4096 or "\0" in path:
            raise FileError("bad_name", path[:200])
        parts = list(pieces(data))

        def rest(number: int) -> Iterable[tuple[Head, bytes]]:
            for part, more in parts[1:]:
                yield {"op": "write", "re": number, "more": more}, part

        head = {"op": "write", "path": path, "mode": mode, "more": parts[0][1]}
        reply = await self._channel.request(head, parts[0][0], more=rest)
        if "error" in reply.head:
            refuse(reply, path)

    async def list(self, path: str = ".", *, recursive: bool = False) -> tuple[FileInfo, ...]:
        head = {"op": "list", "path": path, "recursive": recursive}
        rows = json.loads((await self.ask(head, path, limit=_LISTING)).data)
        return tuple(info_of(row, row["path"]) for row in rows)

    async def stat(self, path: str) -> FileInfo:
        return info_of((await self.ask({"op": "stat", "path": path}, path)).head["info"], path)

    async def make_directory(self, path: str) -> None:
        await self.ask({"op": "mkdir", "path": path}, path)

    async def move(self, source: str, target: str) -> None:
        if len(target) > 4096 or "\0" in target:
            raise FileError("bad_name", target[:200])
        await self.ask({"op": "move", "source": source, "target": target}, source)

    async def remove(self, path: str, *, recursive: bool = False) -> None:
        await self.ask({"op": "remove", "path": path, "recursive": recursive}, path)
