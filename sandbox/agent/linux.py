"""System calls the standard library lacks: prctl, a seccomp filter, openat2."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

_libc = ctypes.CDLL(None, use_errno=True)

PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
PR_SET_CHILD_SUBREAPER = 36
SYS_OPENAT2 = 437

RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
_RESOLVE = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH

# Per machine: audit architecture, then the numbers of the calls that are refused outright
# (ptrace, process_vm_readv, process_vm_writev, kcmp), then socket and socketpair.
_ARCHITECTURES = {
    "x86_64": (0xC000003E, (101, 310, 311, 312), (41, 53)),
    "aarch64": (0xC00000B7, (117, 270, 271, 272), (198, 199)),
}
_IO_URING = (425, 426, 427)
_PIDFD_GETFD = 438
_FAMILIES = (1, 2, 10, 16)  # unix, inet, inet6, netlink; so no vsock, no kernel crypto
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06


def prctl(option: int, *values: int) -> None:
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    if _libc.prctl(option, *padded) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def seccomp_program(machine: str) -> bytes | None:
    """The filter as BPF instructions, or None on a machine it was not written for."""
    if machine not in _ARCHITECTURES:
        return None
    audit, refused, sockets = _ARCHITECTURES[machine]
    code: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, audit),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_LOAD, 0, 0, 0),
        (_AT_LEAST, 0, 1, 0x40000000),  # the x32 twins of the x86-64 calls
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]
    for number in _IO_URING:
        code += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    for number in (*refused, _PIDFD_GETFD):
        code += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    families = len(_FAMILIES)
    code += [(_EQUAL, 1, 0, sockets[0]), (_EQUAL, 0, families + 2, sockets[1])]
    code += [(_LOAD, 0, 0, 16)]
    code += [(_EQUAL, families - at, 0, family) for at, family in enumerate(_FAMILIES)]
    code += [(_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *line) for line in code)


def install_seccomp() -> bool:
    """Close io_uring, ptrace and exotic socket families for this process and all it starts."""
    program = seccomp_program(platform.machine())
    if program is None:
        return False
    buffer = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    )
    try:
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        prctl(PR_SET_SECCOMP, 2, ctypes.addressof(header))
    except OSError:
        return False
    return True


def open_beneath(root: int, path: str, flags: int, mode: int = 0) -> int:
    """Open `path` below the folder `root`; no symbolic link, no mount, no way out is followed.

    `mode` only with O_CREAT. Falls back to a walk of single steps where openat2 is missing.
    """
    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, mode, _RESOLVE)
    for _ in range(8):
        opened = _libc.syscall(SYS_OPENAT2, root, os.fsencode(path), how, len(how))
        if opened >= 0:
            return int(opened)
        code = ctypes.get_errno()
        if code in (errno.ENOSYS, errno.EPERM):
            return _walk(root, path, flags, mode)
        if code not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(code, os.strerror(code), path)


def _walk(root: int, path: str, flags: int, mode: int) -> int:
    parts = [part for part in path.split("/") if part not in ("", ".")] or ["."]
    if ".." in parts:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
    here = os.dup(root)
    try:
        for part in parts[:-1]:
            step = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = step
        return os.open(parts[-1], flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=here)
    finally:
        os.close(here)
