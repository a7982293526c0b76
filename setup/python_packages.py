"""The virtual environment and the Python packages in it, as the lock files name them."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from setup.steps import PYTHON, ROOT, VENV, SetupError, command, step

UV = VENV / "bin" / "uv"
HERE = Path(__file__).parent


def prepare_venv() -> None:
    """Make `.venv` and put the installer into it."""
    if not PYTHON.exists():
        step("venv", "Virtual environment", [], PYTHON, _make_venv)
    lock = HERE / "uv.lock"
    step("uv", "Installer", [lock], UV, lambda: _install_uv(lock))


def install_python_packages(*, dev: bool) -> None:
    """Install `requirements.lock` (with `dev` the dev lock, which holds more)."""
    lock = ROOT / ("requirements-dev.lock" if dev else "requirements.lock")
    celery = VENV / "bin" / "celery"
    step(lock.stem, "Python packages", [lock], celery, lambda: uv_install(lock))


def uv_install(lock: Path) -> None:
    """Install exactly what a lock file names, checking hashes."""
    argv: list[str | Path] = [UV, "pip", "install", "--python", PYTHON, "--require-hashes"]
    command(
        [*argv, "-r", lock],
        failed="The Python packages could not be installed. Check the network, then try again.",
    )


def _install_uv(lock: Path) -> None:
    if not (VENV / "bin" / "pip").exists():  # some tools make environments without it
        command([PYTHON, "-m", "ensurepip"], failed="pip could not be put into .venv.")
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    command(
        [*pip, "install", "--quiet", "--require-hashes", "-r", lock],
        failed="The installer (uv) could not be installed. Check the network, then try again.",
    )


def _make_venv() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  (it is the one place where that can be said)
        raise SetupError(
            f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}. "
            "Install it, then name it: make run PYTHON=/path/to/python3.11"
        )
    if importlib.util.find_spec("ensurepip") is None:
        _install_ensurepip()
    shutil.rmtree(VENV, ignore_errors=True)
    command(
        [sys.executable, "-m", "venv", VENV],
        failed="The virtual environment .venv could not be made.",
    )


def _install_ensurepip() -> None:
    """Debian keeps the part of Python that makes virtual environments in a package of its own."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError(
            "This Python cannot make virtual environments (it has no ensurepip). "
            f"On Debian or Ubuntu: sudo apt-get install {package}"
        )
    from setup.engines import apt_install

    apt_install([package])
