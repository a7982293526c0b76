"""Crews of every pattern that nobody drew, and models whose answers follow from their prompts."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.fakes.model_server import Call, Reply, Rule
from tests.integration.runs.documents import delegate, document, model_role, pipeline

Json = Any
LATENCIES_MS = (0, 4, 12, 30)
SUMMARY = {
    "type": "object",
    "required": ["summary"],
    "properties": {"summary": {"type": "string", "minLength": 3}},
}
# What nobody knows beforehand: who comes first decides how these go on.
RACES = ("mesh", "blackboard", "events")
_MARK = re.compile(r"data-[0-9a-f]{10}")
_ROLE = re.compile(r"You are (\w+)\.")


@dataclass(frozen=True, kw_only=True)
class AnyCrew:
    """A crew; `names` are the roles that others may choose among, `failing` those whose model
    refuses, `seed` is what its models are like, and `limited` ones reach limits, where a call that
    was repeated counts."""

    document: Json
    names: list[str]
    failing: list[str]
    seed: int
    limited: bool

    @property
    def pattern(self) -> str:
        return str(self.document["pattern"]["name"])

    @property
    def races(self) -> bool:
        """Say whether the outcome depends on who comes first."""
        return self.limited or self.pattern in RACES

    def rules(self, order: int) -> list[Rule]:
        """Return how its models answer, the answers coming in one of many orders."""
        refused = [Rule(anywhere=f"You are {name}.", status=401) for name in self.failing]

        def latency(call: Call) -> int:
            return Random(f"{order}/{asked(call)}").choice(LATENCIES_MS)

        def after(ms: int) -> Callable[[Call], bool]:
            return lambda call: latency(call) == ms

        timed = [Timed(due=after(ms), latency_ms=ms, reply=self.answer) for ms in LATENCIES_MS]
        return [*refused, *timed]

    def answer(self, call: Call) -> Reply:
        """Answer as follows from the prompt alone, so whoever asks again gets the same."""
        text = asked(call)
        chance = Random(f"{self.seed}/{text}")
        turns = sum(message["role"] == "assistant" for message in call.body["messages"])
        if "You lead." in text:
            return self._lead(chance, turns)
        for cue, made in _CUES.items():
            if cue in text:
                return Reply(text=json.dumps(made(chance, self.names)))
        found = _ROLE.search(text)
        said = f"{found[1] if found else 'somebody'} says {chance.randrange(10**6)}"
        if "JSON Schema" in text:
            # Some first answers do not fit their contract and are sent back.
            return Reply(
                text=json.dumps({"summary": said if turns or chance.random() < 0.6 else 1})
            )
        return Reply(text=said)

    def _lead(self, chance: Random, turns: int) -> Reply:
        if turns >= self.seed % 4:
            return Reply(text=f"led to {chance.randrange(10**6)}")
        wanted = [chance.choice([*self.names, "nobody"]) for _ in range(chance.randint(1, 3))]
        calls = [delegate(name, f"part {n} of turn {turns}") for n, name in enumerate(wanted)]
        return Reply(tool_calls=tuple(calls))


@dataclass(kw_only=True)
class Timed(Rule):
    """A rule for the calls whose time is due."""

    due: Callable[[Call], bool] = field(default=lambda _: True)

    def fits(self, call: Call) -> bool:
        return self.due(call)


def asked(call: Call) -> str:
    """Return what a model is asked, the same in every run."""
    return _MARK.sub("data-", call.all_text)


def _planned(chance: Random, names: list[str]) -> Json:
    def part(n: int) -> Json:
        needs = [f"t{m}" for m in range(n) if chance.random() < 0.3]
        worker = chance.choice([*names, *names, "nobody"])
        return {"id": f"t{n}", "worker": worker, "task": f"do t{n}", "depends_on": needs}

    parts = [part(n) for n in range(chance.randint(1, 5))]
    return {"subtasks": parts, "synthesis_instructions": "join them"}


def _judged(chance: Random, names: list[str]) -> Json:
    good = chance.random() < 0.4
    return {"approved": good, "issues": [] if good else [f"issue {chance.randrange(99)}"]}


def _turn(chance: Random, names: list[str]) -> Json:
    to = [chance.choice([*names, "all", "nobody"]) for _ in range(chance.choice([0, 0, 1, 2]))]
    told = [{"to": t, "type": "inform", "content": f"m{chance.randrange(999)}"} for t in to]
    turn = {"messages": told, "done": chance.random() < 0.6, "answer": f"a{chance.randrange(999)}"}
    if chance.random() < 0.2:
        turn["spawn"] = [{"like": chance.choice(names), "task": f"dig {chance.randrange(99)}"}]
    return turn


def _writes(chance: Random, names: list[str]) -> Json:
    keys = [chance.choice("klm") for _ in range(chance.choice([0, 1, 1, 2]))]
    return {"writes": [{"key": key, "value": f"v{chance.randrange(999)}"} for key in keys]}


def _published(chance: Random, names: list[str]) -> Json:
    types = [chance.choice(["x", "y", "done"]) for _ in range(chance.choice([0, 1, 1, 2]))]
    return {"events": [{"type": t, "payload": f"p{chance.randrange(999)}"} for t in types]}


_CUES: dict[str, Callable[[Random, list[str]], Json]] = {
    "Plan this task": _planned,
    "Say which specialist": lambda chance, names: {
        "specialist": chance.choice([*names, "nobody"]),
        "confidence": 0.9,
    },
    "Pick the specialists": lambda chance, names: {
        "specialists": chance.sample([*names, "nobody"], chance.randint(1, len(names)))
    },
    "Judge what": _judged,
    "Write messages to those": _turn,
    "around a shared board": _writes,
    "React to the event": _published,
}


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
    limited = chance.random() < 0.3
    if limited:
        _limit(chance, made, names)
    return AnyCrew(document=made, names=names, failing=failing, seed=seed, limited=limited)


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
    return document("plan", roles), names


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
    return document("parallel", roles), names


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
