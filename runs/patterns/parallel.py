"""Specialists at once, and a merger that puts together what they bring and knows what is
missing."""

from collections.abc import Awaitable, Callable

from crews.catalog import PatternInfo, Seat
from runs.errors import ActionError
from runs.patterns.base import Crew, Given, Json, Outcome, Pattern, partial, roster

INFO = PatternInfo(
    name="parallel",
    title="Parallel specialists",
    summary="The specialists for a task work on it at once; a merger integrates their results.",
    when="Several views of one task are wanted, and none needs the result of another:"
    " calculation, code and research on one question.",
    when_not="One result is the input of the next: then use a pipeline or a plan.",
    seats=(
        Seat(
            name="router",
            title="Router",
            description="Picks the specialists that are relevant; without it all are.",
            min=0,
        ),
        Seat(
            name="specialist",
            title="Specialist",
            description="Works on the task at the same time as the others.",
            min=2,
            max=None,
        ),
        Seat(name="merger", title="Merger", description="Integrates the results into one."),
    ),
)


async def parallel(crew: Crew) -> Json:
    (merger,), specialists = crew.seated("merger"), crew.seated("specialist")
    wanted = await picked(crew, specialists)
    outcomes = await crew.parallel(
        {name: at_work(name, merger) for name in specialists if name in wanted}
    )
    brought = {name: outcome.value for name, outcome in outcomes.items() if outcome.error is None}
    missing = {name: failure(o) for name, o in outcomes.items() if o.error is not None}
    missing |= {name: "There is no such specialist." for name in wanted if name not in specialists}
    begun = {name: partial(o.error) for name, o in outcomes.items() if o.error is not None}
    begun = {name: kept for name, kept in begun.items() if kept}
    if not brought:
        listed = "; ".join(f"{name}: {message}" for name, message in missing.items())
        raise ActionError({"kind": "all_failed", "message": f"No specialist succeeded. {listed}"})

    async def merge(place: Crew) -> Json:
        words = "Integrate what the specialists bring into one answer."
        if missing:
            words += " What is missing is told last; say so where it matters."
        given = [passage.given(name) for name, passage in brought.items()]
        given += [Given(source=name, payload=kept) for name, kept in begun.items()]
        given += [Given(source="crew", payload={"missing": missing})] if missing else []
        return await place.ask(merger, crew.task, words=words, given=given)

    told = {"of": list(brought), "missing": missing}
    return await crew.step("synthesis", f"merged by {merger}", merger, told, merge)


async def picked(crew: Crew, specialists: list[str]) -> list[str]:
    """Return the names that the router picks; all specialists where there is no router."""
    if not (taken := crew.seated("router")):
        return specialists
    (router,) = taken

    async def pick(place: Crew) -> Json:
        words = (
            "Pick the specialists that are relevant for this task; do not do it yourself.\n"
            + roster(crew, specialists)
        )
        return await place.ask(
            router, crew.task, words=words, returns=choice_schema(specialists), own=False
        )

    known = {"task": crew.task, "specialists": specialists}
    choice = await crew.step("route", f"picked by {router}", router, known, pick)
    return list(dict.fromkeys(choice["specialists"]))


def at_work(name: str, merger: str) -> Callable[[Crew], Awaitable[Json]]:
    async def work(place: Crew) -> Json:
        result = await place.ask(name, place.task, to=merger)
        passage = await place.hand_over(name, merger, result)
        if not passage.open:
            raise ActionError({"kind": "held_back", "role": name, "message": passage.reason})
        return passage

    return work


def failure(outcome: Outcome) -> str:
    return str((outcome.error or {}).get("message", ""))


def choice_schema(specialists: list[str]) -> dict[str, Json]:
    """Any name may come: one that is unknown is told to the merger as missing."""
    names = {"type": "string", "examples": specialists}
    return {
        "type": "object",
        "required": ["specialists"],
        "properties": {
            "specialists": {"type": "array", "minItems": 1, "maxItems": 100, "items": names}
        },
    }


PATTERN = Pattern(info=INFO, play=parallel)
