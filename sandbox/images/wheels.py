"""Fetching the Python packages of an image on the host, for the Python of the image."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.errors import SandboxUnavailable

_GLIBC = range(17, 37)  # manylinux_2_17 … 2_36: Debian 12 and python:3.12-slim have glibc 2.36


class PackagesUnavailable(SandboxUnavailable):
    """The Python packages of the image could not be fetched."""


def download(
    requirements: Sequence[str], folder: Path, *, python: str, machine: str
) -> tuple[str, tuple[str, ...]]:
    """Fetch wheels for CPython `python` ("3.12") on `machine` ("x86_64") into `folder`.

    Returns the file name of the pip wheel, and `name==version` of all others.
    Raises PackagesUnavailable.
    """
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in _GLIBC]
    platforms += [f"manylinux2014_{machine}"]
    command = [*_pip(), "download", "--quiet", "--dest", str(folder), "--only-binary=:all:"]
    command += ["--implementation", "cp", "--python-version", python]
    for name in platforms:
        command += ["--platform", name]
    done = subprocess.run(
        [*command, "pip", *requirements], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise PackagesUnavailable(f"pip could not fetch the packages: {last}")
    names = sorted(path.name for path in folder.glob("*.whl"))
    pip = next(name for name in names if name.startswith("pip-"))
    return pip, tuple("==".join(name.split("-")[:2]) for name in names if name != pip)


def _pip() -> list[str]:
    """A pip that can be run here: this environment's, the system's, or one that uv brings."""
    for python in (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin")):
        if python and _works([python, "-m", "pip"]):
            return [python, "-m", "pip"]
    system = shutil.which("python3")
    if system and _works([system, "-m", "pip"]):
        return [system, "-m", "pip"]
    if _works(["uv", "tool", "run", "pip"]):
        return ["uv", "tool", "run", "pip"]
    raise PackagesUnavailable("pip is not installed. Run `apt-get install python3-pip`.")


def _works(command: list[str]) -> bool:
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0
