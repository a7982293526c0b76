"""What would keep a run from working, said before it starts."""

from hashlib import sha256

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.cache import cache

from crews.spec import CrewSpec, SandboxChoice
from runs.engine.asking import PLAYABLE
from runs.engine.commanding import is_played, missing_program
from runs.errors import BadRequest
from runs.images import images_pin
from runs.tools import TOOLS
from sandbox.api import EngineStatus, SandboxSpec
from sandbox.docker_driver import DockerDriver
from sandbox.errors import SandboxError
from teams.models import Team
from teams.services import credential_resolve
from teams.services.credentials import ENVIRONMENT

KEPT_S = 5
PROGRAM_KEPT_S = 3600
PROBE_S = 30


def check_supported(spec: CrewSpec) -> None:
    """Raise BadRequest for what a document may ask of roles and cannot be had yet."""
    for name, role in spec.roles.items():
        if role.kind not in PLAYABLE:
            raise BadRequest(
                f"roles.{name}.kind: roles of kind '{role.kind}' cannot run yet; these can:"
                f" {', '.join(PLAYABLE)}"
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
    if (runtime := settings.SANDBOX_RUNTIME) and runtime not in status.runtimes:
        raise BadRequest(
            f"Docker here has no runtime '{runtime}', which CALLSHEET_SANDBOX_RUNTIME asks for;"
            f" it has {', '.join(status.runtimes)}. Install it, or unset the variable."
        )
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


def images(spec: CrewSpec, *, team: Team, here: bool) -> dict[str, str]:
    """Return the digests of the images of a crew's sandboxes, as far as they are known here.
    Raises BadRequest for one that the team may not use."""
    wanted = {
        name: (spec.roles[name].sandbox or SandboxChoice()).image for name in sandboxed_roles(spec)
    }
    status = sandbox_status() if wanted and (settings.EMBEDDED or here) else None
    return images_pin(wanted, team=team, status=status)


def check_commands(spec: CrewSpec, *, team: Team, here: bool, rehearsal: bool) -> None:
    """Raise BadRequest for a `command` role whose credential the team has not, or whose image has
    not its program."""
    for name, role in spec.roles.items():
        command, box = role.command, role.sandbox or SandboxChoice()
        if command is None or is_played(role, rehearsal):
            continue
        path, credential = f"roles.{name}.command", command.credential
        if credential and not any(
            credential_resolve(team=team, provider=provider, name=credential, environment=here)
            for provider in ENVIRONMENT
        ):
            raise BadRequest(
                f"{path}.credential: the team has no credential '{credential}'. Add it in the"
                " settings"
            )
        program = command.argv[0]
        known_later = "/" in program and not program.startswith("/")
        if not known_later and (settings.EMBEDDED or here) and not _has_program(box.image, program):
            raise BadRequest(f"{path}.argv: {missing_program(name, box.image, program)}")


def _has_program(image: str, program: str) -> bool:
    """Say whether an image has a program; asked of a container of it, and remembered a while."""
    digest = sandbox_status().images.get(image, "")
    key = f"sandbox-program-{sha256(f'{image} {digest} {program}'.encode()).hexdigest()}"
    known: bool | None = cache.get(key)
    if known is None:
        known = async_to_sync(_look_for)(image, program)
        cache.set(key, known, PROGRAM_KEPT_S if digest else KEPT_S)
    return known


async def _look_for(image: str, program: str) -> bool:
    look = "import shutil, sys; sys.exit(shutil.which(sys.argv[1]) is None)"
    driver = DockerDriver()
    try:
        sandbox = await driver.create(SandboxSpec(image=image, ttl_s=PROBE_S))
        try:
            return (await sandbox.run(["python3", "-c", look, program], timeout_s=PROBE_S)).ok
        finally:
            await sandbox.kill()
    except SandboxError as error:
        raise BadRequest(f"The sandbox image '{image}' cannot be used. {error}") from None
    finally:
        await driver.close()


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
