"""Child processes of the tests: each with its own log, waited for, stopped by its own id."""

import functools
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from config.embedded.deathwatch import die_with_parent

_anything = random.SystemRandom()  # whatever a test has seeded


# Below those that the kernel gives to connections, which would take one before it is listened on.
_PORTS = range(10_240, 32_768)


def free_port() -> int:
    """Return a TCP port of the loopback address that nothing listens on just now."""
    while True:
        port = _anything.choice(_PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(
    condition: Callable[[], object], *, seconds: float = 15, what: str = "a condition"
) -> None:
    """Return as soon as `condition()` is true; raise TimeoutError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


class Child:
    """A running process whose output goes to `log`; it dies with the test process."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
    ) -> None:
        self.argv = list(argv)
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                self.argv,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                start_new_session=True,
                preexec_fn=functools.partial(die_with_parent, os.getpid()),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return the exit code (negative: the signal that ended it), or None while it runs."""
        return self._process.poll()

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, condition: Callable[[], object], *, what: str, seconds: float = 60) -> None:
        """Wait for `condition()`; fail at once, with the end of the log, when the process ends."""

        def met_or_ended() -> bool:
            return bool(condition()) or self.exit_code() is not None

        try:
            wait_until(met_or_ended, seconds=seconds, what=what)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; {self._story()}") from None
        if not condition():
            raise RuntimeError(f"{what} did not happen: {self._story()}")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process alone (not to its children)."""
        os.kill(self.pid, number)

    def wait(self, seconds: float = 15) -> int:
        """Wait for the end and return the exit code."""
        return self._process.wait(seconds)

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 15) -> int:
        """Ask the process to end and return its exit code; kill it when it does not listen."""
        if self.exit_code() is None:
            self.send(number)
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End the process with SIGKILL and return its exit code."""
        if self.exit_code() is None:
            self._process.kill()
        return self.wait()

    def _story(self) -> str:
        return f"exit code {self.exit_code()} of {' '.join(self.argv)}\n{self.output()[-3000:]}"
