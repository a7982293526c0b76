"""A real engine with the images of this test run, and sandboxes that are gone after each test."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sandbox.api import SandboxSpec
from sandbox.docker_driver import DockerDriver
from sandbox.images.build import build
from sandbox.live import LiveSandbox

Create = Callable[..., Awaitable[LiveSandbox]]


async def until(holds: Callable[[], Awaitable[object]], limit_s: float = 5) -> None:
    """Wait for something that is only seen by looking. Fails where it does not come in time."""
    async with asyncio.timeout(limit_s):
        while not await holds():  # noqa: ASYNC110 -- a container has no event to wait for
            await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def minimal_image(docker_client: Any) -> str:
    """Python and nothing else; built once, found again afterwards."""
    return build("minimal", "auto", lambda _: None).digest


@pytest.fixture(scope="session")
def default_image(docker_client: Any) -> str:
    """The image that roles get unless they ask for another."""
    return build("default", "auto", lambda _: None).digest


@pytest.fixture
async def driver(minimal_image: str) -> AsyncIterator[DockerDriver]:
    """A driver of an installation of its own; the end removes what it has left."""
    made = DockerDriver(instance=f"test-{uuid4().hex}")
    yield made
    await made.close()
    cleaner = DockerDriver(instance=made.instance)
    for info in await cleaner.list():
        await cleaner.remove(info.id)
    await cleaner.close()


@pytest.fixture
def create(driver: DockerDriver) -> Create:
    """Make a sandbox of the smallest image; keywords change its spec."""

    async def make(**changes: Any) -> LiveSandbox:
        return await driver.create(SandboxSpec(**{"image": "minimal", "timeout_s": 20, **changes}))

    return make


@pytest.fixture
async def box(create: Create) -> LiveSandbox:
    """One sandbox."""
    return await create()


@pytest.fixture
def controller() -> Callable[[str], subprocess.Popen[str]]:
    """Start a Python program as another process, to be killed in the middle of something."""

    def start(program: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONPATH": "."},
        )

    return start
