"""Advice on the shape of a crew."""

from typing import Any

import pytest

from crews.advice import crew_advice
from crews.library import LibraryEntry, library_entries
from crews.spec import CrewSpec

Json = Any


def advice(document: Json) -> dict[str, str]:
    return {item.path: item.message for item in crew_advice(CrewSpec.model_validate(document))}


def crew(pattern: str, roles: dict[str, Json], *handoffs: Json) -> Json:
    return {
        "callsheet": 1,
        "name": "A crew",
        "pattern": {"name": pattern},
        "roles": roles,
        "handoffs": list(handoffs),
    }


def model(seat: str, tier: str = "best", **fields: Json) -> Json:
    return {"seat": seat, "model": {"tier": tier}, "instructions": "Work.", **fields}


def test_c8_one_agent_would_do_where_roles_are_all_alike() -> None:
    roles = {"lead": model("orchestrator"), "one": model("worker"), "two": model("worker")}
    assert "One agent with clear instructions" in advice(crew("hierarchical", roles))["roles"]
    roles["two"] = model("worker", "fast")
    assert advice(crew("hierarchical", roles)) == {}


def test_c8_stages_that_hang_on_each_others_text_are_tightly_coupled() -> None:
    roles = {
        name: model("stage", tier)
        for name, tier in zip("abc", ("fast", "best", "fast"), strict=True)
    }
    edges = [{"from": "a", "to": "b"}, {"from": "b", "to": "c"}]
    assert "tightly coupled" in advice(crew("pipeline", roles, *edges))["handoffs"]
    checked = [edge | {"schema": {"type": "object"}} for edge in edges]
    assert advice(crew("pipeline", roles, *checked)) == {}


def test_c8_too_many_agents() -> None:
    roles = {f"w{n}": model("specialist", ("fast", "best")[n % 2]) for n in range(8)}
    found = advice(crew("parallel", roles | {"m": model("merger")}))
    assert "9 agents are hard to follow" in found["roles"]


def test_e6_orchestration_or_choreography() -> None:
    pair = {"a": model("reactor"), "b": model("reactor", "fast")}
    assert "orchestration is easier" in advice(crew("events", pair))["pattern.name"]
    many = {f"w{n}": model("worker", "fast") for n in range(8)}
    found = advice(crew("hierarchical", {"lead": model("orchestrator"), **many}))
    assert "choreography (events) costs fewer calls" in found["pattern.name"]


def test_a_contract_that_its_producer_cannot_keep() -> None:
    number, text = {"type": "number"}, {"type": "string"}
    roles = {"a": model("stage", returns={"properties": {"n": text}}), "b": model("stage")}
    edge = {"from": "a", "to": "b", "schema": {"properties": {"n": number}}}
    assert (
        "of another type" in advice(crew("pipeline", roles, edge))["handoffs.0.schema.properties.n"]
    )


def test_a_program_that_is_told_nothing_of_its_input() -> None:
    program = {"seat": "stage", "kind": "code", "program": {"source": "print(1)"}}
    roles = {"a": model("stage"), "b": program}
    found = advice(crew("pipeline", roles, {"from": "a", "to": "b"}))
    assert "nothing says which fields" in found["handoffs.0.schema"]


@pytest.mark.parametrize("entry", library_entries(), ids=lambda entry: entry.slug)
def test_no_template_contradicts_itself(entry: LibraryEntry) -> None:
    assert not [item for item in crew_advice(entry.spec) if item.severity == "warning"]


def test_a_confidence_that_no_result_has_is_a_mistake() -> None:
    edge = {"from": "one", "to": "two", "required_confidence": 0.7}
    roles = {"one": model("stage"), "two": model("stage", "fast")}
    place = "handoffs.0.required_confidence"
    assert "a number 'confidence'" in advice(crew("pipeline", roles, edge))[place]
    fine: list[Json] = [{"schema": {"type": "object"}}, {"on_low_confidence": "proceed"}]
    for more in fine:
        assert place not in advice(crew("pipeline", roles, edge | more))
