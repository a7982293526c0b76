"""The line to a viewer: what goes out, how much of it has not arrived there, and how it is closed.

Daphne takes whatever a consumer sends, however little the viewer reads, and does not tell. So every
websocket's scope gets a `line`, which looks at Daphne's buffer and the kernel's. It also sends what
goes to many viewers, framed once, without the detours of each through Daphne.
"""

import fcntl
import struct
import termios
import time
from typing import Any

from runs.pace import Message

# Bytes. A viewer has nothing long to say.
MOST_SAID = 1 << 16
# How long one that does not read may take to find out why it was closed: the reason comes last.
LINGER_S = 30


class Line:
    """One websocket, as Daphne's protocol object of it knows it."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        protocol.maxMessagePayloadSize = MOST_SAID

    def write(self, message: Message) -> None:
        """Send a message of any length; nothing once the line is closed."""
        protocol, transport = self._protocol, self._protocol.transport
        if protocol.state != protocol.STATE_OPEN or not transport.connected:
            return
        if message.frame is None:
            prepared = protocol.factory.prepareMessage(message.data, doNotCompress=True)
            message.frame = prepared.payloadHybi
        frame, written = message.frame, 0
        if not self._unwritten():
            # Most viewers take it at once; the reactor would need two rounds of its loop for that.
            taken = transport.writeSomeData(frame)
            written = taken if isinstance(taken, int) else 0
        if written < len(frame):
            transport.write(frame[written:])

    def backlog(self) -> int:
        """Return how many bytes were sent and have not arrived."""
        try:
            queued = fcntl.ioctl(self._protocol.transport.fileno(), termios.TIOCOUTQ, bytes(4))
        except (OSError, ValueError):  # it is closed
            return 0
        return self._unwritten() + int(struct.unpack("i", queued)[0])

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

    def _unwritten(self) -> int:
        transport = self._protocol.transport
        size: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
        return size

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
            scope = {**scope, "line": Line(protocol)}
        return await self._app(scope, receive, send)
