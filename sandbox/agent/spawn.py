"""Starting one command: a supervisor that adopts every orphan of the command, and its child."""

from __future__ import annotations

import os
import signal
import struct
import time
from typing import Any, NamedTuple

from sandbox.agent import linux

REPORT = struct.Struct("!iB")
"""The supervisor's one message: wait status of the command, and 1 where it left nothing behind."""
_NICE = 15
_PATIENCE_S = 0.2
_SHELLS = ("/bin/bash", "/bin/sh")


class Spawned(NamedTuple):
    supervisor: int
    report: int
    stdin: int
    stdout: int
    stderr: int


class Command(NamedTuple):
    argv: list[str]
    cwd: str
    env: dict[str, str]


def shell_line(line: str) -> list[str]:
    """The argv that runs a shell line: bash where the image has it."""
    shell = next((path for path in _SHELLS if os.path.exists(path)), "/bin/sh")
    return [shell, "-c", line]


def spawn(command: Command) -> Spawned:
    """Start the command. Raises OSError where the sandbox has no room for another process."""
    pipes: list[int] = []
    try:
        for _ in range(4):
            pipes += os.pipe()
        supervisor = _fork()
    except OSError:
        for fd in pipes:
            os.close(fd)
        raise
    report_r, report_w, in_r, in_w, out_r, out_w, err_r, err_w = pipes
    if supervisor == 0:
        try:
            _supervise(command, report_w, in_r, out_w, err_w)
        finally:
            os._exit(70)
    for fd in (report_w, in_r, out_w, err_w):
        os.close(fd)
    for fd in (report_r, in_w, out_r, err_r):
        os.set_blocking(fd, False)
    return Spawned(supervisor, report_r, in_w, out_r, err_r)


def _fork() -> int:
    """Fork, with a little patience: processes just killed still take places for a moment."""
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return os.fork()
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.005)


def _supervise(command: Command, report: int, stdin: int, stdout: int, stderr: int) -> None:
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    _close_all_but(report, stdin, stdout, stderr)
    try:
        child = _fork()
    except OSError as problem:
        os.write(stderr, f"callsheet: no room for another process ({problem.strerror})\n".encode())
        os.write(report, REPORT.pack(126 << 8, 1))
        os._exit(0)
    if child == 0:
        try:
            _become(command, stdin, stdout, stderr)
        finally:
            os._exit(70)
    for fd in (stdin, stdout, stderr):
        os.close(fd)
    status = None
    while True:
        try:
            pid, ended = os.waitpid(-1, 0 if status is None else os.WNOHANG)
        except ChildProcessError:
            break
        if pid == child:
            status = ended
        elif pid == 0:
            break
    alone = _alone()
    os.write(report, REPORT.pack(0 if status is None else status, alone))
    while not _alone():
        os.waitpid(-1, 0)
    os._exit(0)


def _alone() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def _become(command: Command, stdin: int, stdout: int, stderr: int) -> None:
    os.setsid()
    for target, fd in enumerate((stdin, stdout, stderr)):
        os.dup2(fd, target)
    os.closerange(3, 1 << 16)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    linux.prctl(linux.PR_SET_DUMPABLE, 1)
    _write("/proc/self/oom_score_adj", "1000")
    os.nice(_NICE)
    os.umask(0o022)
    try:
        os.chdir(command.cwd)
        os.execvpe(command.argv[0], command.argv, command.env)  # noqa: S606
    except Exception as problem:
        missing = isinstance(problem, (FileNotFoundError, NotADirectoryError))
        name = command.argv[:1] if os.path.isdir(command.cwd) else [command.cwd]
        text = "callsheet: " + " ".join([str(part) for part in name] + [_reason(problem)])
        os.write(2, text[:1000].encode(errors="replace") + b"\n")
        os._exit(127 if missing else 126)


def _reason(problem: Any) -> str:
    return getattr(problem, "strerror", None) or str(problem)


def _close_all_but(*keep: int) -> None:
    """Close every descriptor above 0–2 that is not named, and put /dev/null on 0–2."""
    null = os.open("/dev/null", os.O_RDWR)
    for target in range(3):
        os.dup2(null, target)
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, 1 << 16)


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError:
        pass
