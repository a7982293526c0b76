"""The scripted driver keeps the contract of all drivers."""

import pytest

from sandbox.api import SandboxSpec
from sandbox.contract import BOX_CHECKS, DRIVER_CHECKS, BoxCheck, DriverCheck
from sandbox.errors import SandboxUnavailable
from sandbox.scripted import ScriptedDriver
from sandbox.scripted_programs import Call

SPEC = SandboxSpec(labels={"callsheet.run": "1"})


@pytest.mark.parametrize("check", BOX_CHECKS, ids=lambda check: check.__name__)
async def test_sandbox(check: BoxCheck):
    await check(await ScriptedDriver().create(SPEC))


@pytest.mark.parametrize("check", DRIVER_CHECKS, ids=lambda check: check.__name__)
async def test_driver(check: DriverCheck):
    await check(ScriptedDriver(), SPEC)


async def test_programs_are_scripted():
    async def python(call: Call) -> int:
        call.write(call.source.upper().encode())
        call.files.put("made.txt", b"by a program")
        return 3

    box = await ScriptedDriver({"python": python}).create(SPEC)
    result = await box.run_code("python", "print(1)")
    assert (result.exit_code, result.stdout) == (3, b"PRINT(1)")
    assert await box.files.read("made.txt") == b"by a program"
    assert [call.source for call in box.calls] == ["print(1)"]


async def test_an_absent_engine_is_told():
    driver = ScriptedDriver(unavailable="Docker is not running. Start it.")
    assert (await driver.check()).reason == "Docker is not running. Start it."
    with pytest.raises(SandboxUnavailable, match="Start it"):
        await driver.create(SPEC)
