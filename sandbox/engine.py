"""The Docker engine, reached through its SDK from asyncio. Every call runs in a small thread pool,
which also bounds how many containers are made at once."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlsplit

import docker
import docker.errors
import requests
from docker.models.images import Image

from sandbox.attach import DEFAULT_HOST
from sandbox.errors import ImageMissing, SandboxError, SandboxLost, SandboxUnavailable

T = TypeVar("T")
_NOT_RUNNING = "Docker is not running or cannot be reached. Start it (`service docker start`)."
_DENIED = "This user may not use Docker. Add it to the group `docker`, then sign in again."


class Engine:
    """Calls of the Docker API, with our errors. Made without contacting anything."""

    def __init__(self, *, timeout_s: float = 60) -> None:
        self._timeout_s = timeout_s
        self._client: docker.DockerClient | None = None
        workers = 2 * (os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="docker")
        self._opening = asyncio.Lock()

    async def call(self, function: Callable[[docker.DockerClient], T]) -> T:
        """Run `function` with the client in a thread. Raises SandboxUnavailable and the like."""
        loop = asyncio.get_running_loop()
        try:
            if self._client is None:
                async with self._opening:
                    if self._client is None:
                        self._client = await loop.run_in_executor(self._threads, self._open)
            return await loop.run_in_executor(self._threads, function, self._client)
        except (docker.errors.DockerException, requests.RequestException, OSError) as problem:
            raise translate(problem) from problem

    def _open(self) -> docker.DockerClient:
        knock()
        return docker.from_env(timeout=int(self._timeout_s), max_pool_size=16)

    async def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._threads.shutdown(wait=False)

    async def create(self, config: Mapping[str, Any], name: str) -> str:
        """Make a container (not started) from the low-level configuration; its id."""

        def make(client: docker.DockerClient) -> str:
            made = client.api.create_container_from_config(dict(config), name)  # type: ignore[no-untyped-call]
            return str(made["Id"])

        return await self.call(make)

    async def start(self, container_id: str) -> None:
        await self.call(lambda client: client.api.start(container_id))

    async def rename(self, container_id: str, name: str) -> None:
        await self.call(lambda client: client.api.rename(container_id, name))

    async def pause(self, sandbox_id: str) -> None:
        await self.call(lambda client: client.api.pause(sandbox_id))

    async def unpause(self, sandbox_id: str) -> None:
        await self.call(lambda client: client.api.unpause(sandbox_id))

    async def kill(self, sandbox_id: str) -> None:
        """Kill and remove; a container that is already gone is all right."""

        def remove(client: docker.DockerClient) -> None:
            try:
                client.api.remove_container(sandbox_id, force=True, v=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as problem:
                if problem.status_code != 409:  # being removed already
                    raise

        await self.call(remove)

    async def inspect(self, container_id: str) -> dict[str, Any]:
        return await self.call(lambda client: dict(client.api.inspect_container(container_id)))

    async def containers(self, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """All containers with these labels, in any state, also only created."""
        wanted = [f"{key}={value}" if value else key for key, value in labels.items()]
        return await self.call(
            lambda client: list(client.api.containers(all=True, filters={"label": wanted}))
        )

    async def images(self, label: str) -> list[Image]:
        return await self.call(lambda client: client.images.list(filters={"label": label}))

    async def runtimes(self) -> tuple[str, ...]:
        return await self.call(lambda client: tuple(client.info().get("Runtimes", {})))


def knock() -> None:
    """Raise OSError where nobody listens on the engine's Unix socket: the SDK, which says the same,
    would forget to close its own."""
    address = urlsplit(os.environ.get("DOCKER_HOST") or DEFAULT_HOST)
    if address.scheme == "unix":
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            probe.connect(address.path)


def translate(problem: Exception) -> SandboxError:
    """What an error of the SDK means for the user: plain words and one action."""
    if isinstance(problem, docker.errors.ImageNotFound):
        return ImageMissing(f"There is no sandbox image of that name: {problem.explanation}")
    if isinstance(problem, docker.errors.NotFound):
        if "image" in str(problem.explanation).lower():
            return ImageMissing()
        return SandboxLost("The sandbox is gone. Create a new one and restore its files.")
    if isinstance(problem, docker.errors.APIError):
        return SandboxUnavailable(f"Docker refused: {problem.explanation or problem}")
    text = str(problem)
    if "Permission denied" in text or isinstance(problem, PermissionError):
        return SandboxUnavailable(_DENIED)
    return SandboxUnavailable(_NOT_RUNNING)
