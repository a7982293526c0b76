"""Crews of every pattern that nobody drew: roles of all kinds, tools, approvals, limits."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.integration.runs.documents import code_role, document, model_role, pipeline

Json = Any
SUMMARY = {
    "type": "object",
    "required": ["summary"],
    "properties": {"summary": {"type": "string", "minLength": 3}},
}
# What nobody knows beforehand: who comes first decides how these go on.
RACES = ("mesh", "blackboard", "events")
# Here one role may work in several branches at once, on one scratchpad.
AT_ONCE = ("hierarchical", "plan")
# Seats of which a pattern wants answers of its own shape, which programs and crews do not know.
TOLD_HOW = ("critic", "reviewer", "peer", "writer", "reactor")


@dataclass(frozen=True, kw_only=True)
class AnyCrew:
    """A crew; `names` are the roles that others may choose among, `failing` those whose model
    refuses, `seed` is what its models and people are like. `inner` is the crew that stands for one
    of its roles. Where it `races`, who comes first decides how it goes on."""

    document: Json
    inner: Json
    names: list[str]
    failing: list[str]
    seed: int
    races: bool
    stops: bool


def any_crew(seed: int, pattern: str) -> AnyCrew:
    """Return one of endlessly many crews of a pattern."""
    chance = Random(f"{pattern}/{seed}")
    made, names = _DRAWN[pattern](chance)
    failing = [name for name in names if chance.random() < 0.15]
    if chance.random() < 0.3:
        made["roles"]["rescuer"] = _role("failure_handler", "rescuer")
    for name in names:
        if chance.random() < 0.15:
            made["roles"][name]["fallback_instructions"] = "Be brief."
    made["limits"] = {"breaker": {"failures": 1000, "window": 1000, "repeats": 1000}}
    if chance.random() < 0.3:
        made["limits"]["on_failures"] = "proceed"
    races, limited, stops = _races(made), chance.random() < 0.3, chance.random() < 0.1
    if limited:
        _limit(chance, made, names)
    races |= _tooled(chance, made, names) and pattern in AT_ONCE
    inner = _others(chance, made, names, f"inner-{pattern}-{seed}")
    races |= inner is not None and _races(inner)
    return AnyCrew(
        document=made,
        inner=inner,
        names=names,
        failing=failing,
        seed=seed,
        races=races or limited or stops,
        stops=stops,
    )


def _races(made: Json) -> bool:
    """Say whether who comes first decides how a crew goes on; specialists race to be enough."""
    pattern = made["pattern"]
    early = pattern["name"] == "parallel" and "enough_confidence" in pattern["options"]
    return pattern["name"] in RACES or early


def _tooled(chance: Random, made: Json, names: list[str]) -> bool:
    """Give some roles a scratchpad, and some of them somebody to approve; say whether any has."""
    some = False
    for name, role in made["roles"].items():
        if name in names and chance.random() < 0.25:
            some = True
            noting: Json = {"name": "note", "approval": "always"}
            role["tools"] = [noting if chance.random() < 0.5 else "note", "read_notes"]
        elif role["seat"] == "orchestrator" and chance.random() < 0.3:
            role["tools"] = [{"name": "delegate_to_agent", "approval": "always"}]
    return some


def _others(chance: Random, made: Json, names: list[str], slug: str) -> Json:
    """Let a person, a program or another crew take the places of some models; return the crew."""
    inner = None
    for name in names:
        role, kind = made["roles"][name], chance.random()
        if kind < 0.12:
            _becomes(role, {"kind": "human", "instructions": f"You are {name}."})
        elif kind < 0.24 and role["seat"] not in TOLD_HOW:
            _becomes(role, code_role(role["seat"], f"# {name}"))
        elif kind < 0.36 and role["seat"] not in TOLD_HOW and inner is None:
            inner, _ = _DRAWN[chance.choice(sorted(_DRAWN))](chance)
            inner["name"] = slug
            _becomes(role, {"kind": "crew", "crew": {"slug": slug}})
    return inner


def _becomes(role: Json, other: Json) -> None:
    for part in ("model", "tools", "instructions", "fallback_instructions"):
        role.pop(part, None)
    role |= other


def _limit(chance: Random, made: Json, names: list[str]) -> None:
    """Bound what the run, or some of its roles or branches, may do."""
    kind, most = chance.choice(["run", "roles", "branch"]), chance.randint(1, 12)
    if kind == "run":
        made["limits"] |= {"actions": most, "on_reached": "end"}
    elif kind == "branch":
        made["limits"]["branch"] = {"actions": most}
    else:
        for name in chance.sample(sorted(made["roles"]), 2):
            made["roles"][name]["limits"] = {chance.choice(["actions", "calls"]): most}


def _role(seat: str, name: str, **fields: Json) -> Json:
    return model_role(seat, instructions=f"You are {name}.", **fields)


def _crowd(chance: Random, seat: str, least: int = 1) -> tuple[dict[str, Json], list[str]]:
    names = list("abcde")[: chance.randint(least, 4)]
    return {name: _role(seat, name) for name in names}, names


Drawn = tuple[Json, list[str]]


def _hierarchical(chance: Random) -> Drawn:
    roles, names = _crowd(chance, "worker")
    roles["lead"] = model_role("orchestrator", instructions="You lead.")
    edges = [
        {"from": name, "to": "lead", "schema": SUMMARY} for name in names if chance.random() < 0.4
    ]
    options = {"max_delegations": chance.randint(1, 8)}
    return document("hierarchical", roles, handoffs=edges, options=options), names


def _plan(chance: Random) -> Drawn:
    roles, names = _crowd(chance, "worker")
    roles["boss"] = model_role("planner", instructions="You plan.")
    return document("plan", roles, options=_enough(chance)), names


def _pipeline(chance: Random) -> Drawn:
    roles, names = _crowd(chance, "stage", 2)
    edges = {n: {"schema": SUMMARY} for n in range(len(names) - 1) if chance.random() < 0.4}
    options = {"continue_on_error": chance.random() < 0.5}
    made = pipeline(roles, edges)
    made["pattern"]["options"] = options
    return made, names


def _route(chance: Random) -> Drawn:
    roles, names = _crowd(chance, "specialist")
    roles["door"] = model_role("router", instructions="You route.")
    if chance.random() < 0.5:
        roles["anyone"] = _role("general", "anyone")
    return document("route", roles), names


def _parallel(chance: Random) -> Drawn:
    roles, names = _crowd(chance, "specialist", 2)
    roles["end"] = _role("merger", "end")
    if chance.random() < 0.5:
        roles["door"] = model_role("router", instructions="You route.")
    return document("parallel", roles, options=_enough(chance)), names


def _enough(chance: Random) -> Json:
    return {"enough_confidence": 0.7} if chance.random() < 0.3 else {}


def _debate(chance: Random) -> Drawn:
    roles = {"a": _role("proposer", "a"), "b": _role("critic", "b")}
    if chance.random() < 0.5:
        roles["c"] = _role("synthesizer", "c")
    return document("debate", roles, options={"max_rounds": chance.randint(1, 3)}), ["a", "b"]


def _review(chance: Random) -> Drawn:
    roles = {"a": _role("producer", "a"), "b": _role("reviewer", "b")}
    return document("review", roles, options={"max_revisions": chance.randint(0, 3)}), ["a", "b"]


def _graph(chance: Random) -> Drawn:
    roles, names = _crowd(chance, "node", 3)
    pairs = {(names[chance.randrange(n)], names[n]) for n in range(1, len(names))}
    pairs |= {(a, b) for a in names for b in names if a < b and chance.random() < 0.3}
    if chance.random() < 0.5:
        pairs |= {(b, a) for a, b in chance.sample(sorted(pairs), 1) if a != "a"}
    edges = [{"from": a, "to": b} for a, b in sorted(pairs)]
    made = document("graph", roles, handoffs=edges, options={"max_visits": chance.randint(1, 3)})
    return made, names


def _mesh(chance: Random) -> Drawn:
    roles, names = _crowd(chance, "peer", 2)
    options = {
        "max_messages": chance.randint(1, 8),
        "max_spawned": chance.randint(0, 2),
        "ends": chance.choice(["all_done", "first_answer"]),
    }
    return document("mesh", roles, options=options), names


def _blackboard(chance: Random) -> Drawn:
    roles, names = _crowd(chance, "writer", 2)
    return document("blackboard", roles, options={"max_writes": chance.randint(1, 8)}), names


def _events(chance: Random) -> Drawn:
    roles, names = _crowd(chance, "reactor")
    for name in names:
        roles[name]["subscribes"] = chance.sample(["task", "x", "y", "error"], 2)
    return document("events", roles, options={"max_events": chance.randint(2, 10)}), names


_DRAWN: dict[str, Callable[[Random], Drawn]] = {
    "hierarchical": _hierarchical,
    "plan": _plan,
    "pipeline": _pipeline,
    "route": _route,
    "parallel": _parallel,
    "debate": _debate,
    "review": _review,
    "graph": _graph,
    "mesh": _mesh,
    "blackboard": _blackboard,
    "events": _events,
}
