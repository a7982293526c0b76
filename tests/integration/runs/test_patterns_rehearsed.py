"""A plain crew of each pattern: what the editor would have drawn, rehearsed without a model."""

import itertools
from typing import Any

import pytest

from crews.catalog import catalog_current
from crews.lint import crew_lint
from crews.services import crew_create, crew_publish
from crews.spec import CrewSpec
from runs.patterns import PATTERNS
from runs.services import run_start
from tests.integration.runs.documents import document
from tests.integration.runs.kills import replayed
from tests.integration.runs.playing import Stage

Json = Any
ELEVEN = (
    *("hierarchical", "plan", "pipeline", "route", "parallel", "debate", "review", "graph"),
    *("mesh", "blackboard", "events"),
)


def plain(name: str) -> Json:
    """A crew with two roles in each seat that takes as many, and the handoffs the pattern needs."""
    info = PATTERNS[name].info
    roles = {}
    for seat in info.seats:
        for n in range(1, 2 if seat.max == 1 else 3):
            roles[f"{seat.name}{n}"] = {
                "seat": seat.name,
                "model": {"tier": "fast"},
                "instructions": "Do your part.",
                "subscribes": [["task"], ["half"]][n - 1] if name == "events" else [],
            }
    apart = [seat.name for seat in info.seats if seat.apart]
    names = [role for role, body in roles.items() if body["seat"] not in apart]
    handoffs = [{"from": a, "to": b} for a, b in itertools.pairwise(names)]
    drawn = handoffs if info.edges != "none" else []
    limits = {"cost_usd": "1.00"}
    return document(name, roles, handoffs=drawn, limits=limits)


def test_all_eleven_are_there() -> None:
    assert sorted(PATTERNS) == sorted(ELEVEN)


@pytest.mark.parametrize("name", ELEVEN)
def test_a_plain_crew_has_no_problem(name: str) -> None:
    spec = CrewSpec.model_validate(plain(name))
    assert crew_lint(spec, catalog_current()) == []


@pytest.mark.parametrize("name", ELEVEN)
def test_every_seat_option_and_choice_is_explained(name: str) -> None:
    info = PATTERNS[name].info
    assert info.title
    assert len(info.when) > 40
    assert len(info.when_not) > 40
    assert all(seat.title and seat.description for seat in info.seats)
    assert all(option["title"] for option in info.options_schema.get("properties", {}).values())


@pytest.mark.parametrize("name", ELEVEN)
def test_a_plain_crew_rehearses_to_its_end(name: str, stage: Stage, monkeypatch: Any) -> None:
    monkeypatch.setenv("CALLSHEET_REHEARSAL_PACE", "0")
    crew = crew_create(team=stage.team, user=stage.user, document=plain(name))
    version = crew_publish(crew=crew, user=stage.user)
    run = run_start(
        team=stage.team, user=stage.user, version=version, task="Name a boat", rehearsal=True
    )
    played = stage.go_on(run)
    assert played.run.status == "finished", played.error
    assert played.output
    assert stage.server.calls == []
    assert replayed(played) <= 120
