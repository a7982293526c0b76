"""The base image: Debian with Python, from a registry or made by debootstrap."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import docker
import docker.errors
import requests

from sandbox.errors import SandboxUnavailable
from sandbox.hardening import REPOSITORY
from sandbox.images.recipes import BASE_LABEL, REGISTRY_BASE

Source = Literal["registry", "debootstrap", "auto"]
Say = Callable[[str], None]
BASE = f"{REPOSITORY}:base"
_PROBE_S = 5
# Bookworm and later have a new enough Python; another suite on the host does not matter.
_PYTHON = "python3,libpython3-stdlib"
_LEFT_OUT = (
    "./var/cache/apt",
    "./var/lib/apt/lists",
    "./var/log",
    "./usr/share/doc",
    "./usr/share/man",
    "./usr/share/info",
    "./usr/share/locale",
    "./dev",
)


class BaseUnbuildable(SandboxUnavailable):
    """The base image can be had from nowhere."""

    permanent = True


def base_image(client: docker.DockerClient, source: Source, say: Say) -> tuple[str, str]:
    """Make sure the base is there; its name and where it came from (`registry:…` or so).

    A base made before is taken as it is, unless it came from elsewhere than `source` says.
    Raises BaseUnbuildable.
    """
    try:
        known = client.images.get(BASE)
        origin = str(known.labels.get(BASE_LABEL, ""))
        if source == "auto" or origin.startswith(source):
            return BASE, origin
    except docker.errors.ImageNotFound:
        pass
    if source != "debootstrap":
        digest = _probe(_PROBE_S)
        if digest:
            say(f"taking {REGISTRY_BASE} from the registry")
            client.images.pull(REGISTRY_BASE).tag(BASE)
            return BASE, f"registry:{digest}"
        if source == "registry":
            raise BaseUnbuildable(
                f"No registry gives {REGISTRY_BASE}. Use --base debootstrap, or check the network."
            )
        say("no registry answers")
    return BASE, _debootstrap(client, say)


def _probe(timeout_s: int) -> str:
    """The digest the registry has for our base, or "" where none answers in time."""
    client = docker.from_env(timeout=timeout_s)
    try:
        return str(client.images.get_registry_data(REGISTRY_BASE).id)
    except (docker.errors.APIError, requests.RequestException):
        return ""
    finally:
        client.close()


def _debootstrap(client: docker.DockerClient, say: Say) -> str:
    program = shutil.which("debootstrap", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if not program:
        raise BaseUnbuildable("debootstrap is not installed. Run `apt-get install debootstrap`.")
    suite, mirror = _suite(), _mirror()
    say(f"making a base of Debian {suite} (about a minute)")
    with tempfile.TemporaryDirectory(prefix="callsheet-image-") as folder:
        root = Path(folder) / "root"
        command = [program, "--variant=minbase", f"--include={_PYTHON}", suite, str(root)]
        done = subprocess.run(
            [*command, *([mirror] if mirror else [])],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stdout + done.stderr).strip().splitlines()[-1:] or ["no output"]
            raise BaseUnbuildable(
                f"debootstrap failed: {last[0]} (it must run as root and reach a Debian mirror)."
            )
        packed = Path(folder) / "root.tar"
        with tarfile.open(packed, "w") as archive:
            archive.add(root, ".", filter=_wanted)
        origin = f"debootstrap:{suite}"
        client.api.import_image_from_file(
            str(packed),
            repository=REPOSITORY,
            tag="base",
            changes=[
                "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                f"LABEL {BASE_LABEL}={origin}",
            ],
        )
    return origin


def _wanted(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    left_out = any(entry.name == path or entry.name.startswith(path + "/") for path in _LEFT_OUT)
    return None if left_out else entry


def _suite() -> str:
    release = platform.freedesktop_os_release()
    if release.get("ID") != "debian":
        return "stable"
    return release.get("VERSION_CODENAME", "stable")


def _mirror() -> str:
    """Where this host takes its Debian packages from; "" leaves the choice to debootstrap."""
    try:
        listed = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    for line in listed.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] == _suite() and words[2] == "main":
            return words[0]
    return ""
