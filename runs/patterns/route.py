"""A router says what kind of task it is, and the specialist for it does it."""

from crews.catalog import PatternInfo, Seat
from runs.errors import ActionError
from runs.patterns.base import Crew, Json, Pattern, roster

INFO = PatternInfo(
    name="route",
    title="Specialist routing",
    summary="A router classifies the task; the specialist for it does it alone.",
    when="Tasks come in kinds, and each kind has its own instructions, tools or model: a cheap"
    " router keeps the costly specialist for what needs it.",
    when_not="A task often needs several specialists: then use parallel or plan.",
    seats=(
        Seat(name="router", title="Router", description="Says which specialist the task is for."),
        Seat(
            name="specialist", title="Specialist", description="Does tasks of one kind.", max=None
        ),
        Seat(
            name="general",
            title="General agent",
            description="Does what is for none of the specialists.",
            min=0,
        ),
    ),
)


async def route(crew: Crew) -> Json:
    (router,), specialists = crew.seated("router"), crew.seated("specialist")
    general = crew.seated("general")

    async def classify(place: Crew) -> Json:
        words = (
            "Say which specialist this task is for; do not do it yourself. If it is for none of"
            f" them, say 'none'.\n{roster(crew, specialists)}"
        )
        choice = await place.ask(
            router, crew.task, words=words, returns=choice_schema(specialists), own=False
        )
        named = choice["specialist"].strip()
        taken = named if named in specialists else next(iter(general), None)
        return {**choice, "taken": taken}

    known = {"task": crew.task, "specialists": specialists, "general": general}
    choice = await crew.step("route", f"routed by {router}", router, known, classify)
    taken = choice["taken"]
    if taken is None:
        message = (
            f"The router named '{choice['specialist']}', and there is no such specialist. There are"
            f" {', '.join(specialists)}. Give the crew a role in the seat 'general' for such tasks."
        )
        raise ActionError({"kind": "unknown_specialist", "role": router, "message": message})
    passage = await crew.hand_over(router, taken, choice)
    return await crew.ask(taken, crew.task) if passage.open else passage.stopped(before=taken)


def choice_schema(specialists: list[str]) -> dict[str, Json]:
    """Any name may come: one that is unknown is a task for the general agent."""
    return {
        "type": "object",
        "required": ["specialist", "confidence"],
        "properties": {
            "specialist": {"type": "string", "examples": specialists},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        },
    }


PATTERN = Pattern(info=INFO, play=route)
