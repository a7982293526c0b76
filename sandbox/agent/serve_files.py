"""Requests about files and the workspace as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.agent import cgroup
from sandbox.agent.files import MOST_NAMES, Files, Refused, Upload, describe, refusal
from sandbox.agent.link import Link
from sandbox.agent.scan import Scan

_MOST_ENTRIES = 20_000
Head = dict[str, Any]


class Storage:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._files = Files()
        self._scan = Scan(self._files)
        self._uploads: dict[int, Upload] = {}
        self.operations: dict[str, Callable[[int, Head, bytes], None]] = {
            "read": self._read,
            "write": self._write,
            "list": self._list,
            "stat": self._stat,
            "mkdir": self._mkdir,
            "move": self._move,
            "remove": self._remove,
            "link": self._make_link,
            "changes": self._changes,
            "manifest": self._manifest,
            "metrics": self._metrics,
        }

    def forget_connection(self) -> None:
        """Files that were half written by the old connection disappear."""
        for upload in self._uploads.values():
            upload.close()
        self._uploads.clear()

    def _read(self, number: int, head: Head, data: bytes) -> None:
        pieces = self._files.read(head["path"], int(head["limit"]))
        self._link.send_pieces(_in_frames(number, pieces))

    def _write(self, number: int, head: Head, data: bytes) -> None:
        if "path" in head:
            self._uploads[number] = Upload(self._files, head["path"], int(head["mode"]))
        upload = self._uploads.get(number)
        if upload is None:  # an earlier piece was refused
            return
        try:
            upload.write(data)
            if head.get("more"):
                return
            upload.commit()
        except OSError:
            self._uploads.pop(number).close()
            raise
        del self._uploads[number]
        self._link.send({"re": number})

    def _list(self, number: int, head: Head, data: bytes) -> None:
        found = []
        names = 0
        for entry in self._files.walk(head["path"], bool(head["recursive"]), frozenset()):
            found.append(describe(entry.path, entry.info))
            names += len(entry.path)
            if len(found) >= _MOST_ENTRIES or names > 2 * MOST_NAMES:
                break
        self._link.send({"re": number}, json.dumps(found).encode())

    def _stat(self, number: int, head: Head, data: bytes) -> None:
        self._link.send({"re": number, "info": self._files.stat(head["path"])})

    def _mkdir(self, number: int, head: Head, data: bytes) -> None:
        self._files.make_directory(head["path"])
        self._link.send({"re": number})

    def _move(self, number: int, head: Head, data: bytes) -> None:
        self._files.move(head["source"], head["target"])
        self._link.send({"re": number})

    def _remove(self, number: int, head: Head, data: bytes) -> None:
        self._files.remove(head["path"], bool(head["recursive"]))
        self._link.send({"re": number})

    def _make_link(self, number: int, head: Head, data: bytes) -> None:
        self._files.make_link(head["path"], head["target"])
        self._link.send({"re": number})

    def _changes(self, number: int, head: Head, data: bytes) -> None:
        self._link.send({"re": number}, json.dumps(self._scan.changes()).encode())

    def _manifest(self, number: int, head: Head, data: bytes) -> None:
        lines = self._scan.manifest(int(head["largest"]), int(head["total"]))
        self._link.send_pieces(_in_frames(number, lines))

    def _metrics(self, number: int, head: Head, data: bytes) -> None:
        self._link.send({"re": number, **cgroup.usage()})


def _in_frames(number: int, pieces: Iterator[bytes]) -> Iterator[tuple[Head, bytes]]:
    """The pieces as frames, then the answer that says that it was all, or what went wrong."""
    try:
        for piece in pieces:
            yield {"re": number, "more": True}, piece
    except Refused as refused:
        yield {"re": number, "error": refused.code}, b""
    except OSError as problem:
        yield {"re": number, "error": refusal(problem)}, b""
    else:
        yield {"re": number}, b""
