"""Sandboxes that wait for their use."""

import asyncio
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace

from sandbox.api import SandboxInfo, SandboxSpec
from sandbox.docker_driver import DockerDriver
from sandbox.engine import Engine
from sandbox.pool import PooledDriver
from tests.integration.sandbox.conftest import until

SPEC = SandboxSpec(image="minimal", memory_mb=128)
WAITING = """
import asyncio
from sandbox.api import SandboxSpec
from sandbox.docker_driver import DockerDriver
from sandbox.engine import Engine
from sandbox.pool import PooledDriver
async def main():
    pool = PooledDriver(DockerDriver(instance={instance!r}), minimum=2)
    pool.prepare(SandboxSpec(image="minimal", memory_mb=128))
    await pool.wait_filled()
    print("filled", flush=True)
    await asyncio.sleep(100)
asyncio.run(main())
"""


async def test_a_waiting_sandbox_becomes_what_was_asked_for(driver: DockerDriver):
    pool = PooledDriver(driver, minimum=2, maximum=3)
    pool.prepare(SPEC)
    await pool.wait_filled()
    waiting = {info.id for info in await driver.list() if info.waiting}
    assert len(waiting) == pool.waiting == 2
    labels = {
        f"callsheet.{name}": "01a1fc4d-5e4b-73a2-8e93-c9db6ffba0b7" for name in ("run", "team")
    }
    labels["callsheet.name"] = "role-développeur"
    spec = SandboxSpec(
        image="minimal", memory_mb=128, env={"A": "b"}, ttl_s=500, timeout_s=7, labels=labels
    )
    box = await pool.create(spec)
    assert box.id in waiting
    assert box.spec == spec
    assert (await box.run(["printenv", "A"])).stdout == b"b\n"
    assert [info.id for info in await driver.list(labels)] == [box.id]
    await pool.wait_filled()
    assert pool.waiting == 2
    assert [info.id for info in await driver.list() if not info.waiting] == [box.id]
    await box.detach()
    again = await driver.connect(box.id)
    assert again.spec == replace(spec, env={})
    assert (await again.run(["printenv", "A"])).stdout == b"b\n"
    other = await pool.create(SandboxSpec(image="minimal", memory_mb=256))
    assert other.id not in waiting
    await pool.close()


async def test_never_more_than_the_maximum_wait(driver: DockerDriver):
    pool = PooledDriver(driver, minimum=1, maximum=2)
    boxes = await asyncio.gather(*(pool.create(SPEC) for _ in range(6)))
    assert len({box.id for box in boxes}) == 6
    await pool.wait_filled()
    assert pool.waiting == 2
    await pool.close()


async def test_a_reaper_leaves_what_waits_and_takes_what_is_used(driver: DockerDriver):
    pool = PooledDriver(driver, minimum=1)
    pool.prepare(SPEC)
    await pool.wait_filled()

    async def keep(_: SandboxInfo) -> bool:
        return False

    assert await pool.reap(keep, grace_s=-1) == ()
    box = await pool.create(SPEC)
    assert await pool.reap(keep, grace_s=-1) == (box.id,)
    await pool.close()
    after = DockerDriver(instance=driver.instance)
    assert await after.list() == ()
    await after.close()


async def test_a_dead_one_is_not_given_out(driver: DockerDriver):
    pool = PooledDriver(driver, minimum=1)
    pool.prepare(SPEC)
    await pool.wait_filled()
    (info,) = await driver.list()
    outside = Engine()
    await outside.kill(info.id)
    await outside.close()
    box = await pool.create(SPEC)
    assert box.id != info.id
    assert (await box.run(["true"])).ok
    await pool.close()


async def test_waiting_sandboxes_end_with_their_process(
    driver: DockerDriver, controller: Callable[[str], subprocess.Popen[str]]
):
    process = controller(WAITING.format(instance=driver.instance))
    assert process.stdout is not None
    assert (await asyncio.to_thread(process.stdout.readline)).strip() == "filled"
    assert len(await driver.list()) == 2
    os.kill(process.pid, 9)
    process.communicate()

    async def gone() -> bool:
        return await driver.list() == ()

    await until(gone, 30)
