"""Drivers of a real engine, and sandboxes that are gone after each test."""

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
from sandbox.live import LiveSandbox

INSTANCE = os.environ["CALLSHEET_INSTANCE"]
Create = Callable[..., Awaitable[LiveSandbox]]


async def until(holds: Callable[[], Awaitable[object]], limit_s: float = 5) -> None:
    """Wait for something that is only seen by looking. Fails where it does not come in time."""
    async with asyncio.timeout(limit_s):
        while not await holds():  # noqa: ASYNC110 -- a container has no event to wait for
            await asyncio.sleep(0.01)


@pytest.fixture
async def driver(docker_client: Any) -> AsyncIterator[DockerDriver]:
    """A driver of an installation of its own; the end removes what it has left."""
    made = DockerDriver(instance=f"{INSTANCE}-{uuid4().hex}")
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
