"""Controllers that die, freeze, or fight over a sandbox; containers that end from outside."""

import asyncio
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.api import SandboxInfo, SandboxSpec
from sandbox.docker_driver import INSTANCE_LABEL, DockerDriver
from sandbox.engine import Engine
from sandbox.errors import ImageMissing, ImageUnusable, SandboxLost, SpecRefused
from sandbox.hardening import container_config
from sandbox.names import new_name
from tests.integration.sandbox.conftest import Create, until

Controller = Callable[[str], subprocess.Popen[str]]

BEGIN = """
import asyncio, sys
from sandbox.api import SandboxSpec
from sandbox.docker_driver import DockerDriver
async def main():
    driver = DockerDriver(instance={instance!r})
    box = await driver.create(SandboxSpec(image="minimal"))
    print(box.id, flush=True)
    {then}
asyncio.run(main())
"""
STEP = "sleep 0.5; echo ran >> count; echo output"


def program(driver: DockerDriver, then: str) -> str:
    return BEGIN.format(instance=driver.instance, then=then)


async def keep_none(_: SandboxInfo) -> bool:
    return False


async def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return (await asyncio.to_thread(process.stdout.readline)).strip()


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


async def test_a_command_survives_its_controller(driver: DockerDriver, controller: Controller):
    started = f"await box.run({STEP!r}, key='step', on_output=print)"
    first = controller(program(driver, started))
    sandbox_id = await read_line(first)
    await asyncio.sleep(0.2)
    end(first)
    box = await driver.connect(sandbox_id)
    assert box.spec.image == "minimal"
    result = await box.run(STEP, key="step")
    assert (result.exit_code, result.stdout) == (0, b"output\n")
    assert await box.files.read("count") == b"ran\n"


async def test_a_controller_killed_in_mid_frame(driver: DockerDriver, controller: Controller):
    half = """await box._channel._stream.write(__import__("sandbox.agent.frames").agent.frames.pack(
        box._channel._token, {"op": "write", "re": 9, "path": "half", "mode": 420}, b"x" * 9999
    )[:5000]); print("sent", flush=True); await asyncio.sleep(100)"""
    first = controller(program(driver, half))
    sandbox_id = await read_line(first)
    assert await read_line(first) == "sent"
    end(first)
    box = await driver.connect(sandbox_id)
    assert (await box.run(["echo", "whole"])).stdout == b"whole\n"
    assert await box.files.list() == ()


async def test_a_controller_killed_before_the_files_were_back(
    driver: DockerDriver, controller: Controller
):
    made = BEGIN.replace('"minimal"', '"minimal", awaits_files=True')
    first = controller(made.format(instance=driver.instance, then="await asyncio.sleep(100)"))
    sandbox_id = await read_line(first)
    end(first)
    with pytest.raises(SandboxLost):
        await driver.connect(sandbox_id)
    assert await driver.list() == ()


async def test_background_processes_outlive_a_reconnect(create: Create, driver: DockerDriver):
    box = await create()
    process = await box.start("echo before; read line; echo got $line; sleep 100")
    await box.detach()
    again = await driver.connect(box.id)
    assert again is not box
    same = again.process(process.id)
    assert await again.processes() == (process.id,)
    await same.write_stdin(b"hello\n")
    piece = await same.output(wait_s=2)
    while b"got" not in piece.data:
        piece = await same.output(wait_s=2)
    assert piece.data == b"before\ngot hello\n"
    await same.kill()
    assert (await same.wait(5)).exit_code == 137


async def test_the_old_owner_is_told_at_once(create: Create, driver: DockerDriver):
    box = await create()
    running = asyncio.create_task(box.run(["sleep", "100"]))
    await asyncio.sleep(0.1)
    other = DockerDriver(instance=driver.instance)
    taken = await other.connect(box.id)
    with pytest.raises(SandboxLost, match="taken"):
        async with asyncio.timeout(2):
            await running
    with pytest.raises(SandboxLost):
        await box.run(["true"])
    assert (await taken.run(["true"])).ok
    await other.close()


async def test_mid_create_leaves_nothing_that_a_reaper_misses(
    driver: DockerDriver, controller: Controller
):
    for delay in (0.0, 0.02, 0.05, 0.1, 0.2):
        process = controller(program(driver, "pass"))
        await asyncio.sleep(0.35 + delay)
        end(process)
    await driver.reap(keep_none, grace_s=-1)
    assert await driver.list() == ()


async def test_created_but_never_started_is_reaped(driver: DockerDriver):
    config = container_config(SandboxSpec(image="minimal"), {INSTANCE_LABEL: driver.instance})
    engine = Engine()
    made = await engine.create(config, new_name())
    await engine.close()
    assert [info.state for info in await driver.list()] == ["created"]
    assert await driver.reap(keep_none, grace_s=-1) == (made,)
    assert await driver.list() == ()


async def test_a_forgotten_sandbox_ends_itself(create: Create, driver: DockerDriver):
    box = await create(ttl_s=1.0)
    await asyncio.sleep(2.5)
    assert (await box.run(["true"])).ok  # while somebody holds it, it lives
    await box.start(["sleep", "100"])
    await box.detach()

    async def gone() -> bool:
        return await driver.list() == ()

    await until(gone, 8)


@pytest.mark.parametrize("how", ["kill", "pause"])
async def test_ended_from_outside_is_lost(create: Create, docker_client: Any, how: str):
    box = await create()
    running = asyncio.create_task(box.run(["sleep", "100"], timeout_s=60))
    await asyncio.sleep(0.1)
    container = docker_client.containers.get(box.id)
    await asyncio.to_thread(getattr(container, how))
    with pytest.raises(SandboxLost):
        async with asyncio.timeout(12):
            await running
    replaced = await create()
    assert (await replaced.run(["true"])).ok


async def test_pausing_keeps_everything(create: Create):
    box = await create()
    process = await box.start(["sleep", "100"])
    await box.pause()
    await asyncio.sleep(0.2)
    await box.resume()
    assert await box.processes() == (process.id,)
    assert (await box.run(["true"])).ok


async def test_what_cannot_be_made_says_why(create: Create, docker_client: Any, driver: Any):
    with pytest.raises(ImageMissing):
        await create(image="callsheet-no-such-image")
    with pytest.raises(SpecRefused, match="memory_mb is 1: choose from 64"):
        await create(memory_mb=1)
    with pytest.raises(SpecRefused, match="network"):
        await create(network="host")
    empty = "callsheet-test-empty"
    docker_client.api.import_image_from_data(b"\0" * 10240, repository=empty)
    with pytest.raises(ImageUnusable, match="no python3"):
        await create(image=empty)
    docker_client.images.remove(empty)
    assert await driver.list() == ()


async def test_the_engine_tells_what_it_has(driver: DockerDriver):
    status = await driver.check()
    assert status.available
    assert status.images["minimal"].startswith("sha256:")
    assert "runc" in status.runtimes


async def test_thirty_at_once(create: Create):
    began = time.monotonic()
    boxes = await asyncio.gather(*(create(memory_mb=64) for _ in range(30)))
    took = time.monotonic() - began
    results = await asyncio.gather(*(box.run(["echo", box.id]) for box in boxes))
    assert [result.stdout.decode().strip() for result in results] == [box.id for box in boxes]
    assert took < 20
