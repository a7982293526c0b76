"""A router says what kind of task it is, and the specialist for it does it."""

from crews.catalog import PatternInfo, Seat
from crews.schema_guard import validate_payload
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
        schema = choice_schema(specialists)
        try:
            choice = await place.ask(router, crew.task, words=words, returns=schema, own=False)
        except ActionError as failed:
            if not general or failed.error.get("kind") != "invalid_payload":
                raise
            # Who cannot say whose task it is, says that it is nobody's.
            choice = {"specialist": "none", "confidence": 0}
        taken = taken_by(choice, specialists, general)
        contract = taken and place.contract(router, taken)
        if contract and contract.schema_ and validate_payload(contract.schema_, choice):
            # Only now it is known which contract holds: the router answers once more, bound by it.
            choice = await place.ask(
                router,
                crew.task,
                words=f"{words}\nYou chose '{choice['specialist']}': hand over what it asks for.",
                to=taken,
                returns=schema,
                own=False,
            )
            if taken_by(choice, specialists, general) != taken:
                raise changed_mind(router, str(taken), choice)
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
    if not passage.open:
        return passage.stopped(before=taken)
    contract = crew.contract(router, taken)
    given = [passage.given(router)] if contract and contract.schema_ else []
    return await crew.ask(taken, crew.task, given=given)


def taken_by(choice: Json, specialists: list[str], general: list[str]) -> str | None:
    named = choice["specialist"].strip()
    return named if named in specialists else next(iter(general), None)


def changed_mind(router: str, taken: str, choice: Json) -> ActionError:
    message = f"The router chose '{taken}', and asked for its contract '{choice['specialist']}'."
    return ActionError({"kind": "changed_mind", "role": router, "message": message})


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
