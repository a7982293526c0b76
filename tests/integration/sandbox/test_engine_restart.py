"""A Docker engine of its own that is killed and started again under living sandboxes."""

import asyncio
import gc
import os
import shutil
import socket
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import docker
import pytest
from docker.models.images import Image

from sandbox.api import SandboxInfo, SandboxSpec
from sandbox.docker_driver import DockerDriver
from sandbox.errors import SandboxLost, SandboxUnavailable
from tests.engines.processes import Child
from tests.engines.services import missing

SPEC = SandboxSpec(image="minimal", memory_mb=128)


class PrivateEngine:
    """A second dockerd with its own data, socket and containerd."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.host = f"unix://{folder}/docker.sock"
        self._child: Child | None = None

    def start(self) -> None:
        folder = self._folder
        # In a network namespace of its own: a dockerd without a bridge removes docker0.
        argv = ["unshare", "--net", "dockerd", "--host", self.host]
        argv += ["--data-root", f"{folder}/data"]
        argv += ["--exec-root", f"{folder}/run", "--pidfile", f"{folder}/docker.pid"]
        argv += ["--bridge", "none", "--iptables=false", "--ip-masq=false"]
        self._child = Child(argv, log=folder / "dockerd.log")
        self._child.wait_for(self.answers, what="Docker answering", seconds=60)

    def answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.host.removeprefix("unix://"))
            connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b"200 OK" in connection.recv(1000)
        return False

    def load(self, image: Image) -> None:
        with closing(docker.DockerClient(self.host)) as client:
            client.images.load(b"".join(image.save(named=True)))

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop(seconds=30)
            self._child = None


@pytest.fixture
def engine(
    docker_client: docker.DockerClient, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PrivateEngine]:
    """A private engine that has the minimal image; the environment points at it."""
    if not shutil.which("dockerd") or os.geteuid() != 0:
        missing("dockerd, as root,")
    with TemporaryDirectory(prefix="callsheet-docker-", ignore_cleanup_errors=True) as folder:
        made = PrivateEngine(Path(folder))
        made.start()
        made.load(docker_client.images.get("callsheet-sandbox:minimal"))
        monkeypatch.setenv("DOCKER_HOST", made.host)
        yield made
        made.stop()
        # dockerd binds this folder to itself
        subprocess.run(["umount", "--lazy", f"{folder}/data"], check=False)
    with warnings.catch_warnings():
        # The SDK forgets to close a socket that could not connect.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the SDK's, see above
async def test_a_restarted_engine_is_used_again(engine: PrivateEngine):
    driver = DockerDriver()
    box = await driver.create(SPEC)
    running = asyncio.create_task(box.run(["sleep", "100"]))
    await asyncio.sleep(0.2)
    await asyncio.to_thread(engine.stop)

    with pytest.raises(SandboxLost):
        async with asyncio.timeout(12):
            await running
    with pytest.raises(SandboxUnavailable, match="Docker is not running"):
        await driver.create(SPEC)
    status = await driver.check()
    assert not status.available
    assert "Start it" in status.reason

    await asyncio.to_thread(engine.start)

    async def keep(_: SandboxInfo) -> bool:
        return False

    await driver.reap(keep, grace_s=-1)
    assert await driver.list() == ()
    again = await driver.create(SPEC)
    assert (await again.run(["echo", "back"])).stdout == b"back\n"
    await again.kill()
    await driver.close()
