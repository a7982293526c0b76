"""The engine against a local fake model server, in one worker process: overhead per step, parallel
delegations, many runs at once. `python -m tests.bench.engine` runs it on SQLite and PostgreSQL."""

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

STEPS = 20
REPEATS = 9
MANY, MANY_STEPS, LATENCY_MS = 200, 5, 200
# The lead, its eight workers side by side, the lead again.
CRITICAL_S = 3 * LATENCY_MS / 1000
STEP = "overhead per pipeline step over the bare SDK, ms"
WIDE = "8 delegations in parallel: wall ÷ critical path"
WIDE_WHOLE = "the same, with the call that starts the run"
WHOLE = f"the same in {STEPS} steps, with start and signature of the run"


def main() -> None:
    """Measure on each database in a process of its own and print one table."""
    from tests.bench.model_process import model_server
    from tests.engines.services import postgres_server

    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        server = stack.enter_context(model_server())
        postgres = stack.enter_context(postgres_server(durable=True))
        rows = {
            name: _measure(server.url, url, Path(folder) / name)
            for name, url in (("SQLite", ""), ("PostgreSQL", postgres.create_database("bench")))
        }
    print(f"{'':62}{'SQLite':>12}{'PostgreSQL':>12}   goal")
    for what, goal in (
        (STEP, "≤ 1.4 / ≤ 1.6"),
        (WHOLE, ""),
        (WIDE, "≤ 1.06"),
        (WIDE_WHOLE, ""),
        (
            f"{MANY} runs of {MANY_STEPS} steps at once, {LATENCY_MS} ms model: runs/s",
            "≥ 44 / ≥ 40",
        ),
        ("the same, bare SDK: calls as runs/s", ""),
        ("memory of the worker after that, MB", "≤ 150"),
    ):
        print(f"{what:62}{rows['SQLite'][what]:>12}{rows['PostgreSQL'][what]:>12}   {goal}")


def _measure(model_url: str, database: str, folder: Path) -> dict[str, Any]:
    env = {**os.environ, "CALLSHEET_DATA_DIR": str(folder), "BENCH_MODEL": model_url}
    env |= {"OPENAI_BASE_URL": f"{model_url}/v1", "OPENAI_API_KEY": "bench"}
    env |= {"DATABASE_URL": database} if database else {}
    # As a worker is started; what makes the database and the crews is none of its memory.
    env["MALLOC_ARENA_MAX"] = "1"
    for part in ("prepare", "measure"):
        argv = [sys.executable, "-m", "tests.bench.engine", part]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _setup() -> None:
    from config.data_dir import prepare_data_dir

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    prepare_data_dir()
    import django

    django.setup()


def prepare() -> None:
    """Make the database and the crews."""
    _setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tests.bench import crews_to_run

    team, user = crews_to_run.owner_and_team()
    crews_to_run.pipeline(team, user, STEPS)
    crews_to_run.pipeline(team, user, MANY_STEPS)
    crews_to_run.delegations(team, user, 8)


def measure() -> None:
    """Measure in this process; print the figures as one line of JSON."""
    from celery.bin import worker  # noqa: F401 (what a worker loads)

    _setup()
    from crews.models import CrewVersion
    from runs import tasks  # noqa: F401
    from tests.bench import crews_to_run

    team, user = crews_to_run.owner_and_team()
    long, many, wide = CrewVersion.objects.order_by("pk")

    def starter(version: Any, task: str) -> Any:
        return lambda: crews_to_run.start(team, user, version, task)

    print(json.dumps(asyncio.run(_figures(starter, long, many, wide))))


async def _figures(starter: Any, long: Any, many: Any, wide: Any) -> dict[str, Any]:
    from tests.bench.crews_to_run import Worker

    url = os.environ["BENCH_MODEL"]
    async with Worker() as worker:
        await worker.drive(starter(long, "warm up"))
        crowd = await _timed(worker.drive_many([starter(many, "slow") for _ in range(MANY)]))
        # Before the SDK alone needs any.
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        bare, short, ours = [], [], []
        for _ in range(REPEATS):
            bare.append(await _timed(_bare(url, STEPS, "fast")) / STEPS)
            short.append(await _timed(worker.drive(starter(many, "measure"))))
            ours.append(await _timed(worker.drive(starter(long, "measure"))))
        # What a further step takes, without what each run takes once.
        further = [(a - b) / (STEPS - MANY_STEPS) for a, b in zip(ours, short, strict=True)]
        step = statistics.median(further) - statistics.median(bare)
        whole = statistics.median(ours) / STEPS - statistics.median(bare)
        walls, wholes = [], []
        for _ in range(REPEATS):
            began = time.perf_counter()
            run = await worker.start(starter(wide, "delegate"))
            walls.append(await _timed(worker.go(run)))
            wholes.append(time.perf_counter() - began)
        alone = await _timed(asyncio.gather(*(_bare(url, MANY_STEPS, "slow") for _ in range(MANY))))
    return {
        STEP: round(step * 1000, 2),
        WHOLE: round(whole * 1000, 2),
        WIDE: round(statistics.median(walls) / CRITICAL_S, 3),
        WIDE_WHOLE: round(statistics.median(wholes) / CRITICAL_S, 3),
        f"{MANY} runs of {MANY_STEPS} steps at once, {LATENCY_MS} ms model: runs/s": round(
            MANY / crowd, 1
        ),
        "the same, bare SDK: calls as runs/s": round(MANY / alone, 1),
        "memory of the worker after that, MB": memory,
    }


async def _timed(work: Any) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


_client: Any = None


async def _bare(url: str, steps: int, task: str) -> None:
    """Make the calls of a pipeline with the SDK alone, streaming."""
    global _client
    from openai import AsyncOpenAI

    if _client is None:
        _client = AsyncOpenAI(api_key="bench", base_url=f"{url}/v1", max_retries=0)
    for _ in range(steps):
        stream = await _client.chat.completions.create(
            model="m",
            messages=[{"role": "user", "content": task}],
            stream=True,
            stream_options={"include_usage": True},
        )
        async for _chunk in stream:
            pass


if __name__ == "__main__":
    {"prepare": prepare, "measure": measure}.get("".join(sys.argv[1:]), main)()
