"""What is in the workspace, what changed since the last look, and the hash of every file."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from typing import Any

from sandbox.agent.files import DEPTH, LONGEST, MOST_NAMES, Entry, Files

SKIP = frozenset(
    {
        "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis",
        ".cache", ".npm", ".venv", "venv", "node_modules",
    }
)  # fmt: skip
"""Folders that a tool can make again: neither changes nor part of a snapshot."""
MOST = 5000
_LOOK_S = 2.0
_PAGE = 4096

Mark = tuple[int, int, int, int]
Seen = dict[str, Mark]


def _mark(info: os.stat_result) -> Mark:
    return (info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino)


class Scan:
    """Remembers the last look at the workspace and the hashes it has computed."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._seen: Seen = {}
        self._hashes: dict[Mark, str] = {}

    def changes(self) -> dict[str, Any]:
        """Files added, modified and removed since the last call, each list capped."""
        now: Seen = {}
        complete = True
        names = 0
        give_up = time.monotonic() + _LOOK_S
        for entry in self._files.walk(".", True, SKIP):
            names += len(entry.path)
            if len(now) >= MOST or names > MOST_NAMES or time.monotonic() > give_up:
                complete = False
                break
            if entry.kind in ("file", "link"):
                now[entry.path] = _mark(entry.info)
        found = [
            [path, "modified" if path in self._seen else "added", mark[0]]
            for path, mark in now.items()
            if self._seen.get(path) != mark
        ]
        if complete:
            found += [[path, "removed", 0] for path in self._seen if path not in now]
        self._seen = now
        return {"files": found, "complete": complete}

    def manifest(self, largest: int, total: int) -> Iterator[bytes]:
        """One JSON line for each file, folder and link; `skipped` says what a cap left out."""
        fresh: dict[Mark, str] = {}
        names = 0
        # What is sparse or linked twice takes its whole size when it is put there again.
        place = os.statvfs("/workspace")
        total = min(total, place.f_blocks * place.f_frsize)
        for count, entry in enumerate(self._files.walk(".", True, SKIP), start=1):
            names += len(entry.path) + (entry.info.st_size if entry.kind == "link" else 0)
            too_many = count > MOST or names > MOST_NAMES
            reason = _TOO_MANY if too_many else _reason(entry, largest, total)
            try:
                row = {"path": entry.path, "skipped": reason} if reason else self._row(entry, fresh)
            except OSError:  # it is closed, or has just become something else
                row = {"path": entry.path, "skipped": "it could not be read"}
            total -= _room(entry) if "sha256" in row else 0
            yield json.dumps(row).encode() + b"\n"
            if too_many:
                break
        self._hashes = fresh

    def _row(self, entry: Entry, hashes: dict[Mark, str]) -> dict[str, Any]:
        row: dict[str, Any] = {
            "path": entry.path,
            "kind": entry.kind,
            "mode": stat.S_IMODE(entry.info.st_mode) & 0o777,
            "size": entry.info.st_size,
        }
        if entry.kind == "file":
            row["sha256"] = hashes[_mark(entry.info)] = self._hash(entry)
        elif entry.kind == "link":
            row["target"] = os.readlink(entry.name, dir_fd=entry.folder)
        return row

    def _hash(self, entry: Entry) -> str:
        known = self._hashes.get(_mark(entry.info))
        if known:
            return known
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        fd = os.open(entry.name, flags, dir_fd=entry.folder)
        digest = hashlib.sha256()
        left = entry.info.st_size
        try:
            while left > 0:
                piece = os.read(fd, min(1 << 18, left))
                if not piece:
                    break
                left -= len(piece)
                digest.update(piece)
        finally:
            os.close(fd)
        return digest.hexdigest()


_TOO_MANY = f"the workspace has more than {MOST} entries, or their names are too long"


def _room(entry: Entry) -> int:
    """Bytes that a file takes where it is written in full."""
    return -(-entry.info.st_size // _PAGE) * _PAGE


def _reason(entry: Entry, largest: int, total: int) -> str:
    if entry.kind == "other":
        return "it is no file, folder or link"
    if entry.path.encode() != os.fsencode(entry.path) or "\\x" in entry.path:
        return "its name is not UTF-8"
    if len(entry.path.encode()) > LONGEST:
        return "its path is too long"
    if entry.kind == "directory":
        return _closed(entry)
    if entry.kind == "file" and entry.info.st_size > largest:
        return f"it is larger than {largest} bytes"
    if entry.kind == "file" and _room(entry) > total:
        return "the snapshot is full"
    return ""


def _closed(entry: Entry) -> str:
    """Why what is in a folder was not looked at, if it was not."""
    if not os.access(entry.name, os.R_OK | os.X_OK, dir_fd=entry.folder):
        return "this folder may not be read"
    if entry.path.count("/") >= DEPTH:
        return f"it is more than {DEPTH} folders deep"
    return ""
