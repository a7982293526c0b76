"""A workspace in memory, with the manners of the real one."""

from __future__ import annotations

import posixpath
from datetime import UTC, datetime

from sandbox.api import FileInfo
from sandbox.errors import FileError

_ROOTS = ("/workspace", "/tmp")  # noqa: S108 -- names inside a sandbox that does not exist


class ScriptedFiles:
    """Implements `sandbox.api.Files`. `content` maps absolute paths to bytes, folders to None."""

    def __init__(self) -> None:
        self.content: dict[str, bytes | None] = dict.fromkeys(_ROOTS)
        self._modified: dict[str, datetime] = {}

    def place(self, path: str) -> str:
        if "\0" in path or len(path) > 4096 or any(len(p) > 255 for p in path.split("/")):
            raise FileError("bad_name", path[:200])
        full = posixpath.normpath(posixpath.join("/workspace", path))
        if not any(full == root or full.startswith(root + "/") for root in _ROOTS):
            raise FileError("outside", path)
        return full

    def _found(self, path: str) -> str:
        full = self.place(path)
        parent = posixpath.dirname(full)
        if isinstance(self.content.get(parent), bytes):
            raise FileError("not_a_directory", path)
        if full not in self.content:
            raise FileError("not_found", path)
        return full

    def _target(self, path: str) -> str:
        full = self.place(path)
        if full in _ROOTS:
            raise FileError("bad_name", path)
        return full

    def put(self, path: str, data: bytes) -> None:
        full = self._target(path)
        if full in self.content and self.content[full] is None:
            raise FileError("is_a_directory", path)
        self._make(posixpath.dirname(full), path)
        self.content[full] = data
        self._modified[full] = datetime.now(UTC)

    def _make(self, folder: str, path: str) -> None:
        while folder not in _ROOTS:
            if isinstance(self.content.get(folder), bytes):
                raise FileError("not_a_directory", path)
            self.content[folder] = None
            folder = posixpath.dirname(folder)

    def _info(self, full: str, path: str) -> FileInfo:
        data = self.content[full]
        return FileInfo(
            path=path,
            kind="directory" if data is None else "file",
            size=len(data or b""),
            modified_at=self._modified.get(full, datetime.now(UTC)),
        )

    async def read(self, path: str, *, max_bytes: int = 16 << 20) -> bytes:
        data = self.content[self._found(path)]
        if data is None:
            raise FileError("is_a_directory", path)
        if len(data) > max_bytes:
            raise FileError("too_large", path)
        return data

    async def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        self.put(path, data)

    async def list(self, path: str = ".", *, recursive: bool = False) -> tuple[FileInfo, ...]:
        folder = self._found(path)
        if self.content[folder] is not None:
            raise FileError("not_a_directory", path)
        below = [full for full in self.content if full.startswith(folder + "/")]
        below.sort(key=lambda full: full.split("/"))
        names = [(full, full[len(folder) + 1 :]) for full in below]
        return tuple(self._info(full, name) for full, name in names if recursive or "/" not in name)

    async def stat(self, path: str) -> FileInfo:
        return self._info(self._found(path), path)

    async def make_directory(self, path: str) -> None:
        self._make(self.place(path), path)

    async def move(self, source: str, target: str) -> None:
        old, new = self._found(source), self._target(target)
        self._make(posixpath.dirname(new), target)
        for full in [one for one in self.content if one == old or one.startswith(old + "/")]:
            self.content[new + full[len(old) :]] = self.content.pop(full)

    async def remove(self, path: str, *, recursive: bool = False) -> None:
        full = self._found(self._target(path))
        below = [one for one in self.content if one.startswith(full + "/")]
        if below and not recursive:
            raise FileError("not_empty", path)
        for one in [full, *below]:
            del self.content[one]
