"""A planner splits the task, workers do what is ready at once, the planner puts the results
together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from crews.catalog import PatternInfo, Seat
from runs.errors import ActionError
from runs.patterns.base import CONFIDENCE, ENOUGH, Crew, Given, Json, Pattern, partial, roster

NOT_NEEDED = "not needed"
INFO = PatternInfo(
    name="plan",
    title="Plan and execute",
    summary="A planner writes a plan; independent subtasks run at once, dependent ones get their"
    " inputs; the planner combines the results.",
    when="The task splits into parts that can be named beforehand, some of them independent:"
    " research, analysis and writing of a report.",
    when_not="What comes next depends on what is found: then use hierarchical. Or the plan is"
    " always the same: then draw it as a graph.",
    seats=(
        Seat(name="planner", title="Planner", description="Plans, and combines the results."),
        Seat(name="worker", title="Worker", description="Does subtasks of the plan.", max=None),
    ),
    options_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "max_subtasks": {
                "type": "integer",
                "minimum": 1,
                "maximum": 100,
                "default": 20,
                "title": "Subtasks at most",
            },
            "enough_confidence": ENOUGH,
        },
    },
)


@dataclass(kw_only=True, eq=False)
class Subtask:
    """One part of a plan. `fault` says why it cannot be done at all; `result` is what became of it,
    at first what it is if a limit does not let it begin."""

    id: str
    worker: str
    task: str
    depends_on: list[str]
    needs: list["Subtask"] = field(default_factory=list)
    fault: str = ""
    result: dict[str, Json] = field(
        default_factory=lambda: {"status": "failed", "reason": "It could not begin."}
    )


async def plan(crew: Crew) -> Json:
    (planner,), workers = crew.seated("planner"), crew.seated("worker")

    async def make(place: Crew) -> Json:
        words = (
            "Plan this task, do not do it yet: split it into subtasks for these workers. A subtask"
            " that needs the results of others names their ids in 'depends_on'; all others run at"
            f" once. Say how the results are to be combined.\n{roster(crew, workers)}"
        )
        schema = plan_schema(workers, crew.options["max_subtasks"])
        return await place.ask(planner, crew.task, words=words, returns=schema, own=False)

    known = {"task": crew.task, "workers": workers}
    written = await crew.step("plan", f"planned by {planner}", planner, known, make)
    subtasks = read_plan(written, workers)
    names = {id(part): f"subtask{n}" for n, part in enumerate(subtasks, start=1)}
    await crew.parallel(
        {names[id(part)]: carried_out(planner, part, subtasks) for part in subtasks},
        after={names[id(part)]: [names[id(need)] for need in part.needs] for part in subtasks},
        who={
            names[id(part)]: [planner, part.worker, *(need.worker for need in part.needs)]
            for part in subtasks
        },
    )

    async def combine(place: Crew) -> Json:
        words = "The subtasks of your plan have come to their end. Combine their results."
        words += f" Your plan says how: {written['synthesis_instructions']}"
        given = [Given(source=part.worker, payload=told(part)) for part in subtasks]
        return await place.ask(planner, crew.task, words=words, given=given)

    came = {part.id: part.result["status"] for part in subtasks}
    return await crew.step("synthesis", f"combined by {planner}", planner, came, combine)


def carried_out(
    planner: str, part: Subtask, plan: list[Subtask]
) -> Callable[[Crew], Awaitable[Json]]:
    """Do a subtask whose needs have come to their end; what becomes of it is in its `result`."""
    receivers = [other.worker for other in plan if part in other.needs]

    async def do(place: Crew) -> Json:
        if part.fault:
            raise ActionError({"kind": "bad_subtask", "message": part.fault})
        given, instead = await inputs(place, part)
        if instead is None and part.needs:
            instead = await enough(place, planner, part, given)
        if instead is not None:
            return instead
        drawn = (name for name in receivers if place.contract(part.worker, name))
        result = await place.ask(part.worker, part.task, given=given, to=next(drawn, planner))
        passage = await place.hand_over(part.worker, planner, result)
        if not passage.open:
            return {"status": "held back", "reason": passage.reason}
        return {"status": "finished", "result": passage.payload}

    async def branch(place: Crew) -> Json:
        asked = {
            "from": planner,
            "to": part.worker,
            "id": part.id,
            "task": part.task,
            "depends_on": part.depends_on,
        }
        name = f"{planner} → {part.worker}"[:100]
        try:
            part.result = await place.step("delegation", name, planner, asked, do)
        except ActionError as failed:
            part.result = {"status": "failed", "reason": str(failed), **partial(failed.error)}
        return part.result

    return branch


async def inputs(place: Crew, part: Subtask) -> tuple[list[Given], Json]:
    """Return what a subtask is given by those it needs, or what becomes of it instead."""
    given: list[Given] = []
    for need in part.needs:
        status = need.result["status"]
        if status == NOT_NEEDED:
            return given, need.result
        if status != "finished":
            return given, {
                "status": "skipped",
                "reason": f"It needs '{need.id}', which is {status}.",
            }
        brought = Given(source=need.worker, payload=need.result["result"])
        if place.contract(need.worker, part.worker):
            passage = await place.hand_over(need.worker, part.worker, brought.payload)
            if not passage.open:
                return given, {"status": "skipped", "reason": passage.reason}
            brought = passage.given(need.worker)
        given.append(brought)
    return given, None


async def enough(place: Crew, planner: str, part: Subtask, given: list[Given]) -> Json:
    """Return that a subtask is not needed, if the planner is confident enough without it."""
    wanted = place.options.get("enough_confidence")
    if wanted is None:
        return None
    words = (
        f"These results of your plan are there; '{part.id}' is next: {part.task}\nHow confident are"
        " you, from 0 to 1, that the task can be answered well without it? Do nothing else."
    )
    said = await place.ask(
        planner, place.task, words=words, given=given, returns=CONFIDENCE, own=False
    )
    if said["confidence"] < wanted:
        return None
    reason = f"The planner is confident enough ({said['confidence']:g}) without it."
    return {"status": NOT_NEEDED, "reason": reason}


def told(part: Subtask) -> dict[str, Json]:
    return {"id": part.id, "task": part.task, **part.result}


def read_plan(written: dict[str, Json], workers: list[str]) -> list[Subtask]:
    """Return a plan's subtasks, those that cannot be done with their fault.

    A subtask without an id is known by its worker's name; `depends_on` names ids, or workers.
    """
    parts: list[Subtask] = []
    for item in written["subtasks"]:
        needs = item.get("depends_on") or []
        name = item.get("id") or item["worker"]
        part = Subtask(id=name, worker=item["worker"], task=item["task"], depends_on=needs)
        if part.worker not in workers:
            part.fault = f"There is no worker '{part.worker}'. There are {', '.join(workers)}."
        elif item.get("id") and any(name == other.id for other in parts):
            part.fault = f"The plan has another subtask '{name}'."
        parts.append(part)
    for part in parts:
        for name in part.depends_on:
            found = [other for other in parts if other.id == name]
            found = found or [o for o in parts if o.worker == name and o is not part]
            part.needs += [other for other in found if other not in part.needs]
            if not found and not part.fault:
                part.fault = f"It depends on '{name}', which is not in the plan."
    for part in [part for part in parts if in_circle(part)]:
        part.fault = part.fault or f"'{part.id}' depends on itself, by way of others or directly."
    for part in parts:
        part.needs = [] if part.fault else part.needs
    return parts


def in_circle(part: Subtask) -> bool:
    seen: list[Subtask] = []
    waiting = list(part.needs)
    while waiting:
        need = waiting.pop()
        if need is part:
            return True
        if not any(need is other for other in seen):
            seen.append(need)
            waiting += need.needs
    return False


def plan_schema(workers: list[str], most: int) -> dict[str, Json]:
    """Any worker may be named: a subtask for one that is not there becomes an error result."""
    text = {"type": "string", "minLength": 1}
    subtask = {
        "type": "object",
        "required": ["worker", "task"],
        "properties": {
            "id": {**text, "maxLength": 100, "description": "Short; others depend on it."},
            "worker": {**text, "maxLength": 100, "examples": workers},
            "task": {**text, "description": "What to do, complete in itself."},
            "depends_on": {"type": "array", "items": text, "maxItems": 100},
        },
    }
    return {
        "type": "object",
        "required": ["subtasks", "synthesis_instructions"],
        "properties": {
            "subtasks": {"type": "array", "minItems": 1, "maxItems": most, "items": subtask},
            "synthesis_instructions": {"type": "string"},
        },
    }


PATTERN = Pattern(info=INFO, play=plan)
