"""Run every test: `python -m tests.engines.everything`.

Beside them, since they mostly wait for something, those that use the database run a second time, on
PostgreSQL, and then the pages' own; what these say is shown at the end.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from typing import IO

from tests.engines.services import docker_engine

PYTEST = (sys.executable, "-m", "pytest")
BESIDE = (
    (sys.executable, "-m", "tests.engines", *PYTEST, "-m", "database"),
    (sys.executable, "-m", "setup", "npm", "test"),
)


def main() -> int:
    with ExitStack() as stack:
        if shutil.which("dockerd") and os.geteuid() == 0:
            # One for both: each would start one of its own, and end it under the other's feet.
            stack.enter_context(docker_engine())
        told = stack.enter_context(tempfile.TemporaryFile())
        beside = subprocess.Popen(
            [sys.executable, "-m", "tests.engines.everything", "beside"],
            stdout=told,
            stderr=subprocess.STDOUT,
        )
        stack.callback(_end, beside)
        codes = [subprocess.run(PYTEST, check=False).returncode, beside.wait()]
        _show(told)
        return int(any(codes))


def beside() -> int:
    """Run what goes on beside, one after the other."""
    codes = [subprocess.run(command, check=False).returncode for command in BESIDE]
    return int(any(codes))


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
