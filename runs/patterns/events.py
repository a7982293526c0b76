"""Roles that react to events and publish others: nobody leads, the subscriptions do."""

from collections.abc import Awaitable, Callable

from crews.catalog import PatternInfo, Seat
from runs.errors import ActionError
from runs.patterns.base import Crew, Given, Json, Pattern
from runs.patterns.bus import Bus

FAILED = "error"
INFO = PatternInfo(
    name="events",
    title="Events",
    summary="Each role reacts to the events that it subscribes to and publishes new ones.",
    when="Roles are to be added without changing the others: who subscribes to an event reacts"
    " to it (choreography).",
    when_not="Somebody must be able to say at any time who does what next: with orchestration"
    " (hierarchical, plan) that is easier to follow and to test.",
    seats=(
        Seat(
            name="reactor",
            title="Reactor",
            description="Reacts to each event of the types it subscribes to.",
            max=None,
        ),
    ),
    version=2,
    options_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "start": {
                "type": "string",
                "minLength": 1,
                "maxLength": 60,
                "default": "task",
                "title": "First event",
                "description": "It carries the task.",
            },
            "end": {
                "type": "string",
                "minLength": 1,
                "maxLength": 60,
                "default": "done",
                "title": "Last event",
                "description": "It carries the result.",
            },
            "max_events": {
                "type": "integer",
                "minimum": 1,
                "maximum": 1000,
                "default": 100,
                "title": "Events at most",
            },
        },
    },
)


async def events(crew: Crew) -> Json:
    reactors, end = crew.seated("reactor"), crew.options["end"]
    if not any(crew.options["start"] in crew.role(name).subscribes for name in reactors):
        message = (
            f"No role subscribes to '{crew.options['start']}', the event that begins the work. Add"
            " it to what a role subscribes to."
        )
        raise ActionError({"kind": "no_subscriber", "message": message})
    bus = Bus(crew, reactors, most=crew.options["max_events"], ends_full=True)
    start = {"event": crew.options["start"], "payload": crew.task, "by": "", "cause": 0}
    await bus.post(crew, "crew", "", start)
    if any(event["event"] == end for event in bus.log):
        bus.end(f"'{end}' was published")
    await crew.parallel({name: reacting(bus, name) for name in reactors}, racing=True)
    last = next((event for event in bus.log if event["event"] == end), None)
    if last is None:
        raise ActionError({"kind": "no_end", "message": no_end(bus, end)})
    return last["payload"]


def reacting(bus: Bus, name: str) -> Callable[[Crew], Awaitable[Json]]:
    """React to one event after the other; a reaction that fails is an event too."""

    async def work(place: Crew) -> Json:
        wanted = place.role(name).subscribes
        with bus.reader(name):
            while True:
                news, end = await bus.read(
                    place, name, name, lambda event: event["event"] in wanted, most=1
                )
                if end:
                    return end
                for event in news:
                    await react(bus, place, name, event)

    return work


async def react(bus: Bus, place: Crew, name: str, event: Json) -> None:
    end = place.options["end"]
    offered = published(place, name)
    words = (
        f"React to the event '{event['event']}'. Return the events that you publish, of these"
        f" types: {', '.join(offered)}. '{end}' ends the work with its payload as the result."
    )
    given = [Given(source=event["by"], payload=event["payload"])]
    try:
        turn = await place.ask(
            name, place.task, words=words, given=given, returns=turn_schema(offered), own=False
        )
    except ActionError as failed:
        turn = {"events": [{"type": FAILED, "payload": str(failed)}]}

    for wanted in turn["events"]:

        def check(wanted: Json = wanted) -> dict[str, Json]:
            if wanted["type"] == end:
                bus.end(f"'{end}' was published")
            return {}

        message = {"event": wanted["type"], "payload": wanted["payload"], "by": name}
        await bus.post(place, name, name, {**message, "cause": event["n"]}, check)


def published(crew: Crew, name: str) -> list[str]:
    """Return the types that a role may publish: what others wait for, and the end."""
    others = (crew.role(other).subscribes for other in crew.seated("reactor") if other != name)
    waited_for = {type for types in others for type in types if type != crew.options["start"]}
    return [*sorted(waited_for), crew.options["end"]]


def no_end(bus: Bus, end: str) -> str:
    failures = [
        f"{event['by']}: {event['payload']}" for event in bus.log if event["event"] == FAILED
    ]
    told = f" What failed: {'; '.join(failures)}" if failures else ""
    return (
        f"After {len(bus.log)} events there was still no '{end}'. Let a role that finishes the work"
        f" publish it, or allow more events.{told}"
    )


def turn_schema(types: list[str]) -> dict[str, Json]:
    event = {
        "type": "object",
        "required": ["type", "payload"],
        "properties": {"type": {"enum": types}, "payload": {}},
    }
    return {
        "type": "object",
        "required": ["events"],
        "properties": {"events": {"type": "array", "maxItems": 20, "items": event}},
    }


PATTERN = Pattern(info=INFO, play=events)
