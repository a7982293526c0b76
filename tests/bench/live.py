"""From a committed entry to a message at a websocket, and from a POST to the first action, on whole
installations: embedded with one viewer, PostgreSQL and Redis with one and with a hundred.

When an entry was committed, PostgreSQL says; embedded, its own time is taken, which is a little
before.
"""

import json
import os
import statistics
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from tests.bench.model_process import model_server
from tests.bench.viewers import viewer, watch
from tests.engines.installation import Installation
from tests.engines.services import postgres_server, redis_server

STEPS = 60
Told = tuple[float, Any]
STAGES = [f"s{n}" for n in range(STEPS)]
CREW = {
    "callsheet": 1,
    "name": "Watched",
    "pattern": {"name": "pipeline"},
    "roles": {
        name: {"seat": "stage", "model": {"provider": "openai", "name": "gpt-4.1-mini"}}
        for name in STAGES
    },
    "handoffs": [{"from": a, "to": b} for a, b in pairwise(STAGES)],
}


def main() -> None:
    with ExitStack() as stack, tempfile.TemporaryDirectory() as name:
        os.environ.setdefault("CALLSHEET_INSTANCE", Path(name).name)
        model = stack.enter_context(model_server())
        keys = {"OPENAI_BASE_URL": f"{model.url}/v1", "OPENAI_API_KEY": "bench"}
        embedded = Installation(mode="embedded", folder=_folder(name, "embedded"), settings=keys)
        postgres, redis = (
            stack.enter_context(postgres_server(durable=True)),
            stack.enter_context(redis_server()),
        )
        urls = {"DATABASE_URL": postgres.create_database("live"), "REDIS_URL": redis.url}
        production = Installation(
            mode="production", folder=_folder(name, "production"), settings=keys | urls
        )
        print(f"{'entry committed → message at a websocket, ms':52}{'p50':>8}{'p99':>8}   goal")
        for label, installation, viewers, goal in (
            ("embedded, 1 viewer", embedded, 1, "≤ 25 / 50"),
            ("PostgreSQL and Redis, 1 viewer", production, 1, "≤ 4 / 10"),
            ("PostgreSQL and Redis, 100 viewers", production, 100, "≤ 25 / 80"),
        ):
            if installation.web is None:
                installation.start()
                stack.callback(installation.stop)
            delays, first = _watch(Bench(installation), viewers)
            ordered = sorted(delays)
            p50, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99) - 1]
            print(f"{label:52}{p50:>8.1f}{p99:>8.1f}   {goal}")
            print(f"{'  POST → first action, idle worker, ms':52}{first:>8.1f}{'':8}   ≤ 100")


def _folder(root: str, name: str) -> Path:
    folder = Path(root) / name
    folder.mkdir()
    return folder


class Bench:
    """An installation with a crew, as a program with an API key sees it."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        code = (
            "from teams.models import *; from teams.services import *;"
            "from django.conf import settings;"
            "user = owner() or owner_create_first(); team = Team.objects.get(personal_of=user);"
            "import os;"
            "credential_set(team=team, name='default', provider='openai', api_key='bench',"
            " base_url=os.environ['OPENAI_BASE_URL']);"
            "print(api_key_create(user=user, team=team, name='bench'))"
        )
        self.key = installation.shell(code).splitlines()[-1]
        self.crew = self.call("/crews/import", CREW)["id"]

    def call(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(  # noqa: S310 (our own server)
            f"{self.installation.url}/api/v1{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)


def _watch(bench: Bench, count: int) -> tuple[list[float], float]:
    """Return the delays of all entries at all viewers, and of the first action, in ms."""
    bench.call("/runs", {"crew": bench.crew, "task": "go"})  # warms the worker up
    time.sleep(3)
    posted = time.time()
    run = bench.call("/runs", {"crew": bench.crew, "task": "slow"})["id"]
    url = f"ws://127.0.0.1:{bench.installation.port}/ws/runs/{run}/?after=0"
    viewers = [viewer(url, bench.key) for _ in range(count)]
    watch(viewers, b'"kind": "run.finished"')
    told = [one.messages() for one in viewers]
    return _delays(told, _commits(bench.installation, run)), (_begun(told[0]) - posted) * 1000


def _delays(told: list[list[Told]], commits: dict[int, float]) -> list[float]:
    # Only what is written once everybody has caught up is on its way for the first time.
    everybody = max(at for one in told for at, message in one if message["type"] == "caught_up")
    return [
        (at - committed) * 1000
        for one in told
        for at, message in one
        if message["type"] == "entry" and _at(message["entry"]) > everybody
        for committed in [commits.get(message["entry"]["seq"], _at(message["entry"]))]
    ]


def _begun(told: list[Told]) -> float:
    """Return when the first action began."""
    entries = (message["entry"] for _, message in told if message["type"] == "entry")
    return next(_at(entry) for entry in entries if entry["kind"] == "action.started")


def _commits(installation: Installation, run: str) -> dict[int, float]:
    """Return when PostgreSQL committed each entry, by its seq; embedded, nothing."""
    if installation.mode == "embedded":
        return {}
    sql = "SELECT seq, pg_xact_commit_timestamp(xmin) FROM runs_entry WHERE run_id = %s"
    with psycopg.connect(installation.settings["DATABASE_URL"]) as connection:
        return {seq: at.timestamp() for seq, at in connection.execute(sql, [run])}


def _at(entry: Any) -> float:
    return datetime.fromisoformat(entry["at"]).timestamp()


if __name__ == "__main__":
    main()
