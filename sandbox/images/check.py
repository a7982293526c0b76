"""Looking whether sandboxes can be made from an image: by making one."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.api import SandboxSpec
from sandbox.docker_driver import DockerDriver
from sandbox.errors import ImageUnusable

_VERSION = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
_SIZE_MB, _TTL_S = 128, 30


@dataclass(frozen=True, kw_only=True)
class CheckedImage:
    """An image that sandboxes can be made from. `digest` names its content on this engine."""

    name: str
    digest: str
    python: str


async def image_check(name: str) -> CheckedImage:
    """Make a sandbox from a local image and remove it.

    Raises ImageMissing, ImageUnusable (no Python, or one older than 3.9) and SandboxUnavailable.
    """
    driver = DockerDriver()
    try:
        box = await driver.create(SandboxSpec(image=name, memory_mb=_SIZE_MB, ttl_s=_TTL_S))
        try:
            told = await box.run(["python3", "-c", _VERSION])
            if not told.ok:
                raise ImageUnusable(f"Programs do not run in the image {name}. Choose another one.")
            version = told.stdout.decode(errors="replace").strip()
            return CheckedImage(name=name, digest=await box.image(), python=version)
        finally:
            await box.kill()
    finally:
        await driver.close()
