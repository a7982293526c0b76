"""Building an image, once: a second call finds it by the digest of its recipe."""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import docker
import docker.errors
import requests

from sandbox.engine import translate
from sandbox.errors import SandboxError
from sandbox.hardening import REPOSITORY, image_name
from sandbox.images.base import Say, Source, base_image
from sandbox.images.recipes import (
    BASE_LABEL,
    CONTENT_LABEL,
    IMAGE_LABEL,
    RECIPE_LABEL,
    RECIPES,
    STAGE_LABEL,
    Recipe,
)
from sandbox.images.wheels import download

_ASK = "import platform, sys; print('%d.%d' % sys.version_info[:2], platform.machine())"


@dataclass(frozen=True, kw_only=True)
class BuiltImage:
    """An image of ours as the engine has it; `digest` is the engine's content id."""

    flavour: str
    digest: str
    base: str
    content: str
    size: int
    current: bool


def built_images() -> list[BuiltImage]:
    """All our images the engine has. Raises SandboxUnavailable."""
    try:
        with closing(docker.from_env()) as client:
            found = [_built(client, flavour) for flavour in RECIPES]
    except (docker.errors.DockerException, requests.RequestException) as problem:
        raise translate(problem) from problem
    return [image for image in found if image is not None]


def _built(client: docker.DockerClient, flavour: str) -> BuiltImage | None:
    try:
        image = client.images.get(image_name(flavour))
    except docker.errors.ImageNotFound:
        return None
    return BuiltImage(
        flavour=flavour,
        digest=str(image.id),
        base=image.labels.get(BASE_LABEL, ""),
        content=image.labels.get(CONTENT_LABEL, ""),
        size=int(image.attrs["Size"]),
        current=image.labels.get(RECIPE_LABEL) == RECIPES[flavour].digest,
    )


def build(flavour: str, source: Source, say: Say, *, again: bool = False) -> BuiltImage:
    """Build the image, unless it is there and current. Raises SandboxError with one action."""
    try:
        with closing(docker.from_env(timeout=900)) as client:
            known = _built(client, flavour)
            if known and known.current and not again and _from(known, source):
                return known
            base, origin = base_image(client, source, say)
            return _build(client, RECIPES[flavour], base, origin, say)
    except (docker.errors.DockerException, requests.RequestException) as problem:
        raise translate(problem) from problem


def _from(known: BuiltImage, source: Source) -> bool:
    return source == "auto" or known.base.startswith(source)


def _build(
    client: docker.DockerClient, recipe: Recipe, base: str, origin: str, say: Say
) -> BuiltImage:
    with tempfile.TemporaryDirectory(prefix="callsheet-image-") as name:
        folder = Path(name)
        wheels = folder / "wheels"
        wheels.mkdir()
        pip = ""
        content: tuple[str, ...] = ()
        if recipe.requirements:
            say("fetching " + ", ".join(recipe.requirements))
            python, machine = _target(client, base)
            pip, content = download(recipe.requirements, wheels, python=python, machine=machine)
        (folder / "Dockerfile").write_text(recipe.dockerfile(base, pip))
        say(f"building {REPOSITORY}:{recipe.flavour}")
        try:
            client.images.build(
                path=name,
                tag=image_name(recipe.flavour),
                labels={
                    IMAGE_LABEL: recipe.flavour,
                    RECIPE_LABEL: recipe.digest,
                    BASE_LABEL: origin,
                    CONTENT_LABEL: " ".join(content),
                },
                network_mode="none",
                rm=True,
                forcerm=True,
            )
        except docker.errors.BuildError as problem:
            raise SandboxError(f"The image could not be built: {problem.msg}") from problem
    for label in (STAGE_LABEL, IMAGE_LABEL):  # the stage, and what this build replaced
        client.images.prune(filters={"dangling": True, "label": label})
    made = _built(client, recipe.flavour)
    if made is None:
        raise SandboxError("Docker built the image, but does not have it. Try again.")
    return made


def _target(client: docker.DockerClient, base: str) -> tuple[str, str]:
    """The Python version and machine of the base image."""
    told = client.containers.run(
        base, ["python3", "-c", _ASK], remove=True, network_mode="none", read_only=True
    )
    python, machine = told.decode().split()
    return python, machine
