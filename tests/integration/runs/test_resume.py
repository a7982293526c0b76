"""Runs cut off after any commit come to the same results and repeat no finished call."""

import asyncio
import re
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runs.engine.drive import Drive
from runs.engine.machine import Machine
from runs.journal import store
from runs.models import Run
from runs.services import run_resume
from tests.fakes.model_server import Call, Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import delegate, desk, model_role, pipeline
from tests.integration.runs.playing import Played, Stage, on_machine

Json = Any
SUMMARY = {
    "type": "object",
    "required": ["summary"],
    "properties": {"summary": {"type": "string", "minLength": 3}},
}
_MARK = re.compile(r"data-[0-9a-f]{10}")


def steal(run: Run) -> None:
    """Take the run from its owner as the clock does from one that died; nobody has it now."""
    past = timezone.now() - timedelta(seconds=1)
    owned = Run.objects.filter(pk=run.pk).exclude(lease=None)
    owned.update(lease=uuid4(), lease_until=past)


def drive_and_die(run: Run, commits: int) -> None:
    """Drive a run and be dead after so many commits: what comes later is never written."""

    async def work(machine: Machine) -> None:
        drive = Drive(machine, str(run.pk))
        left = commits

        def count() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                machine.writer.call(partial(steal, run))

        drive.on_written = count
        async with asyncio.timeout(30):
            await drive.go()

    on_machine(work)


def answers(schema_at: set[str], wishes: list[list[str]]) -> Rule:
    """A model whose answer follows from its prompt alone: so whoever asks again gets the same."""

    def reply(call: Call) -> Reply:
        system = call.body["messages"][0]["content"]
        turns = sum(message["role"] == "assistant" for message in call.body["messages"])
        if "You lead." in system:
            if turns < len(wishes):
                tools = tuple(
                    delegate(w, f"turn {turns} part {n}") for n, w in enumerate(wishes[turns])
                )
                return Reply(tool_calls=tools)
            return Reply(text=f"led {len(wishes)} turns")
        said = f"{len(_MARK.sub('', call.last_text))} after {turns}"
        if "JSON Schema" in system:
            # The first answer does not fit its contract and is sent back.
            return Reply(text=f'{{"summary": "{said}"}}' if turns else '{"summary": 1}')
        return Reply(text=said)

    return Rule(reply=reply)


def same(played: Played) -> Json:
    """What must not depend on where a run was cut off."""
    told = trail.outcome(played.entries)
    return {
        key: [what for n, what in enumerate(each) if key == "run" or n != 2]
        for key, each in told.items()
    }


workers = st.integers(1, 3).map(lambda n: [f"w{i}" for i in range(n)])


@st.composite
def hierarchies(draw: st.DrawFn) -> tuple[Json, list[list[str]]]:
    names = draw(workers)
    turns = draw(st.lists(st.lists(st.sampled_from(names), min_size=1, max_size=4), max_size=3))
    contracts = [
        {"from": name, "to": "lead", "schema": SUMMARY}
        for name in draw(st.sets(st.sampled_from(names)))
    ]
    options = {"max_delegations": draw(st.integers(1, 8))}
    return desk(names, options, handoffs=contracts), turns


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[Json, list[list[str]]]:
    count = draw(st.integers(2, 5))
    edges = {n: {"schema": SUMMARY} for n in draw(st.sets(st.integers(0, count - 2)))}
    roles = {f"s{n}": model_role("stage", instructions=f"step {n}") for n in range(count)}
    return pipeline(roles, edges), []


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    crew=st.one_of(hierarchies(), pipelines()),
    deaths=st.lists(st.integers(1, 14), min_size=1, max_size=4),
)
def test_cut_off_anywhere(
    stage: Stage, crew: tuple[Json, list[list[str]]], deaths: list[int]
) -> None:
    document, wishes = crew
    stage.server.rules = [answers(set(), wishes)]
    wanted = stage.play(document)
    assert wanted.run.status == "finished"
    once = len(stage.server.calls)
    stage.server.calls.clear()

    run = stage.start(document)
    for commits in deaths:
        drive_and_die(run, commits)
        check_sound(run)
    played = go_to_the_end(stage, run)
    assert same(played) == same(wanted)
    assert len(stage.server.calls) <= trail.attempts(played.entries)
    repeated = trail.attempts(played.entries) - once
    assert repeated <= 4 * len(deaths)


