"""Times of sandboxes on this machine: `python -m tests.bench.sandbox`. Needs Docker, the minimal
image is built if it is missing. Prints one line for each figure with its goal."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from uuid import uuid4

from sandbox.api import SandboxInfo, SandboxSpec
from sandbox.docker_driver import DockerDriver
from sandbox.images.build import build
from sandbox.live import LiveSandbox
from sandbox.pool import PooledDriver

SPEC = SandboxSpec(image="minimal", memory_mb=256)
BOMB = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
ORPHANS = """
import asyncio
from tests.bench.sandbox import SPEC
from sandbox.docker_driver import DockerDriver
from sandbox.pool import PooledDriver
async def main():
    driver = PooledDriver(DockerDriver(instance={instance!r}), minimum=2)
    boxes = [await driver.create(SPEC) for _ in range(3)]
    await driver.wait_filled()
    print("ready", flush=True)
    await boxes[0].run(["sleep", "100"])
asyncio.run(main())
"""


def show(what: str, values: Sequence[float], goal: float, unit: str = "ms") -> None:
    ordered = sorted(values)
    high = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    verdict = "ok" if high <= goal else "OVER"
    print(f"{what:58} p50 {median(ordered):8.1f}  p95 {high:8.1f} {unit:3} ≤ {goal:<6g} {verdict}")


async def times(count: int, call: Callable[[], Awaitable[object]]) -> list[float]:
    """Milliseconds of each of `count` calls."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        await call()
        found.append((time.perf_counter() - began) * 1e3)
    return found


async def creation(driver: DockerDriver) -> None:
    async def cold() -> None:
        box = await driver.create(SPEC)
        await box.run(["true"])
        boxes.append(box)

    boxes: list[LiveSandbox] = []
    show("cold create to first command", await times(10, cold), 900)
    await asyncio.gather(*(box.kill() for box in boxes))
    boxes.clear()
    began = time.perf_counter()
    boxes += await asyncio.gather(*(driver.create(SPEC) for _ in range(30)))
    show("30 sandboxes created at once", [time.perf_counter() - began], 6, "s")
    await asyncio.gather(*(box.kill() for box in boxes))


async def pool(driver: DockerDriver) -> None:
    pooled = PooledDriver(driver, minimum=2, maximum=4)
    pooled.prepare(SPEC)
    found = []
    for _ in range(20):
        await pooled.wait_filled()
        began = time.perf_counter()
        box = await pooled.create(SPEC)
        await box.run(["true"])
        found.append((time.perf_counter() - began) * 1e3)
        await pooled.wait_filled()
        await box.kill()
    show("take from the warm pool and run the first command", found, 50)


async def commands(box: LiveSandbox) -> None:
    over = []
    for _ in range(200):
        began = time.perf_counter()
        await box.run(["true"])
        over.append((time.perf_counter() - began) * 1e3)
    show("command on a live sandbox, all of it (median ≤ 5)", over, 25)
    data = bytes(range(256)) * 4096
    show("write a 1 MB file", await times(50, lambda: box.files.write("f", data)), 25)
    show("read a 1 MB file", await times(50, lambda: box.files.read("f")), 25)
    show("python -c pass", await times(20, lambda: box.run(["python3", "-Ic", ""])), 120)


async def limits(box: LiveSandbox) -> None:
    trap = "trap '' TERM; setsid sleep 100 & sleep 100"
    late = [one - 300 for one in await times(10, lambda: box.run(trap, timeout_s=0.3))]
    show("timeout overshoot", late, 500)
    bombs = await times(3, lambda: box.run_code("python", BOMB, timeout_s=1))
    show("timeout overshoot of a fork bomb", [one - 1000 for one in bombs], 2000)


async def memory(box: LiveSandbox) -> None:
    await asyncio.sleep(1)
    show("idle sandbox", [(await box.metrics()).memory_bytes / 2**20], 20, "MiB")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await box.run("head -c 200M /dev/zero")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    show("client's memory grown by a 200 MB flood", [grown], 10, "MiB")


async def orphans() -> None:
    """A worker is killed with three sandboxes in use and two waiting; no lease holds any."""
    driver = DockerDriver(instance=f"bench-{uuid4().hex}")

    async def keep(_: SandboxInfo) -> bool:
        return False

    worker = subprocess.Popen(  # noqa: ASYNC220 -- nothing else runs here
        [sys.executable, "-c", ORPHANS.format(instance=driver.instance)], stdout=subprocess.PIPE
    )
    assert worker.stdout is not None
    await asyncio.to_thread(worker.stdout.readline)
    worker.kill()
    worker.communicate()
    began = time.perf_counter()
    while left := len(await driver.list()):
        if time.perf_counter() - began > 30:
            break
        await driver.reap(keep, grace_s=0)
        await asyncio.sleep(1)
    show("containers left 30 s after the worker's SIGKILL", [left], 0, "")
    show("… the last was gone after", [time.perf_counter() - began], 30, "s")
    await driver.close()


async def main() -> None:
    build("minimal", "auto", print)
    driver = DockerDriver(instance=f"bench-{uuid4().hex}")
    try:
        await creation(driver)
        await pool(driver)
        box = await driver.create(SPEC)
        await memory(box)
        await commands(box)
        await limits(box)
        await orphans()
    finally:
        for info in await driver.list():
            await driver.remove(info.id)
        await driver.close()


if __name__ == "__main__":
    asyncio.run(main())
