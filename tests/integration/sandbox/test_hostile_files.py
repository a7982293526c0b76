"""Files that are not what they seem, and a workspace that is full."""

import asyncio
import time

import pytest

from sandbox.errors import FileError
from sandbox.live import LiveSandbox
from tests.integration.sandbox.conftest import Create


async def refused(call, *codes: str) -> None:
    with pytest.raises(FileError) as caught:
        await call
    assert caught.value.code in codes


async def test_links_lead_nowhere(box: LiveSandbox):
    await box.run("ln -s /etc etc; ln -s /etc/passwd passwd; ln -s . loop; ln -s loop2 loop2")
    for path in ("etc/passwd", "passwd", "loop/x", "loop2", "/proc/self/environ"):
        await refused(box.files.read(path), "outside", "is_a_link")
    await refused(box.files.write("etc/new", b""), "outside", "is_a_link")
    await refused(box.files.list("etc"), "outside", "is_a_link", "not_a_directory")
    assert (await box.files.stat("passwd")).kind == "link"
    names = [info.path for info in await box.files.list(recursive=True)]
    assert sorted(names) == ["etc", "loop", "loop2", "passwd"]
    await box.files.write("passwd", b"mine")
    assert await box.files.read("passwd") == b"mine"
    await box.files.remove("etc", recursive=True)
    assert (await box.run("ls /etc/passwd")).ok


async def test_swapping_a_folder_for_a_link_wins_nothing(box: LiveSandbox):
    swap = """
import ctypes, os
os.symlink("/etc", "b")
swap = ctypes.CDLL(None).syscall
while True: swap(316, -100, b"a", -100, b"b", 2)
"""
    await box.files.write("a/passwd", b"mine")
    process = await box.start(["python3", "-c", swap])
    seen = set()
    give_up = time.monotonic() + 3
    while time.monotonic() < give_up:
        try:
            seen.add(await box.files.read("a/passwd"))
        except FileError as problem:
            seen.add(problem.code.encode())
    await process.kill()
    assert b"mine" in seen
    assert seen <= {b"mine", b"is_a_link", b"outside", b"not_found", b"not_a_directory"}
    assert len(seen) > 1


async def test_pipes_devices_and_sockets_are_not_read(box: LiveSandbox):
    await box.run_code("python", "import os, socket; os.mkfifo('pipe'); socket.socket(1).bind('s')")
    async with asyncio.timeout(3):
        await refused(box.files.read("pipe"), "not_a_file")
        await refused(box.files.read("s"), "not_a_file")
        await box.files.write("pipe", b"a file now")
        assert await box.files.read("pipe") == b"a file now"


async def test_large_and_sparse_files_are_bounded(box: LiveSandbox):
    assert not (await box.run("truncate -s 100G big")).ok
    assert (await box.run("truncate -s 200M sparse")).ok
    await refused(box.files.read("sparse"), "too_large")
    grower = await box.start("while true; do echo more >> growing; done")
    await asyncio.sleep(0.1)
    await refused(box.files.read("growing", max_bytes=10), "too_large")
    await grower.kill()
    snapshot = await box.snapshot(_drop)
    assert [path for path, _ in snapshot.skipped] == ["sparse"]


async def _drop(digest: str, data: bytes) -> None:
    assert len(digest) == 64


async def test_a_full_workspace_is_told_and_can_be_cleared(box: LiveSandbox):
    result = await box.run("head -c 2G /dev/zero > fill")
    assert not result.ok
    assert not result.oom
    await refused(box.files.write("more", b"x" * 100_000), "no_space")
    assert (await box.run(["echo", "alive"])).stdout == b"alive\n"
    names = [info.path for info in await box.files.list()]
    assert names == ["fill"]  # nothing half written is left
    await box.files.remove("fill")
    await box.files.write("more", b"x" * 100_000)


async def test_all_writable_places_full_leave_room_for_commands(box: LiveSandbox):
    for folder in ("/workspace", "/tmp", "/dev/shm"):
        await box.run(f"head -c 2G /dev/zero > {folder}/fill")
    result = await box.run(["python3", "-c", "print(6 * 7)"])
    assert (result.stdout, result.oom) == (b"42\n", False)


async def test_no_inode_left_is_told(box: LiveSandbox):
    fill = "n = 0\nwhile True:\n    open(f'f{n}', 'w').close()\n    n += 1"
    assert b"No space left" in (await box.run_code("python", fill)).stderr
    await refused(box.files.write("more", b""), "no_space")
    changes = await box.changes()
    assert not changes.complete
    assert len(await box.files.list()) == 20_000
    assert (await box.run("find . -type f -delete")).ok
    await box.files.write("more", b"")


async def test_deep_and_odd_names(box: LiveSandbox):
    odd = "import os\nos.mkdir(b'\\xff\\xfe'); open('new\\nline', 'w'); open(b'\\xc3(', 'w')"
    assert (await box.run_code("python", odd)).ok
    deep = "import os\nfor _ in range(1000): os.mkdir('d'); os.chdir('d')"
    assert (await box.run_code("python", deep)).ok
    names = [info.path for info in await box.files.list(recursive=True)]
    assert "new\nline" in names
    assert "\\xff\\xfe" in names
    assert max(name.count("/") for name in names) <= 64
    await box.snapshot(_drop)
    await box.changes()
    assert (await box.run(["true"])).ok


