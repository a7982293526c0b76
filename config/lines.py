"""What is known of the line to a viewer: how much has not arrived there, and how it is closed.

Daphne takes whatever a consumer sends, however little the viewer reads, and does not tell. So every
websocket's scope gets a `line`, which looks at Daphne's buffer and the kernel's.
"""

import fcntl
import struct
import termios
import time
from typing import Any

# Bytes. A viewer has nothing long to say.
MOST_SAID = 1 << 16
# How long one that does not read may take to find out why it was closed: the reason comes last.
LINGER_S = 30


class Line:
    """One websocket, as Daphne's protocol object of it knows it."""

    def __init__(self, protocol: Any, hand_out: Any) -> None:
        self._protocol = protocol
        self._hand_out = hand_out
        protocol.maxMessagePayloadSize = MOST_SAID

    async def send(self, message: Any) -> None:
        """Send a message of any length. Autobahn's limit is for what comes in, but binds both."""
        self._protocol.maxMessagePayloadSize = 0
        try:
            await self._hand_out(message)
        finally:
            self._protocol.maxMessagePayloadSize = MOST_SAID

    def backlog(self) -> int:
        """Return how many bytes were sent and have not arrived."""
        transport = self._protocol.transport
        waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
        try:
            queued = fcntl.ioctl(transport.fileno(), termios.TIOCOUTQ, bytes(4))
        except (OSError, ValueError):  # it is closed
            return 0
        return waiting + int(struct.unpack("i", queued)[0])

    def reads(self) -> None:
        """Tell Daphne that the viewer is there, though a ping may still be behind a backlog."""
        self._protocol.last_ping = time.time()
        self._expect_no_pong()

    def close(self, code: int) -> None:
        """Close with any code, after what was sent before."""
        self._expect_no_pong()
        self._protocol.closeHandshakeTimeout = LINGER_S
        # `sendClose`, which Daphne uses, refuses the codes of the standard, such as 1011.
        self._protocol.sendCloseFrame(code=code)

    def _expect_no_pong(self) -> None:
        if (due := self._protocol.autoPingTimeoutCall) is not None:
            due.cancel()
            self._protocol.autoPingTimeoutCall = None


class WithLine:
    """Gives each websocket's scope its `line`, where the server is Daphne."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        # Daphne's `send` is its `handle_reply`, bound to the connection's protocol object.
        protocol = next(iter(getattr(send, "args", ())), None)
        if hasattr(getattr(protocol, "transport", None), "dataBuffer"):
            line = Line(protocol, send)
            return await self._app({**scope, "line": line}, receive, line.send)
        return await self._app(scope, receive, send)
