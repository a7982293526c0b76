"""A Celery broker in a folder: each message is a file, there whole or not at all.

Kombu's `filesystem://` opens a message's file before it writes it, and its bindings' too. A reader
that comes in between ends the worker with all its runs; a process killed there leaves an empty list
of bindings, with which no worker starts again.
"""

import json
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.transport import virtual


class Channel(virtual.Channel):
    """Each process knows the bindings by declaring them, so only messages are in the folder."""

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        name = f"{time.time_ns()}_{uuid4()}"
        part = self._folder / f"{name}.part"
        part.write_text(json.dumps(message))
        part.rename(part.with_name(f"{name}.{queue}.msg"))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for path in self._messages(queue):
            with suppress(OSError, ValueError):  # another's by now; no message
                text = path.read_bytes()
                path.unlink()
                return json.loads(text)
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._messages(queue))

    def _purge(self, queue: str) -> int:
        messages = self._messages(queue)
        for path in messages:
            path.unlink(missing_ok=True)
        return len(messages)

    def _messages(self, queue: str) -> list[Path]:
        """Return a queue's messages, the oldest first."""
        return sorted(self._folder.glob(f"*.{queue}.msg"))

    @property
    def _folder(self) -> Path:
        return Path(self.connection.client.transport_options["folder"])


class Transport(virtual.Transport):
    """`folder://`, without fanout: one worker has nobody to be told together with."""

    Channel = Channel
    driver_type = driver_name = "folder"
    global_state = virtual.BrokerState()  # type: ignore[no-untyped-call]
    implements = virtual.Transport.implements.extend(
        asynchronous=False, exchange_type=frozenset(["direct"])
    )

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)  # type: ignore[no-untyped-call]
        self.state = self.global_state

    def driver_version(self) -> str:
        return "1"
