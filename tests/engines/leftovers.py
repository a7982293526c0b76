"""What the tests leave in Docker: found by the process it belongs to, and removed."""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

import docker
from docker.errors import APIError

from sandbox.docker_driver import INSTANCE_LABEL
from tests.engines.services import docker_answers

# Where the process's number counts, the number, when it began, and something that nobody has had.
_INSTANCE = re.compile(r"tests-(?P<space>\d+)-(?P<pid>\d+)-(?P<begun>\d+)-")


def instance() -> str:
    """Name this process as an installation: what its sandboxes are labelled with."""
    pid = os.getpid()
    return f"tests-{_space()}-{pid}-{_begun(pid)}-{secrets.token_hex(4)}"


def remove_sandboxes(*, own: bool = False) -> None:
    """Remove the sandboxes of test processes that were killed; `own`, those of this one."""
    if not docker_answers():
        return
    client = docker.from_env()
    try:
        for sandbox in client.containers.list(
            all=True, sparse=True, filters={"label": INSTANCE_LABEL}
        ):
            name = sandbox.attrs["Labels"][INSTANCE_LABEL]
            if name.startswith(os.environ["CALLSHEET_INSTANCE"]) if own else _is_dead(name):
                with suppress(APIError):  # another process removes it just now
                    sandbox.remove(force=True)
    finally:
        client.close()


def _is_dead(name: str) -> bool:
    found = _INSTANCE.match(name)
    if not found or found["space"] != _space():  # perhaps alive where we do not see it
        return False
    return _begun(int(found["pid"])) != found["begun"]


def _space() -> str:
    """Number the PID namespace: another one's processes have other numbers."""
    with suppress(OSError):
        return re.sub(r"\D", "", str(Path("/proc/self/ns/pid").readlink()))
    return "0"


def _begun(pid: int) -> str:
    """Tell when a process began, in the kernel's ticks; "0" when there is none."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return "0"
