"""The Docker driver keeps the contract of all drivers."""

import pytest

from sandbox.api import SandboxSpec
from sandbox.contract import BOX_CHECKS, DRIVER_CHECKS, BoxCheck, DriverCheck
from sandbox.docker_driver import DockerDriver
from sandbox.live import LiveSandbox


@pytest.mark.parametrize("check", BOX_CHECKS, ids=lambda check: check.__name__)
async def test_sandbox(check: BoxCheck, box: LiveSandbox):
    await check(box)


@pytest.mark.parametrize("check", DRIVER_CHECKS, ids=lambda check: check.__name__)
async def test_driver(check: DriverCheck, driver: DockerDriver):
    await check(driver, SandboxSpec(image="minimal", labels={"callsheet.run": "1"}))
