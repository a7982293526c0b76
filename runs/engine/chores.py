"""What worker processes do besides driving runs: keep deadlines, send messages.

A chore looks at the database and does what is due there. Every worker process does all of them,
each in a thread of its own, as some take long; so whatever a chore does it claims first.
"""

import threading
from collections.abc import Callable

import structlog
from django.db import close_old_connections, connection

log = structlog.get_logger(__name__)
EVERY_S = 2.0
Chore = Callable[[], object]
_chores: dict[str, tuple[Chore, float]] = {}


def chore_register(name: str, chore: Chore, *, every_s: float = EVERY_S) -> None:
    """Let workers do a chore, soon after their start and then every two seconds, or `every_s`."""
    _chores[name] = chore, every_s


class Chores:
    """The chores of one worker process, from here until `stop`."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._go_on, args=(name, *chore), name=f"chore-{name}", daemon=True
            )
            for name, chore in _chores.items()
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing new; what is under way is done again by another worker if it must be."""
        self._stopped.set()

    def _go_on(self, name: str, chore: Chore, every_s: float) -> None:
        wait_s = EVERY_S
        while not self._stopped.wait(wait_s):
            wait_s = every_s
            try:
                close_old_connections()
                chore()
            except Exception as error:  # noqa: BLE001 (the next round tries again)
                log.warning("chore_failed", chore=name, error=repr(error))
                connection.close()
        connection.close()
