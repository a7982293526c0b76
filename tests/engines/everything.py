"""Run every test: `python -m tests.engines.everything`.

Beside them, those that use the database run a second time, on PostgreSQL, and then the pages' own;
what these say is shown at the end. Each pass has several processes, as tests mostly wait. The few
that fail in such a crowd are run once more, one after the other, and named.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from config.data_dir import BASE_DIR
from config.embedded.deathwatch import die_with_parent
from tests.engines.services import docker_engine

CPUS = min(os.cpu_count() or 2, 8)
# More failures than these are no accident.
FEW = 5
# Run by `tests/conftest.py`, whose order must be kept.
PYTEST = (sys.executable, "-m", "pytest", "--dist=loadscope", "--no-loadscope-reorder")
ON_SQLITE = (*PYTEST, f"--numprocesses={CPUS + 2}")
ON_POSTGRES = (*PYTEST, f"--numprocesses={CPUS}", "-m", "database and not alike")
BESIDE = {
    "on PostgreSQL": (sys.executable, "-m", "tests.engines", *ON_POSTGRES),
    "of the pages": (sys.executable, "-m", "setup", "npm", "test"),
}


def main() -> int:
    _keep_bytecode()
    with ExitStack() as stack:
        if shutil.which("dockerd") and os.geteuid() == 0:
            # One for all: each would start one of its own, and end it under the others' feet.
            stack.enter_context(docker_engine())
            # What needs them waits; what does not need them begins.
            stack.callback(_end, _start("tests.engines.images"))
        told = stack.enter_context(tempfile.TemporaryFile())
        beside = _start("tests.engines.everything", "beside", told=told)
        stack.callback(_end, beside)
        codes = [_run("on SQLite", ON_SQLITE), beside.wait()]
        _show(told)
        return int(any(codes))


def beside() -> int:
    """Run what goes on beside, one after the other."""
    codes = [_run(name, command) for name, command in BESIDE.items()]
    return int(any(codes))


def _run(name: str, command: tuple[str, ...]) -> int:
    begun, failed = time.monotonic(), set[str]()
    with tempfile.TemporaryDirectory() as cache:
        if "pytest" in command:
            command = (*command, "-o", f"cache_dir={cache}")
        code = subprocess.run(command, check=False, preexec_fn=_die_with_us()).returncode
        if code and 0 < len(failed := _failed(Path(cache))) <= FEW:
            again = (*command, "--numprocesses=0", "--last-failed")
            code = subprocess.run(again, check=False, preexec_fn=_die_with_us()).returncode
    ended = "passed" if code == 0 else f"FAILED (exit code {code})"
    print(f"Tests {name}: {ended} after {time.monotonic() - begun:.0f} s.", flush=True)  # noqa: T201
    for test in failed:
        print(f"  failed at first: {test}", flush=True)  # noqa: T201
    return code


def _failed(cache: Path) -> set[str]:
    """Return the tests that failed, as pytest keeps them."""
    kept = cache / "v" / "cache" / "lastfailed"
    return set(json.loads(kept.read_text())) if kept.exists() else set()


def _keep_bytecode() -> None:
    """Compile each module once: the tests start hundreds of processes that import the product."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(BASE_DIR) / ".venv" / "bytecode")


def _start(*module: str, told: IO[bytes] | int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", *module]
    return subprocess.Popen(
        command, stdout=told, stderr=subprocess.STDOUT, preexec_fn=_die_with_us()
    )


def _die_with_us() -> functools.partial[None]:
    return functools.partial(die_with_parent, os.getpid())


def _show(told: IO[bytes]) -> None:
    told.seek(0)
    sys.stdout.flush()
    shutil.copyfileobj(told, sys.stdout.buffer)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(beside() if sys.argv[1:] else main())
