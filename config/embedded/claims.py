"""What one running installation has for itself alone: its port and its data folder."""

import errno
import fcntl
import os
import socket
from pathlib import Path

HOST = "127.0.0.1"


class Claimed(Exception):
    """Another program already has the port or the data folder; the text says what to do."""


def check_port(port: int) -> None:
    """Raise Claimed unless `port` of the loopback address is free to listen on."""
    with socket.socket() as probe:
        # As the server will: a connection of the last run that still winds down is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Claimed(
                    f"Port {port} is in use by another program (or by a Callsheet that already "
                    f"runs). Stop that one, or choose another port: PORT={port + 1} make run"
                ) from None
            if error.errno == errno.EACCES:
                raise Claimed(
                    f"You may not listen on port {port}. Choose one above 1023: PORT=8000 make run"
                ) from None
            raise


def claim_folder(folder: Path, address: str) -> int:
    """Lock the data folder until this process ends and return the lock's descriptor.

    Two installations on one folder would fight over the broker and the live socket.
    """
    path = folder / "serve.lock"
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = path.read_text().strip() or "another process"
        os.close(lock)
        raise Claimed(
            f"The data folder {folder} is in use by {owner}. Stop that one, or choose another "
            "folder: CALLSHEET_DATA_DIR=… make run"
        ) from None
    os.ftruncate(lock, 0)
    os.write(lock, f"the Callsheet at {address} (process {os.getpid()})\n".encode())
    return lock
