"""A proposer and a critic in rounds, until the critic approves; then, where there is one, a
synthesizer."""

from crews.catalog import PatternInfo, Seat
from runs.patterns.base import Crew, Given, Json, Pattern
from runs.patterns.review import until_approved

INFO = PatternInfo(
    name="debate",
    title="Debate",
    summary="A critic challenges a proposal, if need be by executing it, until it holds.",
    when="A first answer is often wrong in ways that show when somebody attacks it: algorithms,"
    " designs, plans. Give the critic tools that execute code.",
    when_not="There is nothing to attack, or one check by a program would settle it.",
    seats=(
        Seat(name="proposer", title="Proposer", description="Proposes and improves a solution."),
        Seat(
            name="critic",
            title="Critic",
            description="Looks for what is wrong; may execute the proposal with its tools.",
        ),
        Seat(
            name="synthesizer",
            title="Synthesizer",
            description="Makes the final answer of the proposal and the last criticism.",
            min=0,
        ),
    ),
    options_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "max_rounds": {
                "type": "integer",
                "minimum": 1,
                "maximum": 20,
                "default": 3,
                "title": "Rounds at most",
                "description": "Each is a criticism and, unless it approves, an improvement.",
            }
        },
    },
)


async def debate(crew: Crew) -> Json:
    (proposer,), (critic,) = crew.seated("proposer"), crew.seated("critic")
    proposal, verdict = await until_approved(crew, proposer, critic, crew.options["max_rounds"])
    if not proposal.open:
        return proposal.stopped(before=critic)
    if not (taken := crew.seated("synthesizer")):
        return proposal.payload
    (synthesizer,) = taken
    passage = await crew.hand_over(proposer, synthesizer, proposal.payload)
    if not passage.open:
        return passage.stopped(before=synthesizer)

    async def conclude(place: Crew) -> Json:
        given = [
            passage.given(proposer),
            Given(source=critic, payload=verdict),
        ]
        words = "Make the final answer of this proposal and the last criticism of it."
        return await place.ask(synthesizer, crew.task, words=words, given=given)

    name = f"synthesis by {synthesizer}"
    return await crew.step("synthesis", name, synthesizer, {"of": proposer}, conclude)


PATTERN = Pattern(info=INFO, play=debate)
