"""Roles as nodes, and results that flow along the drawn handoffs: gates choose the ways, a join
waits for all its inputs, a loop goes round a bounded number of times.

A loop with everything on it is one part of the graph; parts are without circles among each other,
so each begins when those before it have come to rest. Inside a loop, rounds follow each other: in
a round results flow forwards, and what goes back begins the next one.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from crews.catalog import PatternInfo, Seat
from crews.joining import together
from crews.spec import JsonSchema
from runs.errors import ActionError
from runs.patterns.base import Crew, Given, Json, Passage, Pattern

Edge = tuple[str, str]
INFO = PatternInfo(
    name="graph",
    title="Graph",
    summary="Results flow along the drawn handoffs, through gates, joins and bounded loops.",
    when="The way of the work is known but is no straight line: branches, joins, a gate before"
    " the deployment, a loop back for corrections.",
    when_not="A pipeline would do, or who works next has to be decided by an agent.",
    seats=(
        Seat(
            name="node",
            title="Node",
            description="Works when its handoffs bring something; one without any begins.",
            max=None,
        ),
    ),
    edges="free",
    options_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "max_visits": {
                "type": "integer",
                "minimum": 1,
                "maximum": 50,
                "default": 3,
                "title": "Visits at most",
                "description": "How often a role on a loop may work in one run.",
            }
        },
    },
)


@dataclass(kw_only=True)
class Flow:
    """What has flowed so far. `inputs` holds the last passage of each handoff that is open,
    `taken` the handoffs that each role's last result went along."""

    edges: list[Edge]
    max_visits: int
    inputs: dict[Edge, Passage] = field(default_factory=dict)
    results: dict[str, Json] = field(default_factory=dict)
    taken: dict[str, set[Edge]] = field(default_factory=dict)
    visits: Counter[str] = field(default_factory=Counter)
    failed: set[str] = field(default_factory=set)

    def into(self, name: str) -> list[Edge]:
        return [edge for edge in self.edges if edge[1] == name]

    async def work(self, crew: Crew, name: str) -> set[Edge]:
        """Let a role work with what has come in, and return the handoffs that let its result
        through."""
        given = [self.inputs[e].given(e[0]) for e in self.into(name)
                 if e in self.inputs and e[0] != name]  # fmt: skip
        if name in self.results:
            given.append(Given(source=name, payload=self.results[name]))
        self.visits[name] += 1
        out = [edge for edge in self.edges if edge[0] == name]
        to, more = demands(crew, name, out)
        result = await crew.ask(name, crew.task, given=given, to=to, returns=more)
        self.results[name] = result
        opened = set()
        for edge in out:
            passage = await crew.hand_over(*edge, result)
            if passage.open:
                self.inputs[edge] = passage
                opened.add(edge)
            else:
                self.inputs.pop(edge, None)
        self.taken[name] = opened
        return opened

    def ends(self) -> dict[str, Json]:
        """Return the results that went no further."""
        return {name: self.results[name] for name, taken in self.taken.items() if not taken}


def demands(crew: Crew, name: str, out: list[Edge]) -> tuple[str | None, JsonSchema | None]:
    """Return whose contract a role's result must keep, and the schemas of further ones. What
    is behind a gate may never get the result, so its schema does not bind beside others."""
    contracts = [contract for edge in out if (contract := crew.contract(*edge))]
    if len(contracts) > 1:
        contracts = [contract for contract in contracts if contract.when is None]
    if not contracts:
        return None, None
    schemas = [contract.schema_ for contract in contracts[1:] if contract.schema_]
    return contracts[0].to, together(schemas)


async def graph(crew: Crew) -> Json:
    nodes = crew.seated("node")
    drawn = [(edge.from_, edge.to) for edge in crew.spec.handoffs]
    flow = Flow(edges=list(dict.fromkeys(drawn)), max_visits=crew.options["max_visits"])
    parts = in_parts(nodes, flow.edges)
    part_of = {name: "+".join(part) for part in parts for name in part}
    after = {
        part_of[part[0]]: sorted({part_of[a] for a, b in flow.edges if b in part and a not in part})
        for part in parts
    }
    outcomes = await crew.parallel(
        {part_of[part[0]]: part_at_work(flow, part) for part in parts},
        after=after,
        who={part_of[part[0]]: part for part in parts},
    )
    for outcome in outcomes.values():
        if outcome.error is not None:
            raise ActionError(outcome.error)
    ends = flow.ends()
    return next(iter(ends.values())) if len(ends) == 1 else dict(sorted(ends.items()))


