"""Parts of the agent that can be looked at without a container."""

import ast
import errno
import os
import struct
from pathlib import Path

import pytest

import sandbox.agent
from sandbox.agent.cgroup import oom_kills, usage
from sandbox.agent.commands import Capture
from sandbox.agent.linux import open_beneath, seccomp_program
from sandbox.agent.scan import SKIP
from sandbox.bundle import BOOTSTRAP, COMMAND, ORDER, bundle

FOLDER = Path(sandbox.agent.__file__).parent
ALLOW = 0x7FFF0000
X86, ARM = 0xC000003E, 0xC00000B7


def decide(program: bytes, architecture: int, number: int, argument: int = 0) -> int:
    """Run a filter on one system call; 0 where it is allowed, else the error it gives."""
    data = struct.pack("=iIQ6Q", number - (1 << 32 if number > 0x7FFFFFFF else 0), architecture, 0,
                       argument, 0, 0, 0, 0, 0)  # fmt: skip
    at, value = 0, 0
    while True:
        code, if_true, if_false, k = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, k)
        elif code in (0x15, 0x35):
            at += if_true if (value == k if code == 0x15 else value >= k) else if_false
        else:
            return 0 if k == ALLOW else k & 0xFFFF


@pytest.mark.parametrize(
    ("machine", "architecture", "ptrace", "socket", "socketpair"),
    [("x86_64", X86, 101, 41, 53), ("aarch64", ARM, 117, 198, 199)],
)
def test_the_filter_shuts_what_it_says_and_nothing_else(
    machine, architecture, ptrace, socket, socketpair
):
    program = seccomp_program(machine)
    assert program is not None
    for number in (425, 426, 427):
        assert decide(program, architecture, number) == errno.ENOSYS
    assert decide(program, architecture, ptrace) == errno.EPERM
    assert decide(program, architecture, 438) == errno.EPERM
    for call in (socket, socketpair):
        for family in range(64):
            expected = 0 if family in (1, 2, 10, 16) else errno.EAFNOSUPPORT
            assert decide(program, architecture, call, family) == expected
    for number in (0, 1, 2, 39, 56, 57, 59, 220, 221, 428, 435, 437):
        assert decide(program, architecture, number, 40) == 0
    assert decide(program, architecture, 0x40000000 + 1) == errno.ENOSYS
    assert decide(program, 0x40000003, 1) == errno.EPERM  # a 32-bit program


def test_an_unknown_machine_has_no_filter():
    assert seccomp_program("riscv64") is None


def test_the_agent_runs_on_python_3_9_with_nothing_but_its_library():
    ours = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert set(ORDER) == ours
    loaded: set[str] = set()
    for name in ORDER:
        tree = ast.parse((FOLDER / f"{name}.py").read_text(), feature_version=(3, 9))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("sandbox"):
                module = str(node.module).removeprefix("sandbox.agent").lstrip(".")
                needed = {module} if module else {alias.name for alias in node.names}
                assert needed <= loaded, f"{name} is loaded before {needed}"
        loaded.add(name)


def test_the_agent_fits_a_command_line_and_a_pipe():
    assert len(BOOTSTRAP) < 4096
    assert COMMAND[:3] == ("python3", "-I", "-S")
    assert len(bundle()) < 1 << 16
    assert int(bundle()[:8]) == len(bundle()) - 8


def test_capture_keeps_both_ends():
    capture = Capture(6, 4)
    streamed = b"".join(capture.feed(piece) for piece in (b"abc", b"defgh", b"i" * 50, b"wxyz"))
    assert (streamed, bytes(capture.head), capture.end()) == (b"abcdef", b"abcdef", b"wxyz")
    assert capture.omitted == capture.total - 10
    assert len(capture.tail) <= 8


def test_a_ring_says_where_it_begins():
    ring = Capture(0, 4)
    assert ring.feed(b"0123456789") == b""
    assert ring.after(0, 100) == (6, b"6789")
    assert ring.after(8, 100) == (8, b"89")
    assert ring.after(8, 1) == (8, b"8")
    assert ring.after(50, 100) == (10, b"")


def test_kernel_counts_of_both_versions(tmp_path):
    (two := tmp_path / "two").mkdir()
    (two / "memory.events").write_text("low 0\noom 2\noom_kill 3\noom_group_kill 0\n")
    (two / "memory.current").write_text("4096\n")
    (two / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (two / "pids.current").write_text("7\n")
    (one := tmp_path / "one").mkdir()
    for name in ("memory", "cpuacct", "pids"):
        (one / name).mkdir()
    (one / "memory/memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
    (one / "memory/memory.usage_in_bytes").write_text("4096\n")
    (one / "cpuacct/cpuacct.usage").write_text("1500000000\n")
    (one / "pids/pids.current").write_text("7\n")
    for root in (str(one), str(two)):
        assert oom_kills(root) == 3
        found = usage(root, str(tmp_path))
        assert (found["memory"], found["cpu"], found["processes"]) == (4096, 1.5, 7)
    assert oom_kills(str(tmp_path)) == 0


def test_opening_stays_beneath(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/file").write_text("inside")
    (tmp_path / "secret").write_text("outside")
    (tmp_path / "in/link").symlink_to("../secret")
    (tmp_path / "in/up").symlink_to("..")
    root = os.open(tmp_path / "in", os.O_PATH | os.O_DIRECTORY)
    fd = open_beneath(root, "file", os.O_RDONLY)
    assert os.read(fd, 100) == b"inside"
    os.close(fd)
    for path in ("../secret", "link", "up/secret", "/etc/passwd", "file/../../secret"):
        with pytest.raises(OSError, match=r"cross-device|symbolic|No such|Not a"):
            open_beneath(root, path, os.O_RDONLY)
    os.close(root)


def test_caches_are_no_part_of_a_snapshot():
    assert {"__pycache__", "node_modules", ".venv"} <= SKIP
