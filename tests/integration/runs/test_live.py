"""The websocket of a run: who gets in, and that nobody misses or repeats an entry."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import delegate, desk, steps
from tests.integration.runs.house import House

Json = Any
_STRANGER = """
from teams.services import api_key_create, team_create_personal, user_create
user = user_create(email="{email}", name="Eve")
print(api_key_create(user=user, team=team_create_personal(user=user), name="x"))
"""
_LONG = """
from runs.journal import entries as e, store
for start in range(0, {count}, 250):
    text = e.ActionFinished(output="x" * 300)
    made = (store.NewEntry(payload=text, action=e.action_id("{run}", "none")),) * 250
    store.append_one(store.Write(run="{run}", entries=made, allowed=("finished",)))
"""


@contextmanager
def watching(
    house: House, run: str, after: object = "", **headers: str
) -> Iterator[ClientConnection]:
    query = f"?after={after}" if after != "" else ""
    address = f"{house.installation.url.replace('http', 'ws')}/ws/runs/{run}/{query}"
    with connect(
        address,
        additional_headers=headers or house.headers,
        max_size=None,
        max_queue=None,
        open_timeout=20,
    ) as socket:
        yield socket


def until(socket: ClientConnection, end: Any, seconds: float = 20) -> list[Json]:
    """Return the messages up to the one of which `end` holds."""
    messages: list[Json] = []
    while not messages or not end(messages[-1]):
        messages.append(json.loads(socket.recv(timeout=seconds)))
    return messages


def caught_up(message: Json) -> bool:
    return bool(message["type"] == "caught_up")


def over(message: Json) -> bool:
    return bool(message["type"] == "entry" and message["entry"]["kind"] == "run.finished")


def seqs(messages: list[Json]) -> list[int]:
    return [m["entry"]["seq"] for m in messages if m["type"] == "entry"]


def closed_with(house: House, run: str, **headers: str) -> int | None:
    with watching(house, run, **headers) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=10)
    frame = closed.value.rcvd
    return frame.code if frame else None


def test_who_gets_in(house: House) -> None:
    run = house.start(steps(2))
    house.finished(run)
    foreign = house.installation.shell(_STRANGER.format(email=f"{uuid4().hex}@example.com"))
    assert closed_with(house, run, Authorization="Bearer cs_nobody") == 4401
    assert closed_with(house, run, Origin=house.installation.url) == 4401
    assert closed_with(house, run, Authorization=f"Bearer {foreign.splitlines()[-1]}") == 4404
    assert closed_with(house, str(uuid4())) == 4404
    with pytest.raises(InvalidStatus), watching(house, run, Origin="http://elsewhere.example"):
        pass
    with watching(house, run) as socket:
        assert seqs(until(socket, caught_up)) == list(range(1, house.read(run)["seq"] + 1))


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "٣", "99999999999999999999", "", "0"])
def test_an_after_that_is_no_seq_means_from_the_start(house: House, after: str) -> None:
    run = house.start(steps(2))
    house.finished(run)
    with watching(house, run, after) as socket:
        assert seqs(until(socket, caught_up))[:1] in ([1], [])


def test_what_a_client_says_changes_nothing(house: House) -> None:
    run = house.start(steps(2))
    house.finished(run)
    garbage: list[str | bytes] = [
        '{"type": "cancel"}',
        "[]",
        "null",
        "7",
        "{",
        "x" * 50_000,
        b"\xff\x00",
        '{"type":',
    ]
    with watching(house, run) as socket:
        until(socket, caught_up)
        for text in garbage:
            socket.send(text)
        socket.send('{"type": "ping"}')
        assert until(socket, lambda m: m["type"] == "pong")[-1] == {"type": "pong"}
    assert house.read(run)["status"] == "finished"


def test_viewers_that_come_and_go_see_each_entry_once_in_order(house: House) -> None:
    """Many writers of one journal, viewers from the start, and one that reconnects all the time."""
    wishes = tuple(delegate(f"w{n % 4}", f"part {n}") for n in range(8))
    house.server.rules = [
        Rule(anywhere="You lead.", times=1, latency_ms=500, reply=Reply(tool_calls=wishes)),
        Rule(anywhere="You lead.", reply=Reply(text="all done")),
        Rule(latency_ms=200, piece_ms=20, reply=Reply(text="some words, streamed", pieces=5)),
    ]
    run = house.start(desk([f"w{n}" for n in range(4)]))
    seen: list[list[Json]] = [[], [], []]

    def watch(n: int) -> None:
        with watching(house, run) as socket:
            seen[n] = until(socket, over)

    def reconnect() -> None:
        while not (seen[2] and over(seen[2][-1])):
            last = max(seqs(seen[2]), default=0)
            with watching(house, run, last) as socket:
                for _ in range(7):
                    seen[2].append(json.loads(socket.recv(timeout=20)))
                    if over(seen[2][-1]):
                        break

    threads = [threading.Thread(target=watch, args=(n,)) for n in range(2)]
    threads.append(threading.Thread(target=reconnect))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    entries = house.finished(run)
    for messages in seen:
        assert seqs(messages) == list(range(1, len(entries) + 1))
    assert [m["entry"] for m in seen[0] if m["type"] == "entry"] == entries
    deltas = [message for message in seen[0] if message["type"] == "delta"]
    texts: defaultdict[str, str] = defaultdict(str)
    for delta in deltas:
        texts[delta["action"]] += delta["text"]
    assert any("some words" in text for text in texts.values())
    assert texts.keys() <= {entry["action"] for entry in entries}


def test_a_backlog_of_thousands_comes_whole_and_in_order(house: House) -> None:
    run = house.start(steps(2))
    begun = len(house.finished(run))
    house.installation.shell(_LONG.format(count=5_000, run=run))
    with watching(house, run) as socket:
        messages = until(socket, caught_up)
    assert seqs(messages) == list(range(1, begun + 5_001))
    assert messages[-1]["seq"] == begun + 5_000
    with watching(house, run, begun + 4_990) as socket:
        assert seqs(until(socket, caught_up)) == list(range(begun + 4_991, begun + 5_001))
