"""What each pattern costs the engine: processor time per action against the pipeline's; a mesh of
20 peers with 1,000 messages, and crews nested five deep.

Left out is what a run takes however short it is (by pipelines of 4 and of 40 stages). The models
answer in this process, so that no network and no SDK is measured. `python -m tests.bench.patterns`
runs it on SQLite.
"""

import asyncio
import itertools
import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any

Json = Any
REPEATS = 30
LIMITS = {"actions": 100_000, "calls": 100_000, "on_reached": "end"}
MODEL = {"provider": "openai", "name": "gpt-4.1-mini", "max_tokens": 200}
NEST = 5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CALLSHEET_DATA_DIR": folder, "OPENAI_API_KEY": "bench"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        from config.data_dir import prepare_data_dir

        prepare_data_dir()
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        asyncio.run(_measure())


@dataclass
class Answers:
    """A provider that answers at once, by the first rule that fits: what the system prompt and the
    last message must contain, and the reply."""

    name: str = "openai"
    rules: list[Json] = field(default_factory=list)

    async def complete(self, request: Any, _: object, on_delta: Any) -> Any:
        from runs.providers.base import ModelReply, ToolCall, Usage

        last = request.messages[-1]
        said = last.text if last.role == "user" else last.results[-1].text
        for rule in self.rules:
            if rule["anywhere"] in request.system and rule.get("contains", "") in said:
                break
        else:
            rule = {"reply": {"text": "ok"}}
        on_delta(rule["reply"]["text"])
        calls = [
            ToolCall(id=f"call{n}", **call)
            for n, call in enumerate(rule["reply"].get("tool_calls", []))
        ]
        usage = Usage(input_tokens=10, output_tokens=5)
        stop = "tool_calls" if calls else "end"
        text = rule["reply"]["text"]
        return ModelReply(text=text, tool_calls=tuple(calls), usage=usage, stop=stop, model="m")

    async def aclose(self) -> None:
        pass


def role(name: str, seat: str, **fields: Json) -> Json:
    return {"seat": seat, "model": MODEL, "instructions": f"You are {name}.", **fields}


def says(name: str, reply: Json, **conditions: Json) -> Json:
    """Let a role answer so: JSON, or with `tool_calls` as they are."""
    told = reply if isinstance(reply, dict) and "tool_calls" in reply else {"text": text(reply)}
    return {"anywhere": f"You are {name}.", **conditions, "reply": {"text": "", **told}}


def text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def pipeline(stages: int = 20) -> tuple[Json, list[Json]]:
    names = [f"s{n}" for n in range(stages)]
    roles = {name: role(name, "stage") for name in names}
    edges = [{"from": a, "to": b} for a, b in itertools.pairwise(names)]
    return crew("pipeline", roles, handoffs=edges), []


def hierarchical() -> tuple[Json, list[Json]]:
    calls = [
        {"name": "delegate_to_agent", "arguments": {"agent_name": "w", "task": f"part {n}"}}
        for n in range(10)
    ]
    rules = [
        says("lead", {"tool_calls": calls}, contains="measure"),
        says("lead", "all done"),
    ]
    return crew(
        "hierarchical", {"lead": role("lead", "orchestrator"), "w": role("w", "worker")}
    ), rules


def plan() -> tuple[Json, list[Json]]:
    parts: list[Json] = [{"id": f"p{n}", "worker": "w", "task": f"part {n}"} for n in range(10)]
    parts += [{"id": "q", "worker": "w", "task": "last", "depends_on": ["p0", "p9"]}]
    written: Json = {"subtasks": parts, "synthesis_instructions": "join"}
    rules = [says("p", written, contains="Plan this task"), says("p", "joined")]
    return crew("plan", {"p": role("p", "planner"), "w": role("w", "worker")}), rules


def route() -> tuple[Json, list[Json]]:
    roles = {"r": role("r", "router"), "s": role("s", "specialist")}
    return crew("route", roles), [says("r", {"specialist": "s", "confidence": 1})]


def parallel() -> tuple[Json, list[Json]]:
    roles = {f"s{n}": role(f"s{n}", "specialist") for n in range(12)}
    return crew("parallel", {**roles, "m": role("m", "merger")}), []


def debate() -> tuple[Json, list[Json]]:
    roles = {"a": role("a", "proposer"), "b": role("b", "critic")}
    rules = [says("b", {"approved": False, "issues": ["no"], "objections": ["no"]})]
    return crew("debate", roles, {"max_rounds": 6}), rules


def review() -> tuple[Json, list[Json]]:
    roles = {"a": role("a", "producer"), "b": role("b", "reviewer")}
    return crew("review", roles, {"max_revisions": 6}), [
        says("b", {"approved": False, "issues": []})
    ]


def mesh(peers: int = 4, messages: int = 60, each: int = 3) -> tuple[Json, list[Json]]:
    told = [{"to": "all", "type": "inform", "content": f"note {n}"} for n in range(each)]
    roles = {f"m{n}": role(f"m{n}", "peer") for n in range(peers)}
    rules = [{"anywhere": "You are m", "reply": {"text": text(
        {"messages": told, "done": True, "answer": "done"})}}]  # fmt: skip
    return crew("mesh", roles, {"max_messages": messages, "max_spawned": 0}), rules


