"""Viewers that do not read: they are sent away to come back, and cost nobody anything."""

import json
import threading
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.integration.runs.documents import steps
from tests.integration.runs.house import House

Json = Any
MB = 1 << 20
COUNT = 150
_LARGE = """
from runs.journal import entries as e, store
text = e.ActionFinished(output="x" * {size})
new = store.NewEntry(payload=text, action=e.action_id("{run}", "none"))
for _ in range({count}):
    store.append_one(store.Write(run="{run}", entries=(new,), allowed=("finished",)))
"""


def watch(house: House, run: str, after: int, *, queue: int | None = None) -> ClientConnection:
    """Watch a run; with a `queue`, the socket is read no further than so many messages ahead."""
    return connect(
        f"{house.installation.url.replace('http', 'ws')}/ws/runs/{run}/?after={after}",
        additional_headers=house.headers,
        max_size=None,
        max_queue=queue,
        open_timeout=20,
        ping_interval=None,
    )


def seqs_until(socket: ClientConnection, last: int) -> list[int]:
    found: list[int] = []
    while not found or found[-1] < last:
        message = json.loads(socket.recv(timeout=60))
        if message["type"] == "entry":
            found.append(message["entry"]["seq"])
    return found


def to_the_close(socket: ClientConnection) -> tuple[list[int], int | None]:
    """Return what still comes, and the code that the server closes with."""
    found: list[int] = []
    try:
        while True:
            message = json.loads(socket.recv(timeout=20))
            if message["type"] == "entry":
                found.append(message["entry"]["seq"])
    except ConnectionClosed as closed:
        return found, closed.rcvd.code if closed.rcvd else None


def resident(pid: int) -> int:
    """Return the bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def too_slow(output: str) -> str:
    return "\n".join(line for line in output.splitlines() if "viewer_too_slow" in line)


def test_one_that_does_not_read_is_closed_and_one_that_reads_is_not(house: House) -> None:
    run = house.start(steps(2))
    begun = len(house.finished(run))
    web = house.installation.web
    assert web is not None
    before = resident(web.pid)
    seen: list[int] = []
    with watch(house, run, begun) as reader, watch(house, run, begun, queue=1) as sleeper:
        reading = threading.Thread(target=lambda: seen.extend(seqs_until(reader, begun + COUNT)))
        reading.start()
        house.installation.shell(_LARGE.format(size=MB, count=COUNT, run=run))
        reading.join(60)
        assert seen == list(range(begun + 1, begun + COUNT + 1))
        web.wait_for(lambda: run in too_slow(web.output()), what="the end", seconds=60)
        assert resident(web.pid) - before < COUNT * MB * 0.6
        late, code = to_the_close(sleeper)
        assert code == 4408
        # It comes back for what it has not seen.
        last = max(late, default=begun)
        assert last < begun + COUNT
        with watch(house, run, last) as again:
            assert seqs_until(again, begun + COUNT) == list(range(last + 1, begun + COUNT + 1))
        reader.ping().wait(10)
