"""What probes of load balancers and alarms are told."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db.models.functions import Now
from django.test import Client

from runs.models import Worker
from runs.workers import worker_leave, worker_seen
from tests.engines.services import Redis


@pytest.fixture
def probe(client: Client) -> Client:
    """A client that comes by an address that is no host of ours."""
    client.defaults["HTTP_HOST"] = "10.0.0.7:8000"
    return client


def ready(probe: Client) -> tuple[int, dict[str, str]]:
    cache.clear()
    answer = probe.get("/readyz")
    return answer.status_code, answer.json()["checks"]


def test_a_living_process_says_so_to_any_host(probe: Client) -> None:
    answer = probe.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer["Cache-Control"] == "no-store"
    assert probe.post("/healthz").status_code == 405


def test_it_is_ready_while_a_worker_shows_that_it_lives(db: None, probe: Client) -> None:
    assert ready(probe)[0] == 503
    worker = uuid4()
    worker_seen(worker)
    code, checks = ready(probe)
    assert code == 200
    assert {"database", "workers"} <= checks.keys()
    assert set(checks.values()) == {"ok"}
    Worker.objects.update(seen_at=Now() - timedelta(seconds=30))
    assert ready(probe)[0] == 503
    worker_seen(worker)
    assert ready(probe)[0] == 200
    worker_leave(worker)
    assert ready(probe)[0] == 503


def test_redis_may_be_away(db: None, probe: Client, redis: Redis, settings: Any) -> None:
    worker_seen(uuid4())
    settings.REDIS_URL = redis.url
    assert ready(probe)[0] == 200
    redis.kill()
    code, checks = ready(probe)
    assert code == 503
    assert checks == {"database": "ok", "workers": "ok", "redis": "does not answer"}
    redis.start()
    assert ready(probe)[0] == 200
