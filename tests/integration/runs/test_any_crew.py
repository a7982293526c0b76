"""Any crew of any pattern, its branches ending in any order, its worker killed after any entry: the
resumed run does the same actions as the undisturbed one, and no finished call again.

`CALLSHEET_CREWS=20` draws so many new crews of each pattern and kills after each of their entries,
or with `CALLSHEET_KILLS=3` after so many of them; it takes longer than a test usually may:
`-o faulthandler_timeout=0`.
"""

import os
from collections import defaultdict
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crews.models import Crew
from crews.services import crew_create, crew_publish
from runs.decisions import decide
from runs.models import Question, Run
from runs.patterns import PATTERNS
from runs.services import run_cancel
from tests.integration.runs import trail
from tests.integration.runs.any_answers import driver, person_decides, rules
from tests.integration.runs.any_crew import AnyCrew, any_crew
from tests.integration.runs.kills import Killed, cut, replayed
from tests.integration.runs.playing import Played, Stage

Json = Any
MANY = int(os.environ.get("CALLSHEET_CREWS", "0"))
KILLS = int(os.environ.get("CALLSHEET_KILLS", "10000" if MANY else "2"))


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
@settings(
    max_examples=MANY or 3,
    derandomize=not MANY,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # A seed cannot be made simpler.
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 10**9))
def test_a_kill_after_any_entry_changes_nothing(pattern: str, seed: int, stage: Stage) -> None:
    crew, chance = any_crew(seed, pattern), Random(seed)
    stage = replace(stage, driver=driver)
    publish(stage, crew.inner)
    stage.server.rules = rules(crew, order=0)
    whole = to_its_end(stage, stage.start(crew.document), crew, chance)
    assert replayed(whole) == len(trail.started(whole.entries))
    points = range(1, len(whole.entries))
    drawn = chance.sample(points, min(KILLS, len(points)))
    # From the last on, so that what is left is always of the run that nobody disturbed.
    for after in sorted(drawn, reverse=True):
        cut(whole.run, after)
        run_cancel(run=whole.run, user=stage.user)
        assert replayed(stage.read(whole.run)) == len(trail.started(whole.entries[:after]))
        cut(whole.run, after)
        stage.server.rules = rules(crew, order=after)
        stage.server.calls.clear()
        second = chance.choice([0, 0, after + chance.randint(1, 8)])
        if second:
            Killed(stage, second).go_on(whole.run)
        again = to_its_end(stage, whole.run, crew, chance)
        check(again, whole.entries[:after], calls=len(stage.server.calls))
        assert crew.races or told(again.entries) == told(whole.entries), after


def publish(stage: Stage, inner: Json) -> None:
    if inner is not None and not Crew.objects.filter(slug=inner["name"]).exists():
        made = crew_create(team=stage.team, user=stage.user, document=inner)
        assert made.slug == inner["name"]
        crew_publish(crew=made, user=stage.user)


def to_its_end(stage: Stage, run: Run, crew: AnyCrew, chance: Random) -> Played:
    """Drive a run until it has ended; what it asks is decided in any order."""
    played = stage.go_on(run)
    while played.run.status == "waiting":
        questions = Question.objects.filter(run=run, closed_at=None).order_by("seq")
        asked = played.entries[chance.choice(questions).seq - 1]
        decision = person_decides(crew, asked["key"], asked["payload"])
        decide(run=run, action=asked["action"], actor="user:ada@example.com", **decision)
        played = stage.go_on(run)
    assert played.run.status in ("finished", "failed"), played.entries[-1]
    return played


def check(again: Played, kept: list[Json], *, calls: int) -> None:
    """Check what must hold of every resumed run, whoever came first in it."""
    assert again.entries[: len(kept)] == kept
    assert replayed(again) == len(trail.started(again.entries))
    # Every call to the server is in the journal: nothing was done again behind its back.
    assert calls <= trail.attempts(again.entries[len(kept) :])
    for outputs in shared(again).values():
        numbers = sorted(int(output["n"]) for output in outputs if "n" in output)
        assert numbers == list(range(1, len(numbers) + 1))
        for reader in {output["reader"] for output in outputs if "reader" in output}:
            of_reader = [output for output in outputs if output.get("reader") == reader]
            numbers = [message["n"] for read in of_reader for message in read["messages"]]
            assert numbers == sorted(set(numbers)), f"{reader} read a message twice"


def told(entries: list[Json]) -> dict[str, Json]:
    """Return what was done, by key: what it was, what went in and what came out. Whose turn it was
    to be first, when, and how often it took, is left out."""
    found: dict[str, Json] = {}
    for entry in entries:
        payload, key = entry["payload"], entry["key"]
        if entry["kind"] == "action.started":
            parts = ("type", "name", "input", "input_hash", "provider", "model")
            found[key] = {part: payload.get(part) for part in parts} | {"agent": entry["agent"]}
        elif entry["kind"] == "action.finished":
            found[key] |= {"output": payload["output"], "usage": payload.get("usage")}
        elif entry["kind"] == "action.failed":
            found[key] |= {"error": payload["error"]}
        elif entry["kind"] == "run.finished":
            found[""] = {part: payload.get(part) for part in ("status", "output", "error")}
    return found


def shared(played: Played) -> dict[str, list[Json]]:
    """Return what was posted and read, by the place of the crew that shares it."""
    found: dict[str, list[Json]] = defaultdict(list)
    for entry in played.entries:
        output = entry["payload"].get("output")
        if isinstance(output, dict) and ("n" in output or "reader" in output):
            found[str(entry["parent"])].append(output)
    return found
