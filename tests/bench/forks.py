"""A run of 500 actions: its replay, a fork in its middle, why and from where. `python -m
tests.bench.forks` runs it on SQLite."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

# Each is a turn of the lead, a delegation, an ask, a model call and a handoff.
DELEGATIONS = 99
MIDDLE = 50


def main() -> None:
    """Measure in a process of its own with a database of its own."""
    from tests.bench.model_process import model_server

    with model_server() as server, tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            "CALLSHEET_DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "BENCH_MODEL": server.url,
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OPENAI_API_KEY": "bench",
        }
        argv = [sys.executable, "-m", "tests.bench.forks", "measure"]
        subprocess.run(argv, env=env, check=True)


def measure() -> None:
    from config.data_dir import prepare_data_dir

    prepare_data_dir()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from runs.comparison import compare
    from runs.forks import Edit, run_fork
    from runs.provenance import provenance
    from runs.replays import run_replay
    from runs.selectors import state_of
    from runs.why import Reasons, action_asked
    from tests.bench import crews_to_run
    from tests.bench.model_process import ModelProcess

    team, user = crews_to_run.owner_and_team()
    version = crews_to_run.one_by_one(team, user, DELEGATIONS)
    server = ModelProcess(os.environ["BENCH_MODEL"])
    server.plan(_rules(DELEGATIONS))
    run = asyncio.run(_drive(lambda: crews_to_run.start(team, user, version, "measure")))
    run.refresh_from_db()
    before = server.count()
    replayed, took = _timed(lambda: run_replay(run))
    _show(
        f"replay of {run.actions} actions, s ({'identical' if replayed.identical else '!'})", took
    )
    print(f"{'model calls of the replay':58}{server.count() - before:>10}   0")
    made, took = _timed(
        lambda: run_fork(run=run, action=f"lead/model{MIDDLE}", edit=Edit(), user=user, here=True)
    )
    _show(f"fork at action {MIDDLE * 5} of it: taken over, s", took)
    server.plan(_rules(DELEGATIONS - MIDDLE + 1))
    asyncio.run(_drive(lambda: made))
    began = next(a for a in state_of(run).actions.values() if a.key == f"lead/model{MIDDLE}")
    wanted = run.action_rows.filter(type="model_call", seq__gte=began.seq).count()
    print(f"{'model calls of the fork':58}{server.count():>10}   {wanted}")
    _, took = _timed(lambda: compare(run, made))
    _show("the two compared, s", took)
    state = state_of(run)
    _, took = _timed(lambda: Reasons(state).of(action_asked(state, "") or ""))
    _show("why its answer is there, s", took)
    _, took = _timed(lambda: provenance(state))
    _show("where each part of its answer comes from, s", took)


def _rules(delegations: int) -> list[dict[str, Any]]:
    """Let the lead delegate so often, one by one."""
    call = {"name": "delegate_to_agent", "arguments": {"agent_name": "worker", "task": "Go on"}}
    return [{"anywhere": "You lead.", "times": delegations, "reply": {"tool_calls": [call]}}]


async def _drive(start: Callable[[], Any]) -> Any:
    from tests.bench.crews_to_run import Worker

    async with Worker() as worker:
        return await worker.drive(start)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def _show(what: str, took: float) -> None:
    print(f"{what:58}{took:>10.3f}   ≤ 1")


if __name__ == "__main__":
    measure() if sys.argv[1:] else main()