def part_at_work(flow: Flow, part: list[str]) -> Callable[[Crew], Awaitable[Json]]:
    """Play one part of the graph: a single role, or a loop."""

    async def work(crew: Crew) -> Json:
        before = [edge for name in part for edge in flow.into(name) if edge[0] not in part]
        if any(source in flow.failed for source, _ in before):
            flow.failed.update(part)
            return None
        begin = {target for source, target in before if (source, target) in flow.inputs}
        if not before:
            begin = {name for name in part if not flow.into(name)} or {part[0]}
        try:
            if begin and len(part) == 1 and (part[0], part[0]) not in flow.edges:
                await flow.work(crew, part[0])
                return None
            while begin:
                begin = await one_round(flow, crew, part, begin)
        except ActionError:
            flow.failed.update(part)
            raise
        return None

    return work


async def one_round(flow: Flow, crew: Crew, part: list[str], begin: set[str]) -> set[str]:
    """Let results flow forwards once, from the roles in `begin`, and return where the next round
    begins."""
    inner = [edge for edge in flow.edges if edge[0] in part and edge[1] in part]
    back = backwards(part, inner, flow)
    forward = [edge for edge in inner if edge not in back]
    fresh: set[Edge] = set()

    def branch(name: str) -> Callable[[Crew], Awaitable[Json]]:
        async def work(place: Crew) -> Json:
            came = {edge for edge in fresh if edge[1] == name and edge in forward}
            if name not in begin and not came:
                return None
            if flow.visits[name] >= flow.max_visits:
                await bound(flow, place, name, came | {e for e in back if e[1] == name})
                return None
            fresh.update(await flow.work(place, name))
            return None

        return work

    after = {name: [a for a, b in forward if b == name] for name in part}
    outcomes = await crew.parallel(
        {name: branch(name) for name in part}, after=after, who={name: [name] for name in part}
    )
    for outcome in outcomes.values():
        if outcome.error is not None:
            raise ActionError(outcome.error)
    return {edge[1] for edge in fresh if edge in back}


async def bound(flow: Flow, place: Crew, name: str, came: set[Edge]) -> None:
    """Note that a loop ends here; what came to the role goes nowhere."""
    for taken in flow.taken.values():
        taken -= came
    told = {"role": name, "max_visits": flow.max_visits}

    async def end(_: Crew) -> Json:
        return told

    await place.step("checkpoint", f"loop ended: {name} has had its visits", name, told, end)


def in_parts(nodes: list[str], edges: list[Edge]) -> list[list[str]]:
    """Return the nodes in groups: those that can reach each other are in one."""
    reach = {name: reached(edges, name) for name in nodes}
    parts: list[list[str]] = []
    for name in nodes:
        if not any(name in part for part in parts):
            mutual = [other for other in nodes if other in reach[name] and name in reach[other]]
            parts.append(mutual or [name])
    return parts


def reached(edges: Iterable[Edge], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        new = {b for a, b in edges if a == name} - found
        found |= new
        waiting += new
    return found


def backwards(part: list[str], inner: list[Edge], flow: Flow) -> set[Edge]:
    """Return the handoffs of a loop that lead back to a role on the way from where it is entered:
    without them it has no circle."""
    entered = [name for name in part if any(edge not in inner for edge in flow.into(name))]
    back: set[Edge] = set()
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        for edge in inner:
            if edge[0] != name:
                continue
            if edge[1] in (*trail, name):
                back.add(edge)
            elif edge[1] not in done:
                walk(edge[1], (*trail, name))
        done.add(name)

    for name in [*entered, *part]:
        if name not in done:
            walk(name, ())
    return back


PATTERN = Pattern(info=INFO, play=graph)
