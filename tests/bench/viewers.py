"""Many viewers of one run in one thread, which while it lasts do nothing but note when bytes came:
a hundred that parse what they get would be what is measured."""

import json
import select
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

PIECE = 1 << 18
MOST_S = 120


@dataclass
class Viewer:
    """A websocket and what came in by it, as (time.time(), bytes)."""

    line: socket.socket
    protocol: ClientProtocol
    pieces: list[tuple[float, bytes]] = field(default_factory=list)

    def read(self) -> None:
        data = self.line.recv(PIECE)
        if not data:
            raise ConnectionError("The server has closed a viewer's line.")
        self.pieces.append((time.time(), data))

    def is_told(self, word: bytes) -> bool:
        return word in b"".join(data for _, data in self.pieces[-20:])

    def messages(self) -> list[tuple[float, Any]]:
        """Take and parse what came in, each message with its time."""
        found: list[tuple[float, Any]] = []
        for at, data in self.pieces:
            self.protocol.receive_data(data)
            frames = (one for one in self.protocol.events_received() if isinstance(one, Frame))
            texts = (frame.data for frame in frames if frame.opcode is Opcode.TEXT)
            found += [(at, json.loads(bytes(text))) for text in texts]
        self.pieces.clear()
        return found


def viewer(url: str, key: str) -> Viewer:
    """Open a websocket with an API key."""
    address = parse_uri(url)
    line = socket.create_connection((address.host, address.port))
    protocol = ClientProtocol(address, max_size=None)
    request = protocol.connect()
    request.headers["Authorization"] = f"Bearer {key}"
    protocol.send_request(request)
    line.sendall(b"".join(protocol.data_to_send()))
    made = Viewer(line, protocol)
    made.read()
    return made


def watch(viewers: list[Viewer], last: bytes) -> None:
    """Read until everybody has got a message with this word in it."""
    poll = select.epoll()
    waiting = {one.line.fileno(): one for one in viewers}
    for number in waiting:
        poll.register(number, select.EPOLLIN)
    until = time.monotonic() + MOST_S
    with poll:
        while waiting and time.monotonic() < until:
            for number, _ in poll.poll(1):
                waiting[number].read()
                if waiting[number].is_told(last):
                    poll.unregister(number)
                    del waiting[number]
    if waiting:
        raise TimeoutError(f"{len(waiting)} viewers have not got {last!r}.")
    for one in viewers:
        one.line.close()
