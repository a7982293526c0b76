"""What the tests need besides Python and Node, by Debian's packages."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from setup.steps import command, say

# What to look for (a program, or a pattern of paths), and the package that brings it.
ENGINES = {
    "dockerd": "docker.io",
    "debootstrap": "debootstrap",
    "redis-server": "redis-server",
    "/usr/lib/postgresql/*/bin/initdb": "postgresql",
    "chromium": "chromium",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core",
}


def install_engines() -> None:
    """Install what is missing; without the right to, say what the tests will skip."""
    packages = [package for what, package in ENGINES.items() if not _here(what)]
    if not packages:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        apt_install(packages)
    else:
        say(
            f"Missing for some tests, which will be skipped: {', '.join(packages)}.\n"
            f"To run them all: sudo apt-get install {' '.join(packages)}"
        )


def apt_install(packages: Sequence[str]) -> None:
    """Install Debian packages (as root)."""
    say(f"Debian packages {', '.join(packages)} …")
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    failed = f"Debian's packages {', '.join(packages)} could not be installed."
    command(["apt-get", "update", "-qq"], env=env, failed=failed)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
    command([*install, *packages], env=env, failed=failed)


def _here(what: str) -> bool:
    if what.startswith("/"):
        return any(Path("/").glob(what.lstrip("/")))
    # Debian's servers are in /usr/sbin, which a plain user's PATH may lack.
    return shutil.which(what, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None