LONG = """
import os
name = "\\n" * 240
for n in range(4):
    os.mkdir(f"{name}{n}"); os.chdir(f"{name}{n}")
for n in range(4800): open(f"{name}{n}", "w").close()
os.chdir("/workspace")
for _ in range(30): os.mkdir("d" * 200); os.chdir("d" * 200)
"""


async def test_names_of_megabytes_are_cut_and_restored(box: LiveSandbox, create: Create):
    assert (await box.run_code("python", LONG)).ok
    assert not (await box.changes()).complete
    assert len(await box.files.list(recursive=True)) > 1000
    snapshot = await box.snapshot(_drop)
    assert any("names are too long" in reason for _, reason in snapshot.skipped)
    await (await create()).restore(snapshot, _nothing)
    await box.run("find . -mindepth 1 -maxdepth 1 -name '[!d]*' -exec rm -r {} +")
    snapshot = await box.snapshot(_drop)
    assert {reason for _, reason in snapshot.skipped} == {"its path is too long"}
    other = await create()
    await other.restore(snapshot, _nothing)
    assert len(await other.files.list(recursive=True)) == len(snapshot.entries) > 10


async def _nothing(digest: str) -> bytes:
    return b""


async def test_what_grows_when_it_is_copied_still_fits(create: Create):
    kept: dict[str, bytes] = {}

    async def store(digest: str, data: bytes) -> None:
        kept[digest] = data

    async def fetch(digest: str) -> bytes:
        return kept[digest]

    box, other = await create(memory_mb=64), await create(memory_mb=64)
    await box.run("for n in 1 2 3; do truncate -s 15M sparse$n; done")
    await box.run("head -c 4M /dev/urandom > one; for n in 1 2 3 4 5 6; do ln one two$n; done")
    snapshot = await box.snapshot(store)
    assert ("two6", "the snapshot is full") in snapshot.skipped
    await other.restore(snapshot, fetch)


async def test_times_that_no_calendar_has(box: LiveSandbox):
    times = "import os\nfor n in (10**15, -10**15):\n open(str(n), 'w'); os.utime(str(n), (n, n))"
    assert (await box.run_code("python", times)).ok
    years = {info.path: info.modified_at.year for info in await box.files.list()}
    assert years == {str(10**15): 9999, str(-(10**15)): 1}


async def test_a_snapshot_stands_files_that_come_and_go(box: LiveSandbox):
    flicker = "import os\nwhile True:\n for n in range(20): os.symlink('x', str(n))\n"
    flicker += " for n in range(20): os.unlink(str(n))"
    process = await box.start(["python3", "-c", flicker])
    for _ in range(100):
        await box.snapshot(_drop)
    await process.kill()


async def test_closed_folders_are_named_as_left_out(box: LiveSandbox):
    await box.run("mkdir a b; echo 1 > a/1; echo 1 > b/1; chmod 000 a; chmod 400 b")
    assert (await box.snapshot(_drop)).skipped == (
        ("a", "this folder may not be read"),
        ("b", "this folder may not be read"),
    )


async def test_a_closed_workspace_is_open_for_the_next(box: LiveSandbox):
    await box.files.write("kept", b"1")
    assert (await box.run("chmod 000 /workspace")).ok
    assert (await box.run(["cat", "kept"])).stdout == b"1"


TAR = r"""
import io, tarfile
trusting = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
with tarfile.open("evil.tar", "w") as tar:
    for name, kind, target in [
        ("../../escaped", tarfile.REGTYPE, ""),
        ("/tmp/absolute", tarfile.REGTYPE, ""),
        ("out", tarfile.SYMTYPE, "/etc"),
        ("out/passwd", tarfile.REGTYPE, ""),
        ("hard", tarfile.LNKTYPE, "/etc/passwd"),
        ("device", tarfile.CHRTYPE, ""),
        ("good.txt", tarfile.REGTYPE, ""),
    ]:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.mode = kind, target, 0o4777
        info.devmajor, info.devminor = 1, 8
        info.size = 4 if kind == tarfile.REGTYPE else 0
        tar.addfile(info, io.BytesIO(b"evil"))
with tarfile.open("evil.tar") as tar:
    for member in tar:
        try:
            tar.extract(member, **trusting)
        except (OSError, KeyError) as error:
            print(member.name, type(error).__name__)
print(open("/etc/passwd").read().count("evil"))
"""


async def test_an_archive_unpacked_inside_opens_no_way_out(box: LiveSandbox, create: Create):
    """What trusts an archive spoils its own sandbox at most; we never unpack one."""
    result = await box.run_code("python", TAR)
    assert result.ok, result.stderr
    assert result.stdout.endswith(b"\n0\n")
    with pytest.raises(FileError):
        await box.files.read("out/passwd")
    assert await box.files.read("good.txt") == b"evil"
    kept: dict[str, bytes] = {}

    async def store(digest: str, data: bytes) -> None:
        kept[digest] = data

    snapshot = await box.snapshot(store)
    kinds = {entry.path: entry.kind for entry in snapshot.entries}
    assert {kinds["good.txt"], kinds["out"]} == {"file", "link"}
    assert "device" not in kinds
    assert set(kept.values()) <= {b"evil", await box.files.read("evil.tar")}

    async def fetch(digest: str) -> bytes:
        return kept[digest]

    other = await create()
    await other.restore(snapshot, fetch)
    assert await other.files.read("good.txt") == b"evil"
    with pytest.raises(FileError):
        await other.files.read("out/passwd")
