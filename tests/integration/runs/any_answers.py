"""What models, people and programs of crews that nobody drew say: all of it follows from what they
are asked, so whoever asks again gets the same."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from crews.schema_guard import validate_payload
from sandbox.scripted import ScriptedDriver
from sandbox.scripted_programs import Call as Program
from tests.fakes.model_server import Call, Reply, Rule
from tests.integration.runs.any_crew import AnyCrew
from tests.integration.runs.documents import delegate

Json = Any
LATENCIES_MS = (0, 4, 12, 30)
_MARK = re.compile(r"data-[0-9a-f]{10}")
_ROLE = re.compile(r"You are (\w+)\.")


@dataclass(kw_only=True)
class Timed(Rule):
    """A rule for the calls whose time is due."""

    due: Callable[[Call], bool] = field(default=lambda _: True)

    def fits(self, call: Call) -> bool:
        return self.due(call)


def rules(crew: AnyCrew, order: int) -> list[Rule]:
    """Return how a crew's models answer, the answers coming in one of many orders."""
    refused = [Rule(anywhere=f"You are {name}.", status=401) for name in crew.failing]

    def after(ms: int) -> Callable[[Call], bool]:
        return lambda call: Random(f"{order}/{asked(call)}").choice(LATENCIES_MS) == ms

    def answer(call: Call) -> Reply:
        return model_answer(crew, call)

    return [*refused, *(Timed(due=after(ms), latency_ms=ms, reply=answer) for ms in LATENCIES_MS)]


def model_answer(crew: AnyCrew, call: Call) -> Reply:
    text = asked(call)
    chance = Random(f"{crew.seed}/{text}")
    turns = sum(message["role"] == "assistant" for message in call.body["messages"])
    if "You lead." in text:
        return _lead(crew, chance, turns)
    if '"note"' in json.dumps(call.body.get("tools") or []) and turns < 3 and chance.random() < 0.5:
        note = {"name": "note", "arguments": {"text": f"thought {chance.randrange(99)}"}}
        read = {"name": "read_notes", "arguments": {}}
        return Reply(tool_calls=tuple(chance.sample([note, read, note], chance.randint(1, 3))))
    for cue, made in _CUES.items():
        if cue in text:
            return Reply(text=json.dumps(made(chance, crew.names)))
    found = _ROLE.search(text)
    said = f"{found[1] if found else 'somebody'} says {chance.randrange(10**6)}"
    if "JSON Schema" in text:
        # Some first answers do not fit their contract and are sent back.
        return Reply(text=json.dumps({"summary": said if turns or chance.random() < 0.6 else 1}))
    return Reply(text=said)


def person_decides(crew: AnyCrew, key: str, question: Json) -> Json:
    """Return what is decided about the question at a place of the structure."""
    chance = Random(f"{crew.seed}/{key}")
    offered = [choice for choice in question["choices"] if choice != "stop the run" or crew.stops]
    choice = chance.choice(offered)
    made = {"choice": choice, "comment": f"comment {chance.randrange(99)}"}
    if choice in ("answer", "edit"):
        made["value"] = _given(crew, chance, question)
    return made


def _given(crew: AnyCrew, chance: Random, question: Json) -> Json:
    if question["reason"] == "approval":
        changed = {"text": "changed"} if "text" in question["proposed"] else {"task": "changed"}
        return question["proposed"] | changed
    said = f"somebody gives {chance.randrange(999)}"
    shapes = [_SHAPES[name] for name in question["schema"].get("properties", {}) if name in _SHAPES]
    while shapes:
        value = shapes[0](chance, crew.names)
        if not validate_payload(question["schema"], value):
            return value
    return said if question["schema"]["type"] == "string" else {"summary": said}


def driver() -> ScriptedDriver:
    """Return sandboxes in which a program says what follows from its source and input."""
    return ScriptedDriver({"python": _python})


async def _python(call: Program) -> int:
    number = int(hashlib.sha256(call.source.encode() + call.stdin).hexdigest()[:6], 16)
    if number % 5 == 0:
        call.write(b"it does not work", "stderr")
        return 1
    call.write(json.dumps({"summary": f"computed {number}"}).encode())
    return 0


def asked(call: Call) -> str:
    """Return what a model is asked, the same in every run."""
    return _MARK.sub("data-", call.all_text)


def _lead(crew: AnyCrew, chance: Random, turns: int) -> Reply:
    if turns >= crew.seed % 4:
        return Reply(text=f"led to {chance.randrange(10**6)}")
    wanted = [chance.choice([*crew.names, "nobody"]) for _ in range(chance.randint(1, 3))]
    calls = [delegate(name, f"part {n} of turn {turns}") for n, name in enumerate(wanted)]
    return Reply(tool_calls=tuple(calls))


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
    "How confident are you": lambda chance, names: {"confidence": chance.random()},
    "Judge what": _judged,
    "Write messages to those": _turn,
    "around a shared board": _writes,
    "React to the event": _published,
}
# The same by a property of what is asked for, for people.
_SHAPES = {
    "subtasks": _planned,
    "specialist": _CUES["Say which specialist"],
    "specialists": _CUES["Pick the specialists"],
    "confidence": _CUES["How confident are you"],
    "approved": _judged,
    "messages": _turn,
    "writes": _writes,
    "events": _published,
}
