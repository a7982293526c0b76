"""Messages wake, tables tell: runs and viewers while messages, Redis and the web are lost."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
import redis as redis_client
from websockets.exceptions import ConnectionClosed

from tests.engines.processes import wait_until
from tests.engines.services import Redis
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import delegate, desk, steps
from tests.integration.runs.house import House
from tests.integration.runs.test_live import over, seqs, until, watching

Json = Any


@pytest.fixture
def redis_of(house: House, house_redis: Redis | None) -> Redis:
    if house_redis is None:
        pytest.skip("embedded, there is no Redis")
    return house_redis


@contextmanager
def flushing(server: Redis) -> Iterator[None]:
    """Empty Redis over and over."""
    over = threading.Event()

    def flush() -> None:
        with redis_client.Redis(port=server.port) as client:
            while not over.wait(0.01):
                client.flushall()

    thread = threading.Thread(target=flush)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_every_message_lost(house: House, redis_of: Redis) -> None:
    wishes = tuple(delegate(f"w{n}", "do it") for n in range(3))
    house.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
        Rule(latency_ms=100),
    ]
    with flushing(redis_of):
        runs = [house.start(steps(3)), house.start(desk(["w0", "w1", "w2"]))]
        with watching(house, runs[1]) as socket:
            messages = until(socket, over)
        entries = [house.finished(run) for run in runs]
    assert seqs(messages) == list(range(1, len(entries[1]) + 1))
    assert len(house.calls()) == sum(map(trail.attempts, entries)) == 8


def test_redis_killed_and_back(house: House, redis_of: Redis) -> None:
    house.server.rules = [Rule(latency_ms=700)]
    run = house.start(steps(4))
    house.in_flight("step 1")
    redis_of.kill()
    try:
        # A run that is started now, and one that is under way, need no Redis.
        other = house.start(steps(2))
        entries = [house.finished(each) for each in (run, other)]
        # Nor does somebody who wants to look.
        with watching(house, run) as socket:
            assert seqs(until(socket, over)) == list(range(1, len(entries[0]) + 1))
    finally:
        redis_of.start()
    assert len(house.calls()) == sum(map(trail.attempts, entries)) == 6
    house.finished(house.start(steps(2)))


def test_a_viewer_stays_while_redis_is_away(house: House, redis_of: Redis) -> None:
    house.server.rules = [Rule(latency_ms=1_000)]
    run = house.start(steps(4))
    with watching(house, run) as socket:
        first = until(socket, lambda m: m["type"] == "caught_up")
        redis_of.kill()
        try:
            messages = first + until(socket, over)
        finally:
            redis_of.start()
    assert seqs(messages) == list(range(1, len(house.finished(run)) + 1))


def test_the_web_killed_and_back(house: House) -> None:
    house.server.rules = [Rule(anywhere="step 1", latency_ms=1_500), Rule(latency_ms=200)]
    run = house.start(steps(5))
    seen: list[Json] = []
    with suppress(ConnectionClosed), watching(house, run) as socket:
        house.in_flight("step 1")
        assert house.installation.web
        house.installation.web.kill()
        while True:
            seen.append(json.loads(socket.recv(timeout=10)))
    house.installation.start_web()
    wait_until(lambda: house.workers(), what="workers")
    with watching(house, run, max(seqs(seen), default=0)) as socket:
        seen += until(socket, over)
    entries = house.finished(run)
    assert seqs(seen) == list(range(1, len(entries) + 1))
    repeated = 1 if house.installation.mode == "embedded" else 0
    assert len(house.calls()) == trail.attempts(entries) <= 5 + repeated


def test_connections_to_the_database_cut_all_the_time(
    house: House, house_redis: Redis | None
) -> None:
    if house_redis is None:
        pytest.skip("embedded, the database is a file")
    house.server.rules = [Rule(latency_ms=20)]
    crew = house.post("/crews/import", steps(6))
    runs = [house.post("/runs", {"crew": crew["id"], "task": f"t{n}"})["id"] for n in range(10)]
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(house.installation.settings["DATABASE_URL"], autocommit=True) as admin:
        for _ in range(12):
            admin.execute(cut)
            time.sleep(0.1)  # what is under test: whatever happens to be going on then
    for run in runs:
        house.wait(run, lambda seen: seen["status"] in ("finished", "paused"), seconds=60)
        if house.read(run)["status"] == "paused":
            house.post(f"/runs/{run}/resume", {})
        house.finished(run)