def blackboard() -> tuple[Json, list[Json]]:
    roles = {f"b{n}": role(f"b{n}", "writer") for n in range(4)}
    rules = [says(f"b{n}", {"writes": [{"key": f"k{n}", "value": "v"}]}) for n in range(4)]
    return crew("blackboard", roles, {"max_writes": 40}), rules


def events() -> tuple[Json, list[Json]]:
    def sends(type: str) -> Json:
        return {"events": [{"type": type, "payload": "x"}]}

    roles = {
        "x": role("x", "reactor", subscribes=["task", "pong"]),
        "y": role("y", "reactor", subscribes=["ping"]),
    }
    # They play until all events are used up; that is how this run ends.
    return crew("events", roles, {"max_events": 30}), [
        says("x", sends("ping")),
        says("y", sends("pong")),
    ]


def graph() -> tuple[Json, list[Json]]:
    names = [f"g{n}" for n in range(12)]
    roles = {name: role(name, "node") for name in names}
    edges = [{"from": a, "to": b} for a, b in itertools.pairwise(names)]
    return crew("graph", roles, handoffs=edges), []


def crew(pattern: str, roles: Json, options: Json = None, **fields: Json) -> Json:
    return {
        "callsheet": 1,
        "name": f"Bench {pattern}",
        "pattern": {"name": pattern, "options": options or {}},
        "roles": roles,
        "limits": LIMITS,
        **fields,
    }


PATTERNS = (
    *(pipeline, hierarchical, plan, route, parallel, debate),
    *(review, mesh, blackboard, events, graph),
)


@dataclass(frozen=True)
class Spent:
    """The processor's seconds of a run, and what it did."""

    seconds: float
    actions: int
    calls: int


class Bench:
    def __init__(self, worker: Any, places: Any) -> None:
        self.worker, self.places = worker, places
        self.answers = worker.machine._providers["openai"] = Answers()

    async def run(self, version: Any, repeats: int = REPEATS) -> Spent:
        """Return the cheapest of several runs: others on the machine only ever add."""
        if repeats > 1:
            await self._once(version)
        return min(
            [await self._once(version) for _ in range(repeats)], key=lambda spent: spent.seconds
        )

    async def published(self, document: Json, rules: list[Json]) -> Any:
        self.answers.rules = rules
        return await asyncio.to_thread(_publish, self.places, document)

    async def _once(self, version: Any) -> Spent:
        from runs.journal.fold import fold
        from runs.journal.store import read
        from tests.bench import crews_to_run

        team, user = self.places
        began = time.process_time()
        run = await self.worker.drive(lambda: crews_to_run.start(team, user, version, "measure"))
        used = time.process_time() - began
        state = await asyncio.to_thread(lambda: fold(read(str(run.pk))))
        if state.status not in ("finished", "failed"):
            raise SystemExit(f"{version.crew.name} is {state.status}: {state.reason}")
        return Spent(used, len(state.actions), state.calls)


async def _measure() -> None:
    from tests.bench.crews_to_run import Worker, owner_and_team

    places = await asyncio.to_thread(owner_and_team)
    async with Worker() as worker:
        bench = Bench(worker, places)
        long = await bench.run(await bench.published(*pipeline(40)))
        short = await bench.run(await bench.published(*pipeline(4)))
        each = (long.seconds - short.seconds) / (long.actions - short.actions)
        fixed = max(0.0, short.seconds - short.actions * each)
        print(f"a run, however short: {fixed * 1000:.1f} ms; an action: {each * 1000:.2f} ms")
        print(f"{'':38}{'actions':>9}{'calls':>8}{'ms/action':>12}{'÷ pipeline':>13}   goal")

        def tell(name: str, spent: Spent) -> None:
            mean = (spent.seconds - fixed) / spent.actions
            print(f"{name:38}{spent.actions:>9}{spent.calls:>8}{mean * 1000:>12.2f}"
                  f"{mean / each:>13.2f}   ≤ 1.5")  # fmt: skip

        for make in PATTERNS:
            tell(make.__name__, await bench.run(await bench.published(*make())))
        large = await bench.published(*mesh(peers=20, messages=1000, each=10))
        began = time.perf_counter()
        tell("mesh of 20 peers, 1,000 messages", await bench.run(large, repeats=1))
        print(f"  … took {time.perf_counter() - began:.1f} s")
        bench.answers.rules = []
        nest = await asyncio.to_thread(_nest, places)
        tell(f"crews nested {NEST} deep", await bench.run(nest))


def _publish(places: Any, document: Json) -> Any:
    from tests.bench import crews_to_run

    team, user = places
    return crews_to_run._published(team, user, document)


def _nest(places: Any) -> Any:
    """Publish crews of a pipeline each, the second stage of which is the crew before."""
    slug, version = "", None
    for level in range(NEST):
        inner: Json = {"seat": "stage", "kind": "crew", "crew": {"slug": slug}}
        roles = {"a": role("a", "stage"), "b": inner if slug else role("b", "stage")}
        edges = [{"from": "a", "to": "b"}]
        document = crew("pipeline", roles, handoffs=edges) | {"name": f"Nest {level}"}
        version = _publish(places, document)
        slug = version.crew.slug
    return version


if __name__ == "__main__":
    main()
