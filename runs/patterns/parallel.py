"""Specialists at once, and a merger that puts together what they bring and knows what is
missing."""

from collections.abc import Awaitable, Callable

from crews.catalog import PatternInfo, Seat
from runs.errors import ActionError
from runs.patterns.base import (
    CONFIDENCE,
    ENOUGH,
    Crew,
    Given,
    Json,
    Outcome,
    Pattern,
    partial,
    roster,
)
from runs.patterns.bus import Bus

# The branch that says when what the specialists have brought is enough.
JUDGE = "enough."

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
    options_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "enough_confidence": {
                **ENOUGH,
                "description": "The merger is asked whenever a result comes; from this confidence"
                " on (0 to 1) those who still work are broken off.",
            }
        },
    },
)


async def parallel(crew: Crew) -> Json:
    (merger,), specialists = crew.seated("merger"), crew.seated("specialist")
    wanted = await picked(crew, specialists)
    outcomes = await at_once(crew, merger, [name for name in specialists if name in wanted])
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


async def at_once(crew: Crew, merger: str, names: list[str]) -> dict[str, Outcome]:
    """Let the specialists work, all of them to their end unless the crew ends early."""
    work = {name: at_work(name, merger) for name in names}
    if crew.options.get("enough_confidence") is None or len(names) < 2:
        return await crew.parallel(work, who={name: [name] for name in names})
    desk = Desk(Bus(crew, names, most=len(names)), merger, names)
    branches = {name: desk.bringing(name, at_work) for name, at_work in work.items()}
    outcomes = await crew.parallel(
        {**branches, JUDGE: desk.judge}, racing=True, until=lambda: desk.enough
    )
    return {name: outcomes[name] for name in names}


class Desk:
    """Where the results of specialists come in, and the merger says when they are enough."""

    def __init__(self, bus: Bus, merger: str, names: list[str]) -> None:
        self.enough = False
        self._bus = bus
        self._merger = merger
        self._names = names

    def bringing(
        self, name: str, at_work: Callable[[Crew], Awaitable[Json]]
    ) -> Callable[[Crew], Awaitable[Json]]:
        async def work(place: Crew) -> Json:
            with self._bus.reader(name):
                passage = await at_work(place)
                brought = {"from": name, "to": self._merger, "content": passage.payload}
                await self._bus.post(place, name, name, brought)
                return passage

        return work

    async def judge(self, place: Crew) -> Json:
        """Ask the merger, whenever something has come, until that is enough or all."""
        brought: list[Json] = []
        with self._bus.reader(JUDGE):
            while not self.enough:
                news, end = await self._bus.read(place, JUDGE, self._merger, lambda _: True)
                brought += news
                if end or len(brought) == len(self._names):
                    return None
                try:
                    self.enough = await self._is_enough(place, brought)
                except ActionError:
                    return None  # Nobody can say, so all is waited for.
        return None

    async def _is_enough(self, place: Crew, brought: list[Json]) -> bool:
        wanted, here = place.options["enough_confidence"], [m["from"] for m in brought]
        missing = [name for name in self._names if name not in here]
        words = (
            f"These results are there; {', '.join(missing)} did not bring any yet. How confident"
            " are you, from 0 to 1, that the task can be answered well without? Do nothing else."
        )
        given = [Given(source=m["from"], payload=m["content"]) for m in brought]
        said = await place.ask(
            self._merger, place.task, words=words, given=given, returns=CONFIDENCE, own=False
        )
        if said["confidence"] < wanted:
            return False

        async def noted(_: Crew) -> Json:
            return {"confidence": said["confidence"], "enough": wanted, "not_needed": missing}

        name = f"confident enough ({said['confidence']:g})"
        await place.step("checkpoint", name, self._merger, {"brought": here}, noted)
        return True


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
