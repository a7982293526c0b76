"""What every driver must do; the test suites run it against the real one and its twin.

Each check takes a fresh sandbox, except those that take the driver. Only programs that any image
has are used: echo, cat, sleep, true, false, printenv, pwd.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace

from sandbox.api import Driver, Sandbox, SandboxInfo, SandboxSpec, Stream
from sandbox.errors import FileError, SandboxLost, TunnelRefused


class BrokenContract(AssertionError):
    """A driver does not do what `sandbox.api` promises."""


def _expect(holds: object, what: str) -> None:
    if not holds:
        raise BrokenContract(what)


async def _refused(code: str, call: Awaitable[object]) -> None:
    try:
        await call
    except FileError as problem:
        _expect(problem.code == code, f"refused with {problem.code} instead of {code}")
    else:
        raise BrokenContract(f"not refused ({code})")


async def _lost(call: Awaitable[object], otherwise: str) -> None:
    try:
        await call
    except SandboxLost:
        return
    raise BrokenContract(otherwise)


async def programs_are_values(box: Sandbox) -> None:
    _expect((await box.run(["true"])).exit_code == 0, "true")
    failed = await box.run(["false"])
    _expect(failed.exit_code == 1 and not failed.ok and not failed.timed_out, "false")
    _expect((await box.run(["no-such-program"])).exit_code == 127, "missing program")
    said = await box.run("echo a b")
    _expect(said.stdout == b"a b\n" and said.stderr == b"", "a shell line")


async def input_place_and_environment(box: Sandbox) -> None:
    data = bytes(range(256)) * 2000
    _expect((await box.run(["cat"], stdin=data)).stdout == data, "stdin to stdout")
    _expect((await box.run(["cat"])).stdout == b"", "no stdin means an empty one")
    _expect((await box.run(["pwd"])).stdout == b"/workspace\n", "the default folder")
    _expect((await box.run(["pwd"], cwd="/tmp")).stdout == b"/tmp\n", "cwd")  # noqa: S108
    given = await box.run(["printenv", "COLOUR"], env={"COLOUR": "blue"})
    _expect(given.stdout == b"blue\n", "env of a call")
    _expect((await box.run(["printenv", "COLOUR"])).exit_code == 1, "env does not stay")


async def output_is_capped_and_streamed(box: Sandbox) -> None:
    seen: list[tuple[str, bytes]] = []
    data = b"start" + b"x" * 5000 + b"end"

    def on_output(stream: Stream, part: bytes) -> None:
        seen.append((stream, part))

    result = await box.run(["cat"], stdin=data, max_output=1000, on_output=on_output)
    _expect(result.stdout_truncated and not result.stderr_truncated, "truncation is marked")
    _expect(result.stdout.startswith(b"start") and result.stdout.endswith(b"end"), "both ends")
    _expect(b"4008 bytes left out" in result.stdout, "how much is missing")
    _expect(seen and all(stream == "stdout" for stream, _ in seen), "output is streamed")


async def time_limits_end_commands(box: Sandbox) -> None:
    began = time.monotonic()
    result = await box.run(["sleep", "60"], timeout_s=0.3)
    _expect(result.timed_out and result.exit_code is None, "timed out")
    _expect(time.monotonic() - began < 2, "in time")
    _expect((await box.run(["true"])).ok, "the sandbox goes on")


async def cancelling_ends_commands(box: Sandbox) -> None:
    task = asyncio.create_task(box.run(["sleep", "60"]))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait((task,))
    _expect(task.cancelled(), "cancelled")
    _expect((await box.run(["true"])).ok, "the sandbox goes on")


async def commands_run_side_by_side(box: Sandbox) -> None:
    began = time.monotonic()
    results = await asyncio.gather(*(box.run(["sleep", "0.3"]) for _ in range(4)))
    _expect(all(result.ok for result in results), "all end well")
    _expect(time.monotonic() - began < 1.0, "at the same time")


async def a_key_runs_once(box: Sandbox) -> None:
    first = await box.run(["cat"], stdin=b"once", key="step/1")
    again = await box.run(["cat"], stdin=b"twice", key="step/1")
    _expect(first.stdout == again.stdout == b"once", "the kept result")
    both = (box.run(["sleep", "0.2"], key="step/2") for _ in range(2))
    _expect(all(result.ok for result in await asyncio.gather(*both)), "both get the result")


async def files_are_kept(box: Sandbox) -> None:
    files, data = box.files, bytes(range(256)) * 4096
    await files.write("deep/er/file.bin", data)
    _expect(await files.read("/workspace/deep/er/file.bin") == data, "read what was written")
    await files.write("deep/er/file.bin", b"new")
    _expect(await files.read("deep/er/file.bin") == b"new", "replaced")
    await files.write("empty", b"")
    _expect(await files.read("empty") == b"", "an empty file")
    info = await files.stat("deep/er/file.bin")
    _expect((info.kind, info.size) == ("file", 3), "stat")
    _expect([one.path for one in await files.list()] == ["deep", "empty"], "list")
    paths = [one.path for one in await files.list(recursive=True)]
    _expect(paths == ["deep", "deep/er", "deep/er/file.bin", "empty"], "recursive list")
    await files.move("deep/er/file.bin", "moved/here")
    _expect(await files.read("moved/here") == b"new", "moved")
    await files.remove("empty")
    await files.remove("deep", recursive=True)
    await files.make_directory("a/b")
    await files.write("a-b", b"")
    names = [one.path for one in await files.list(recursive=True)]
    _expect(names == ["a", "a/b", "a-b", "moved", "moved/here"], "what is left, in order")


async def file_refusals_name_their_reason(box: Sandbox) -> None:
    files = box.files
    await files.write("folder/file", b"12345")
    await _refused("not_found", files.read("nothing"))
    await _refused("is_a_directory", files.read("folder"))
    await _refused("too_large", files.read("folder/file", max_bytes=4))
    await _refused("outside", files.read("../etc/passwd"))
    await _refused("outside", files.read("/etc/passwd"))
    await _refused("outside", files.write("/etc/passwd", b""))
    await _refused("bad_name", files.read("a\0b"))
    await _refused("bad_name", files.write("n" * 300, b""))
    await _refused("bad_name", files.write("long/" * 2000, b""))
    await _refused("not_empty", files.remove("folder"))
    await _refused("not_found", files.remove("nothing"))
    await _refused("not_a_directory", files.list("folder/file"))


async def changes_are_seen_once(box: Sandbox) -> None:
    await box.files.write("a", b"1")
    await box.files.write("b", b"2")
    found = {(one.path, one.change) for one in (await box.changes()).files}
    _expect(found == {("a", "added"), ("b", "added")}, "added")
    _expect((await box.changes()).files == (), "only once")
    await box.files.write("a", b"longer")
    await box.files.remove("b")
    found = {(one.path, one.change) for one in (await box.changes()).files}
    _expect(found == {("a", "modified"), ("b", "removed")}, "modified and removed")


async def background_processes_have_handles(box: Sandbox) -> None:
    process = await box.start(["sleep", "60"])
    _expect(process.id in await box.processes(), "it runs")
    _expect(await process.poll() is None, "it has not ended")
    _expect((await box.run(["true"])).ok, "commands run beside it")
    again = box.process(process.id)
    await again.kill()
    _expect((await again.wait(5)).exit_code == 137, "killed")
    _expect(await box.processes() == (), "nothing runs")
    server = await box.start(["sleep", "60"], key="step/3")
    _expect((await box.start(["sleep", "60"], key="step/3")).id == server.id, "a key starts once")
    _expect(len(await box.processes()) == 1, "and not twice")
    await server.kill()
    speaker = await box.start(["echo", "hello"])
    await speaker.wait(5)
    piece = await speaker.output()
    _expect((piece.data, piece.next_offset) == (b"hello\n", 6), "its output")
    _expect((await speaker.output(after=6)).data == b"", "nothing after it")


async def closed_ports_are_refused(box: Sandbox) -> None:
    try:
        await box.open_tunnel(4321)
    except TunnelRefused:
        return
    raise BrokenContract("a tunnel to nothing")


async def snapshots_restore(driver: Driver, spec: SandboxSpec) -> None:
    kept: dict[str, bytes] = {}

    async def store(digest: str, data: bytes) -> None:
        kept[digest] = data

    async def fetch(digest: str) -> bytes:
        return kept[digest]

    async def known(digest: str) -> bool:
        return digest in kept

    old = await driver.create(spec)
    await old.files.write("src/main.py", b"print(1)\n")
    await old.files.write("data", b"\0" * 100_000)
    snapshot = await old.snapshot(store, known=known)
    _expect(len(kept) == 2, "every content once")
    await old.kill()
    half, new = [await driver.create(replace(spec, awaits_files=True)) for _ in range(2)]
    await _lost(driver.connect(half.id), "half a workspace is taken over")
    await half.kill()
    await new.restore(snapshot, fetch)
    _expect(await new.files.read("src/main.py") == b"print(1)\n", "restored")
    _expect(await new.files.read("data") == b"\0" * 100_000, "restored")
    _expect((await new.changes()).files == (), "what was restored is no news")
    await new.snapshot(store, known=known)
    _expect(len(kept) == 2, "what is known is not stored again")
    _expect((await (await driver.connect(new.id)).run(["true"])).ok, "connected when restored")
    await new.kill()


async def a_dead_sandbox_is_lost(driver: Driver, spec: SandboxSpec) -> None:
    box = await driver.create(spec)
    await box.kill()
    for call in (box.run(["true"]), driver.connect(box.id)):
        await _lost(call, "a dead sandbox answers")
    await driver.remove(box.id)


async def sandboxes_are_found_and_reaped(driver: Driver, spec: SandboxSpec) -> None:
    mine = await driver.create(spec)
    found = await driver.list(spec.labels)
    _expect([one.id for one in found] == [mine.id], "found by label")
    _expect(await driver.list({"callsheet.run": "another"}) == (), "not by another's")
    again = await driver.connect(mine.id)
    _expect((await again.run(["true"])).ok, "connected")

    async def keep(info: SandboxInfo) -> bool:
        return info.id != mine.id

    _expect(await driver.reap(keep, grace_s=60) == (), "a young one is left alone")
    _expect(await driver.reap(keep, grace_s=-1) == (mine.id,), "reaped")
    _expect(await driver.list(spec.labels) == (), "gone")


BoxCheck = Callable[[Sandbox], Coroutine[object, object, None]]
DriverCheck = Callable[[Driver, SandboxSpec], Coroutine[object, object, None]]

BOX_CHECKS: tuple[BoxCheck, ...] = (
    programs_are_values,
    input_place_and_environment,
    output_is_capped_and_streamed,
    time_limits_end_commands,
    cancelling_ends_commands,
    commands_run_side_by_side,
    a_key_runs_once,
    files_are_kept,
    file_refusals_name_their_reason,
    changes_are_seen_once,
    background_processes_have_handles,
    closed_ports_are_refused,
)
DRIVER_CHECKS: tuple[DriverCheck, ...] = (
    snapshots_restore,
    a_dead_sandbox_is_lost,
    sandboxes_are_found_and_reaped,
)
