"""Files below /workspace and /tmp, opened so that no link and no `..` leads anywhere else."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from typing import Any

from sandbox.agent.linux import open_beneath

CHUNK = 1 << 17
DEPTH = 64
LONGEST = 4000
"""Bytes of a path; the kernel takes 4095."""
MOST_NAMES = 1 << 20
"""Bytes of all paths told in one answer."""
_CODES = {
    errno.ENOENT: "not_found",
    errno.EXDEV: "outside",
    errno.ELOOP: "is_a_link",
    errno.ENOTDIR: "not_a_directory",
    errno.EISDIR: "is_a_directory",
    errno.ENOSPC: "no_space",
    errno.EDQUOT: "no_space",
    errno.EFBIG: "too_large",
    errno.ENAMETOOLONG: "bad_name",
    errno.EINVAL: "bad_name",
    errno.EEXIST: "exists",
    errno.ENOTEMPTY: "not_empty",
    errno.ENXIO: "not_a_file",
}


class Refused(Exception):
    """A file operation that cannot be done; `code` as in `sandbox.errors.FileError`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def refusal(problem: OSError) -> str:
    return _CODES.get(problem.errno or 0, "denied")


def name_text(name: str) -> str:
    """A file name as text that is valid everywhere, also where its bytes are not UTF-8."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


class Entry:
    """One thing found by a walk, with an open descriptor of the folder it is in."""

    def __init__(self, path: str, name: str, folder: int, info: os.stat_result) -> None:
        self.path = path
        self.name = name
        self.folder = folder
        self.info = info

    @property
    def kind(self) -> str:
        return kind_of(self.info)


def kind_of(info: os.stat_result) -> str:
    for test, kind in ((stat.S_ISREG, "file"), (stat.S_ISDIR, "directory"), (stat.S_ISLNK, "link")):
        if test(info.st_mode):
            return kind
    return "other"


class Files:
    def __init__(self) -> None:
        flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
        self._roots = {name: os.open("/" + name, flags) for name in ("workspace", "tmp")}

    def _place(self, path: str) -> tuple[int, str]:
        """The root a path belongs to, and the path below it. Relative means /workspace."""
        if "\0" in path or len(os.fsencode(path)) > LONGEST:
            raise Refused("bad_name")
        if not path.startswith("/"):
            return self._roots["workspace"], path or "."
        first, _, rest = path[1:].partition("/")
        if first not in self._roots:
            raise Refused("outside")
        return self._roots[first], rest.lstrip("/") or "."

    def open(self, path: str, flags: int) -> int:
        root, below = self._place(path)
        return open_beneath(root, below, flags)

    def parent(self, path: str, make: bool = False) -> tuple[int, str]:
        """A descriptor of the folder that holds `path`, and the last part of its name."""
        root, below = self._place(path)
        folder, _, name = below.rstrip("/").rpartition("/")
        if name in ("", ".", ".."):
            raise Refused("bad_name")
        if make and folder:
            self._make(root, folder)
        return open_beneath(root, folder or ".", os.O_PATH | os.O_DIRECTORY), name

    def _make(self, root: int, folder: str) -> None:
        here = os.dup(root)
        try:
            for part in folder.split("/"):
                if part in ("", "."):
                    continue
                if part == "..":
                    raise Refused("outside")
                try:
                    os.mkdir(part, 0o755, dir_fd=here)
                except FileExistsError:
                    pass
                step = open_beneath(here, part, os.O_PATH | os.O_DIRECTORY)
                os.close(here)
                here = step
        finally:
            os.close(here)

    def make_directory(self, path: str) -> None:
        root, below = self._place(path)
        self._make(root, below)

    def read(self, path: str, limit: int) -> Iterator[bytes]:
        """The content in pieces. Refuses what is not a plain file or is larger than `limit`."""
        fd = self.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode) or info.st_size > limit:
            os.close(fd)
            raise Refused("too_large" if stat.S_ISREG(info.st_mode) else kind_refused(info))
        return _pieces(fd, limit)

    def stat(self, path: str) -> dict[str, Any]:
        fd = self.open(path, os.O_PATH | os.O_NOFOLLOW)
        try:
            return describe(".", os.fstat(fd))
        finally:
            os.close(fd)

    def move(self, source: str, target: str) -> None:
        from_fd, from_name = self.parent(source)
        try:
            to_fd, to_name = self.parent(target, make=True)
            try:
                os.rename(from_name, to_name, src_dir_fd=from_fd, dst_dir_fd=to_fd)
            finally:
                os.close(to_fd)
        finally:
            os.close(from_fd)

    def make_link(self, path: str, target: str) -> None:
        """Put a symbolic link there again (it is kept in snapshots, and never followed here)."""
        folder, name = self.parent(path, make=True)
        try:
            os.symlink(target, name, dir_fd=folder)
        finally:
            os.close(folder)

    def remove(self, path: str, recursive: bool) -> None:
        folder, name = self.parent(path)
        try:
            if kind_of(os.stat(name, dir_fd=folder, follow_symlinks=False)) != "directory":
                os.unlink(name, dir_fd=folder)
            elif recursive:
                _remove_tree(folder, name, DEPTH * 4)
            else:
                os.rmdir(name, dir_fd=folder)
        finally:
            os.close(folder)

    def walk(self, path: str, recursive: bool, skip: frozenset[str]) -> Iterator[Entry]:
        """Everything below a folder, folders before what is in them; never through a link."""
        fd = self.open(path, os.O_RDONLY | os.O_DIRECTORY)
        yield from _walk(fd, "", DEPTH if recursive else 0, skip)


def kind_refused(info: os.stat_result) -> str:
    return "is_a_directory" if stat.S_ISDIR(info.st_mode) else "not_a_file"


def describe(path: str, info: os.stat_result) -> dict[str, Any]:
    return {"path": path, "kind": kind_of(info), "size": info.st_size, "mtime": info.st_mtime}


def _pieces(fd: int, limit: int) -> Iterator[bytes]:
    left = limit
    try:
        while left > 0:
            piece = os.read(fd, min(CHUNK, left))
            if not piece:
                return
            left -= len(piece)
            yield piece
    finally:
        os.close(fd)


def _walk(fd: int, prefix: str, depth: int, skip: frozenset[str]) -> Iterator[Entry]:
    try:
        with os.scandir(fd) as found:
            names = sorted(entry.name for entry in found)
        for name in names:
            if name in skip:
                continue
            try:
                info = os.stat(name, dir_fd=fd, follow_symlinks=False)
            except OSError:
                continue
            entry = Entry(prefix + name_text(name), name, fd, info)
            yield entry
            if depth and stat.S_ISDIR(info.st_mode):
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                try:
                    below = os.open(name, flags, dir_fd=fd)
                except OSError:
                    continue
                yield from _walk(below, entry.path + "/", depth - 1, skip)
    finally:
        os.close(fd)


def _remove_tree(folder: int, name: str, depth: int) -> None:
    if depth == 0:
        raise Refused("denied")
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(name, flags, dir_fd=folder)
    try:
        with os.scandir(fd) as found:
            entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
        for child, is_folder in entries:
            if is_folder:
                _remove_tree(fd, child, depth - 1)
            else:
                os.unlink(child, dir_fd=fd)
    finally:
        os.close(fd)
    os.rmdir(name, dir_fd=folder)


class Upload:
    """A file being written: invisible until `commit`, then in place at once."""

    def __init__(self, files: Files, path: str, mode: int) -> None:
        self._folder, self._name = files.parent(path, make=True)
        self._temporary = f".{os.urandom(6).hex()}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(self._temporary, flags, 0o600, dir_fd=self._folder)
        self._mode = mode & 0o777

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def commit(self) -> None:
        os.fchmod(self._fd, self._mode)
        os.rename(self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._temporary = ""
        self.close()

    def close(self) -> None:
        """Give everything back; what was not committed is gone."""
        if self._fd < 0:
            return
        if self._temporary:
            try:
                os.unlink(self._temporary, dir_fd=self._folder)
            except OSError:
                pass
        os.close(self._fd)
        os.close(self._folder)
        self._fd = -1
