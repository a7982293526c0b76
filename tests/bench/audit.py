"""The audit page of a run of 10,000 actions: first rows, alone and among 1,000,000 actions."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

SIZE = 10_000
RUNS = 100
REPEATS = 7


def main() -> None:
    """Measure in a process of its own with a database of its own (SQLite)."""
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            "CALLSHEET_DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        argv = [sys.executable, "-m", "tests.bench.audit", "measure"]
        subprocess.run(argv, env=env, check=True)


def measure() -> None:
    from config.data_dir import prepare_data_dir

    prepare_data_dir()
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    from teams.models import Team
    from teams.services import owner_create_first

    call_command("migrate", verbosity=0)
    user = owner_create_first()
    if user is None:
        raise SystemExit("the database is not new")
    team = Team.objects.get()
    client = Client(headers={"host": "127.0.0.1:8000"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    run = _run(team)
    print(f"{'audit page of 10,000 actions, first rows, ms':52}{'page':>8}{'filter':>8}   goal")
    print(f"{'alone':52}{_time(client, run, ''):>8.0f}{_time(client, run, FILTER):>8.0f}   ≤ 300")
    for _ in range(RUNS - 1):
        _run(team)
    page, found = _time(client, run, ""), _time(client, run, FILTER)
    print(f"{'among 1,000,000 actions':52}{page:>8.0f}{found:>8.0f}   ≤ 300")


FILTER = "?agent=worker3&status=failed"


def _time(client: Any, run: UUID, query: str) -> float:
    """Return the median ms of the page."""
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        answer = client.get(f"/runs/{run}/audit/{query}")
        took.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"the page answers {answer.status_code}")
    return statistics.median(took)


def _run(team: Any) -> UUID:
    """Insert a run with a tree of actions: 10 asks, each with delegations of 9 actions."""
    from runs.models import Action, Run

    began = datetime.now(UTC) - timedelta(hours=1)
    run = Run.objects.create(
        team=team, crew_name="Bench", title="Ten thousand actions", status="finished",
        seq=2 * SIZE, actions=SIZE, created_at=began, ended_at=began + timedelta(minutes=50),
    )  # fmt: skip
    asks = [uuid4() for _ in range(10)]
    rows, parent = [], None
    for n in range(SIZE):
        key = asks[n] if n < 10 else uuid4()
        if n >= 10 and n % 10 == 0:
            parent = key
        above = None if n < 10 else asks[n // 10 % 10] if n % 10 == 0 else parent
        start = began + timedelta(milliseconds=300 * n)
        rows.append(
            Action(
                id=key,
                run=run,
                parent=above,
                seq=2 * n + 1,
                key=f"k{n}",
                agent=f"worker{n % 8}",
                type="model_call" if n % 3 else "ask",
                name=f"action {n}",
                input_hash="0" * 64,
                status="failed" if n % 50 == 3 else "finished",
                started_at=start,
                ended_at=start + timedelta(milliseconds=250),
                tokens=n % 900,
                preview="What came of it",
            )
        )
    Action.objects.bulk_create(rows, batch_size=1_000)
    return UUID(str(run.pk))


if __name__ == "__main__":
    measure() if sys.argv[1:] == ["measure"] else main()
