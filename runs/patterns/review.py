"""One role makes something, another looks at it, until it is approved or the revisions are used
up."""

from crews.catalog import PatternInfo, Seat
from runs.patterns.base import Crew, Given, Json, Passage, Pattern

VERDICT: dict[str, Json] = {
    "type": "object",
    "required": ["approved", "issues"],
    "properties": {
        "approved": {"type": "boolean"},
        "issues": {"type": "array", "items": {"type": "string"}},
    },
}

INFO = PatternInfo(
    name="review",
    title="Peer review",
    summary="A producer's work is revised until a reviewer approves it.",
    when="One role can do the task, and a second look finds what the first one missed: texts,"
    " code, answers that must be right.",
    when_not="Nobody can say what would make the result acceptable, or a program can check it:"
    " give the producer that program as a tool.",
    seats=(
        Seat(name="producer", title="Producer", description="Does the task and revises it."),
        Seat(name="reviewer", title="Reviewer", description="Approves, or names what must change."),
    ),
    options_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "max_revisions": {
                "type": "integer",
                "minimum": 0,
                "maximum": 20,
                "default": 2,
                "title": "Revisions at most",
                "description": "Then the last version counts, approved or not.",
            }
        },
    },
)


async def review(crew: Crew) -> Json:
    (producer,), (reviewer,) = crew.seated("producer"), crew.seated("reviewer")
    passage, _ = await until_approved(crew, producer, reviewer, crew.options["max_revisions"])
    return passage.payload if passage.open else passage.stopped(before=reviewer)


async def until_approved(crew: Crew, maker: str, judge: str, most: int) -> tuple[Passage, Json]:
    """Return what `maker` made, as it was let through to `judge`, and the last verdict (None where
    it was never judged): approved, or after `most` rounds the best there is."""
    work = await crew.ask(maker, crew.task, to=judge)
    passage, verdict = await crew.hand_over(maker, judge, work), None
    for n in range(1, most + 1):
        if not passage.open:
            return passage, verdict
        verdict = await judged(crew, maker, judge, passage, n)
        if approves(verdict):
            return passage, verdict
        given = [Given(source=maker, payload=passage.payload), Given(source=judge, payload=verdict)]
        words = f"Revise your work: '{judge}' has found issues. Return the whole new version."
        work = await crew.ask(maker, crew.task, words=words, given=given, to=judge)
        passage = await crew.hand_over(maker, judge, work)

    async def best(_: Crew) -> Json:
        return {"approved": False, "rounds": most}

    await crew.step("checkpoint", f"best effort after {most} rounds", maker, {"rounds": most}, best)
    return passage, verdict


def approves(verdict: Json) -> bool:
    """Say whether a verdict, which a person may have edited, approves."""
    return isinstance(verdict, dict) and verdict.get("approved") is True


async def judged(crew: Crew, maker: str, judge: str, work: Passage, n: int) -> Json:
    words = (
        f"Judge what '{maker}' made for this task. Approve it only without a real issue; else"
        " name each issue so that it can be fixed."
    )

    async def look(place: Crew) -> Json:
        given = [work.given(maker)]
        verdict = await place.ask(
            judge, crew.task, words=words, given=given, to=maker, returns=VERDICT
        )
        return (await place.hand_over(judge, maker, verdict)).payload

    return await crew.step("review", f"round {n} by {judge}", judge, {"of": maker, "n": n}, look)


PATTERN = Pattern(info=INFO, play=review)
