"""What would keep a run from working, said before it starts."""

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.cache import cache

from crews.spec import CrewSpec, SandboxChoice
from runs.engine.asking import PLAYABLE
from runs.errors import BadRequest
from runs.tools import TOOLS
from sandbox.api import EngineStatus
from sandbox.docker_driver import DockerDriver

KEPT_S = 5


def check_supported(spec: CrewSpec) -> None:
    """Raise BadRequest for what a document may ask of roles and cannot be had yet."""
    for name, role in spec.roles.items():
        if role.kind not in PLAYABLE:
            raise BadRequest(
                f"roles.{name}.kind: roles of kind '{role.kind}' cannot run yet; these can:"
                f" {', '.join(PLAYABLE)}"
            )
        if role.sandbox is not None and role.sandbox.network != "none":
            raise BadRequest(
                f"roles.{name}.sandbox.network: sandboxes have no network yet, not even to chosen"
                " hosts; set it to none"
            )


def check_sandboxes(spec: CrewSpec, *, here: bool) -> None:
    """Raise BadRequest where roles execute code and this machine cannot make their sandboxes.

    In production the workers are elsewhere; what they lack shows in the run.
    """
    needed = sandboxed_roles(spec)
    if not needed or not (settings.EMBEDDED or here):
        return
    status = sandbox_status()
    names = ", ".join(needed)
    if not status.available:
        raise BadRequest(f"These roles execute code and need a sandbox: {names}. {status.reason}")
    images = {
        (role.sandbox or SandboxChoice()).image
        for name, role in spec.roles.items()
        if name in needed
    }
    for image in sorted(images & {"default", "node", "minimal"} - set(status.images)):
        raise BadRequest(
            f"The sandbox image '{image}' of {names} is not built yet."
            f" Build it with: .venv/bin/python manage.py sandbox_image {image}"
        )


def sandboxed_roles(spec: CrewSpec) -> list[str]:
    """Return the roles that cannot do their work without a sandbox."""
    return [
        name
        for name, role in spec.roles.items()
        if role.kind in ("code", "command")
        or any(TOOLS[use.name].info.needs_sandbox for use in role.tools if use.name in TOOLS)
    ]


def sandbox_status() -> EngineStatus:
    """Return whether sandboxes can be made on this machine, as it was a few seconds ago."""
    known: EngineStatus | None = cache.get("sandbox-status")
    if known is None:
        known = async_to_sync(_ask)()
        cache.set("sandbox-status", known, KEPT_S)
    return known


async def _ask() -> EngineStatus:
    driver = DockerDriver()
    try:
        return await driver.check()
    finally:
        await driver.close()
