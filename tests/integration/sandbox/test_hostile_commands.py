"""Commands that fight back. Each has its outcome, and the next command on the sandbox works."""

import asyncio
import inspect
import resource
import time

import pytest

from sandbox.agent import frames
from sandbox.api import ExecResult
from sandbox.live import LiveSandbox
from tests.integration.sandbox.conftest import Create, until

FORK_BOMB = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
THREAD_BOMB = """
import threading, time
while True:
    try: threading.Thread(target=time.sleep, args=(100,)).start()
    except RuntimeError: pass
"""
FORKERS = """
import os, signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(3): os.fork()
while True:
    try:
        if os.fork() == 0: os._exit(0)
    except OSError: pass
"""
SESSIONS = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
            time.sleep(100)
        os._exit(0)
time.sleep(100)
"""


async def only_the_agent_is_left(box: LiveSandbox) -> None:
    """The sandbox goes on, with nothing in it but the agent."""
    result = await box.run("echo still here")
    assert (result.exit_code, result.stdout) == (0, b"still here\n"), result

    async def alone() -> bool:
        return (await box.metrics()).processes == 1

    await until(alone, 1)


async def timed(box: LiveSandbox, source: str, timeout_s: float) -> tuple[ExecResult, float]:
    """Run Python until its time limit; the result, and by how many seconds it was late."""
    began = time.monotonic()
    result = await box.run_code("python", source, timeout_s=timeout_s)
    return result, time.monotonic() - began - timeout_s


async def test_sessions_double_forks_and_blocked_signals_end_in_time(box: LiveSandbox):
    result, late = await timed(box, SESSIONS, 0.5)
    assert result.timed_out
    assert late < 0.5
    await only_the_agent_is_left(box)


@pytest.mark.parametrize("source", [FORK_BOMB, THREAD_BOMB], ids=["forks", "threads"])
async def test_bombs_end_in_time(box: LiveSandbox, source: str):
    result, late = await timed(box, source, 1)
    assert result.timed_out
    assert late < 2
    await only_the_agent_is_left(box)


async def test_a_bomb_does_not_take_its_neighbours_along(create: Create):
    box = await create(cpu=2)
    server = await box.start("while true; do date +%N > alive; sleep 0.01; done")
    quiet = asyncio.create_task(box.run("sleep 1.5; echo done"))
    result, late = await timed(box, FORKERS, 0.5)
    assert result.timed_out
    assert late < 2
    assert (await quiet).stdout == b"done\n"
    assert await box.processes() == (server.id,)
    before = await box.files.read("alive")

    async def changed() -> bool:
        return await box.files.read("alive") != before

    await until(changed)
    await server.kill()
    await only_the_agent_is_left(box)


async def test_a_shell_bomb_ends_in_time(box: LiveSandbox):
    began = time.monotonic()
    await box.run(":(){ :|:& };:; sleep 100", timeout_s=1)
    assert time.monotonic() - began < 3
    await only_the_agent_is_left(box)


async def test_killing_everything_kills_only_what_runs(box: LiveSandbox):
    server = await box.start(["sleep", "100"])
    result = await box.run("kill -9 -1; sleep 100")
    assert result.exit_code == 137
    assert (await server.wait(5)).exit_code == 137
    await only_the_agent_is_left(box)


@pytest.mark.parametrize("name", ["KILL", "STOP", "TERM", "INT", "HUP", "SEGV", "CHLD", "PIPE"])
async def test_the_agent_takes_no_signals(box: LiveSandbox, name: str):
    assert (await box.run(f"for n in 1 2 3 4 5; do kill -{name} 1; done")).exit_code == 0
    await only_the_agent_is_left(box)


@pytest.mark.parametrize("victim", ["1", "$PPID"], ids=["agent", "supervisor"])
async def test_nobody_looks_into_the_agent(box: LiveSandbox, victim: str):
    for name in ("mem", "environ", "fd", "fd/0", "maps", "root", "cwd"):
        look = f"ls /proc/{victim}/{name}/ 2>&1 || head -c 10 /proc/{victim}/{name}"
        result = await box.run(look)
        assert result.exit_code != 0, name
        assert b"denied" in result.stdout + result.stderr
    await only_the_agent_is_left(box)


async def test_a_killed_supervisor_ends_the_command(box: LiveSandbox):
    result = await box.run("kill -9 $PPID; sleep 100")
    assert (result.exit_code, result.timed_out) == (137, False)
    await only_the_agent_is_left(box)


async def test_a_stopped_supervisor_ends_at_the_limit(box: LiveSandbox):
    result = await box.run("kill -STOP $PPID", timeout_s=0.5)
    assert result.timed_out
    await only_the_agent_is_left(box)


async def test_everything_stopped_ends_at_the_limit(box: LiveSandbox):
    server = await box.start(["sleep", "100"])
    assert (await box.run("kill -STOP -1", timeout_s=0.5)).timed_out
    await server.kill()
    await only_the_agent_is_left(box)


async def test_the_agent_answers_while_others_burn_the_processor(create: Create):
    box = await create(cpu=0.2, memory_mb=256)
    burn = "for n in $(seq 60); do (while :; do :; done) & done; wait"
    burning = await box.start(burn)
    for _ in range(5):
        await box.metrics()
    began = time.monotonic()
    await burning.kill()
    await box.metrics()
    assert time.monotonic() - began < 3
    await only_the_agent_is_left(box)


async def test_what_a_command_leaves_behind_ends_with_it(box: LiveSandbox):
    began = time.monotonic()
    result = await box.run("sleep 100 & setsid sleep 100 & echo done")
    assert (result.exit_code, result.stdout, result.strays) == (0, b"done\n", 2)
    assert time.monotonic() - began < 1
    await only_the_agent_is_left(box)


async def test_endless_output_is_cut_at_the_limit(box: LiveSandbox):
    result = await box.run(["yes"], timeout_s=0.5, max_output=10_000)
    assert result.timed_out
    assert result.stdout_truncated
    assert 10_000 <= len(result.stdout) < 10_100
    await only_the_agent_is_left(box)


async def test_one_endless_line_costs_nothing_here(box: LiveSandbox):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = await box.run("head -c 400M /dev/zero; echo end", max_output=1 << 20)
    assert result.exit_code == 0
    assert result.stdout.endswith(b"end\n")
    assert result.stdout_truncated
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB
    await only_the_agent_is_left(box)


async def test_what_was_said_is_not_kept_for_ever(box: LiveSandbox):
    for number in range(30):
        await box.run("head -c 3M /dev/zero", key=f"step {number}")
    assert (await box.metrics()).memory_bytes < 25 << 20


async def test_any_bytes_come_through(box: LiveSandbox):
    nasty = bytes(range(256)) + b"\xff\xfe\xc3(\x1b[2J\x1b]0;title\x07\r\n\0"
    result = await box.run("cat; cat /proc/self/fd/0 >&2", stdin=nasty)
    assert result.stdout == nasty


async def test_forged_frames_are_output(box: LiveSandbox):
    forge = """
