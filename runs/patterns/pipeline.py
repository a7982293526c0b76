"""Stages in a row, each handing its result to the next by their contract."""

from crews.catalog import PatternInfo, Seat
from runs.errors import ActionError
from runs.patterns.base import Crew, Given, Json, Pattern

INFO = PatternInfo(
    name="pipeline",
    title="Pipeline",
    summary="Stages in a row; each handoff is checked and is a checkpoint.",
    when="The steps are known and each needs only the result of the one before: documents,"
    " data, reports.",
    when_not="The steps depend on what is found on the way, or could run side by side.",
    seats=(
        Seat(
            name="stage",
            title="Stage",
            description="One step, in the order of the handoffs.",
            min=2,
            max=None,
        ),
    ),
    edges="chain",
    options_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "continue_on_error": {
                "type": "boolean",
                "default": False,
                "title": "Continue on error",
                "description": "A stage that fails passes on what it was given, with the error.",
            }
        },
    },
)


async def pipeline(crew: Crew) -> Json:
    stages = in_order(crew)
    given: tuple[Given, ...] = ()
    payload: Json = None
    for stage, following in zip(stages, [*stages[1:], None], strict=True):
        try:
            payload = await crew.ask(stage, crew.task, given=given, to=following)
        except ActionError as failed:
            if not crew.options["continue_on_error"]:
                raise
            payload = {"error": failed.error, "input": given[0].payload if given else crew.task}
        if following is not None:
            passage = await crew.hand_over(stage, following, payload)
            if not passage.open:
                return passage.stopped(before=following)
            payload = passage.payload
            given = (passage.given(stage),)
    return payload


def in_order(crew: Crew) -> list[str]:
    """Return the stages as the handoffs chain them."""
    stages = crew.seated("stage")
    following = {edge.from_: edge.to for edge in crew.spec.handoffs}
    order = [next(name for name in stages if name not in following.values())]
    while (name := following.get(order[-1])) is not None:
        order.append(name)
    return order


PATTERN = Pattern(info=INFO, play=pipeline)