def check_sound(run: Run) -> None:
    trail.check([entry.model_dump(mode="json") for entry in store.read(str(run.pk))])


def go_to_the_end(stage: Stage, run: Run) -> Played:
    played = stage.go_on(run)
    if played.run.status == "paused":
        # Three deaths at one action park it; a person goes on.
        run_resume(run=run, user=stage.user)
        played = stage.go_on(run)
    assert played.run.status == "finished", played.entries[-1]
    return played


@pytest.mark.parametrize("point", range(1, 12))
def test_cut_off_after_each_commit_of_a_short_pipeline(stage: Stage, point: int) -> None:
    roles = {f"s{n}": model_role("stage", instructions=f"step {n}") for n in range(3)}
    document = pipeline(roles, {0: {"schema": SUMMARY}})
    stage.server.rules = [answers(set(), [])]
    run = stage.start(document)
    drive_and_die(run, point)
    played = stage.go_on(run)
    assert played.run.status == "finished"
    assert trail.attempts(played.entries) <= 4 + 1
    assert len(stage.server.calls) <= 4 + 1


def leave_in_the_call(stage: Stage, run: Run, text: str, *, hands_over: bool = False) -> None:
    """Drive a run until a call with `text` is in flight; then die, or end as one is told to."""

    async def work(machine: Machine) -> None:
        seen = len(stage.server.calls)
        drive = Drive(machine, str(run.pk))
        going = asyncio.ensure_future(drive.go())
        await asyncio.to_thread(
            stage.server.wait,
            lambda: any(text in call.all_text for call in stage.server.calls[seen:]),
        )
        if hands_over:
            drive.stop()
            await drive.hand_over()
        else:
            await machine.writer.call(partial(steal, run))
            going.cancel()
        await asyncio.wait([going])

    on_machine(work)


def line_with_a_long_call(stage: Stage) -> Run:
    roles = {f"s{n}": model_role("stage", instructions=f"step {n}") for n in range(3)}
    stage.server.rules = [Rule(anywhere="step 1", latency_ms=30_000), Rule()]
    return stage.start(pipeline(roles))


def test_workers_that_are_told_to_end_never_park_a_run(stage: Stage) -> None:
    run = line_with_a_long_call(stage)
    for n in range(6):
        # Two crashes among them are still two.
        leave_in_the_call(stage, run, "step 1", hands_over=n not in (1, 4))
    stage.server.rules = []
    played = stage.go_on(run)
    assert played.run.status == "finished", played.entries[-1]
    taken = [e["payload"] for e in played.entries if e["kind"] == "run.resumed"]
    assert [payload.get("handover", False) for payload in taken] == [
        True,
        False,
        True,
        True,
        False,
        True,
    ]
    assert trail.attempts(played.entries) == len(stage.server.calls) == 3 + 6


def test_three_deaths_at_one_action_park_the_run_and_name_it(stage: Stage) -> None:
    run = line_with_a_long_call(stage)
    for _ in range(3):
        leave_in_the_call(stage, run, "step 1")
    played = stage.go_on(run)
    assert played.run.status == "paused"
    assert "s1/model1" in played.entries[-1]["payload"]["reason"]
    calls = len(stage.server.calls)
    assert stage.go_on(run).run.status == "paused"
    assert len(stage.server.calls) == calls == 4
    stage.server.rules = []
    run_resume(run=run, user=stage.user)
    assert stage.go_on(run).run.status == "finished"