import sys
sys.path.insert(0, "/workspace")
import frames
for token in (frames.HELLO, bytes(16), b"x" * 16):
    for number in range(1, 40):
        head = {"re": number, "exit": 0, "omitted": [0, 0], "ends": [0, 0]}
        sys.stdout.buffer.write(frames.pack(token, head))
try:
    open("/proc/1/fd/1", "wb").write(frames.RESYNC)
except OSError as problem:
    print(problem.errno)
sys.exit(7)
"""
    await box.files.write("frames.py", inspect.getsource(frames).encode())
    result = await box.run_code("python", forge)
    assert result.exit_code == 7
    assert result.stdout.endswith(b"13\n")
    assert result.stdout.count(frames.MAGIC) == 3 * 39
    await only_the_agent_is_left(box)


async def test_too_much_memory_is_told(box: LiveSandbox):
    result = await box.run_code("python", "x = bytearray(2 << 30); print(sum(x))")
    assert result.exit_code == 137
    assert result.oom
    await only_the_agent_is_left(box)
    assert not (await box.run(["false"])).oom


async def test_many_small_hogs_do_not_take_the_agent_along(box: LiveSandbox):
    hogs = (
        "import os\nfor _ in range(20): os.fork()\nx = []\nwhile True: x.append(bytearray(1 << 20))"
    )
    result = await box.run_code("python", hogs, timeout_s=8)
    assert not result.ok
    await only_the_agent_is_left(box)


SEGMENTS = """
import ctypes
call = ctypes.CDLL(None)
call.shmat.restype = ctypes.c_void_p
while (one := call.shmget(0, ctypes.c_size_t(8 << 20), 0o1600)) >= 0:
    ctypes.memset(call.shmat(one, None, 0), 1, 8 << 20)
"""
QUEUES = """
import ctypes
call, letter = ctypes.CDLL(None), ctypes.create_string_buffer(b"1" * 8192)
while (one := call.msgget(0, 0o1600)) >= 0:
    while call.msgsnd(one, letter, ctypes.c_size_t(8184), 0o4000) == 0: pass
"""
SEMAPHORES = """
import ctypes
call = ctypes.CDLL(None)
while call.semget(0, 250, 0o1600) >= 0: pass
"""


@pytest.mark.parametrize("source", [SEGMENTS, QUEUES, SEMAPHORES], ids=["shm", "msg", "sem"])
async def test_what_outlives_programs_takes_no_memory_from_the_next(create: Create, source: str):
    box = await create(memory_mb=128)
    await box.run_code("python", source)
    assert (await box.metrics()).memory_bytes < 32 << 20
    assert (await box.run_code("python", "x = bytearray(60 << 20)")).ok
    await only_the_agent_is_left(box)


async def test_waiting_for_input_ends_at_once(box: LiveSandbox):
    began = time.monotonic()
    result = await box.run_code("python", "input('name? ')")
    assert b"EOFError" in result.stderr
    assert time.monotonic() - began < 5


async def test_input_nobody_reads_is_dropped(box: LiveSandbox):
    result = await box.run(["true"], stdin=b"x" * (4 << 20))
    assert result.exit_code == 0
    await only_the_agent_is_left(box)


async def test_impossible_commands_are_values(box: LiveSandbox):
    for argv in ([], [""], ["/etc"], ["./missing"], ["x" * 5000], ["a\0b"], ["y"] * 200_000):
        result = await box.run(argv)
        assert result.exit_code in (126, 127), argv
        assert result.stderr.startswith(b"callsheet: ")
    assert (await box.run(["true"], cwd="/nowhere")).exit_code == 127
    await only_the_agent_is_left(box)


async def test_a_listener_that_fails_hurts_only_its_own_command(box: LiveSandbox):
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    other = await box.start(["sleep", "100"])
    with pytest.raises(ZeroDivisionError):
        await box.run(["echo", "hello"], on_output=fail)
    assert await box.processes() == (other.id,)
    assert (await box.run(["true"])).ok


async def test_a_full_process_table_is_a_value(box: LiveSandbox):
    bomb = await box.start("for n in $(seq 300); do sleep 100 & done 2>/dev/null; sleep 100")

    async def full() -> bool:
        return (await box.metrics()).processes >= 120

    await until(full)
    result = await box.run(["true"])
    assert result.exit_code in (0, 126)
    await bomb.kill()
    await only_the_agent_is_left(box)
