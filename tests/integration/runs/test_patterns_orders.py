"""Branches end in any order, and a worker dies anywhere: what is done is the same."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import document, model_role
from tests.integration.runs.kills import Killed, outcome, replayed
from tests.integration.runs.playing import Stage

Json = Any
NAMES = "abcdef"


def planned(chance: random.Random) -> tuple[Json, list[Rule]]:
    roles = {"boss": model_role("planner", instructions="You plan.")}
    roles |= {name: model_role("worker", instructions=f"You are {name}.") for name in NAMES}
    subtasks = [
        {
            "id": f"t{n}",
            "worker": chance.choice([*NAMES, "nobody"]),
            "task": f"do t{n}",
            "depends_on": [f"t{m}" for m in range(n) if chance.random() < 0.3],
        }
        for n in range(6)
    ]
    written = json.dumps({"subtasks": subtasks, "synthesis_instructions": "join"})
    rules = [Rule(contains="Plan this task", reply=Reply(text=written))]
    return document("plan", roles), rules


def drawn(chance: random.Random) -> tuple[Json, list[Rule]]:
    roles = {name: model_role("node", instructions=f"You are {name}.") for name in NAMES}
    pairs = {(NAMES[chance.randrange(n)], NAMES[n]) for n in range(1, 6)}
    pairs |= {tuple(sorted(chance.sample(NAMES, 2))) for _ in range(3)}  # type: ignore[misc]
    pairs |= {(b, a) for a, b in chance.sample(sorted(pairs), 1) if a != "a"}
    handoffs = [{"from": a, "to": b} for a, b in sorted(pairs)]
    return document("graph", roles, handoffs=handoffs, options={"max_visits": 2}), []


def panel(chance: random.Random) -> tuple[Json, list[Rule]]:
    roles = {name: model_role("specialist", instructions=f"You are {name}.") for name in NAMES}
    roles["end"] = model_role("merger", instructions="You merge.")
    failing = chance.choice(NAMES)
    return document("parallel", roles), [Rule(anywhere=f"You are {failing}.", status=401)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("make", [planned, drawn, panel], ids=lambda make: make.__name__)
def test_the_order_of_ends_and_a_kill_change_nothing(make: Any, seed: int, stage: Stage) -> None:
    chance = random.Random(seed)
    crew, special = make(chance)
    answers = [Rule(anywhere=f"You are {n}.", reply=Reply(text=f"from {n}")) for n in NAMES]
    stage.server.rules = [*special, *answers]
    whole = stage.play(crew)
    for after in (10**6, chance.randrange(2, len(whole.entries))):
        stage.server.rules = [
            *special,
            *(replace(rule, latency_ms=chance.choice([0, 20, 60])) for rule in answers),
        ]
        again = Killed(stage, after).play(crew) if after < 10**6 else stage.play(crew)
        assert again.run.status == whole.run.status
        assert again.output == whole.output
        assert outcome(again) == outcome(whole)
        assert replayed(again) == len(trail.started(again.entries))
