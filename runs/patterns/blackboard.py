"""Writers around a shared board: each reacts to what the others write, until nobody adds
anything."""

from collections.abc import Awaitable, Callable

from crews.catalog import PatternInfo, Seat
from runs.errors import ActionError
from runs.patterns.base import Crew, Given, Json, Pattern
from runs.patterns.bus import Bus

INFO = PatternInfo(
    name="blackboard",
    title="Blackboard",
    summary="Writers share one versioned board and react to what changes on it.",
    when="Several roles complete one thing together, like a document, and each may build on"
    " any part of it.",
    when_not="The order of the work is known: a pipeline or a graph is easier to follow.",
    seats=(
        Seat(
            name="writer",
            title="Writer",
            description="Reads the board and writes to it.",
            min=2,
            max=None,
        ),
    ),
    version=2,
    options_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "max_writes": {
                "type": "integer",
                "minimum": 1,
                "maximum": 1000,
                "default": 40,
                "title": "Writes at most",
                "description": "Then the board counts as it is.",
            }
        },
    },
)
WORDS = (
    "You work on this task with others, around a shared board. Return what you write to it now:"
    " a key and its whole new text each, for a key of your own or to change one that is there."
    " Write nothing when you have nothing to add."
)


async def blackboard(crew: Crew) -> Json:
    writers = crew.seated("writer")
    board = Bus(crew, writers, most=crew.options["max_writes"], ends_full=True)
    outcomes = await crew.parallel(
        {name: at_the_board(board, name) for name in writers}, racing=True
    )
    if not board.log:
        failures = [f"{n}: {o.error.get('message')}" for n, o in outcomes.items() if o.error]
        message = f"Nobody wrote anything to the board. {'; '.join(failures)}".strip()
        raise ActionError({"kind": "empty_board", "message": message})
    return {entry["key"]: entry["value"] for entry in board.log}


def at_the_board(board: Bus, name: str) -> Callable[[Crew], Awaitable[Json]]:
    async def work(place: Crew) -> Json:
        seen: dict[str, Json] = {}
        lost: list[str] = []
        with board.reader(name):
            first = True
            while True:
                news, end = await board.read(
                    place, name, name, lambda entry: entry["by"] != name, wait=not first
                )
                if end:
                    return end
                look(seen, news)
                # Who has just begun, or came too late, has something to write.
                schema = turn_schema(least=1 if first or lost else 0)
                turn = await place.ask(
                    name, place.task, words=WORDS, given=on_board(seen, lost), returns=schema,
                    own=False,
                )  # fmt: skip
                first, lost = False, []
                for wanted in turn.get("writes", []):
                    written = await write(board, place, name, wanted, seen)
                    if "n" in written:
                        look(seen, [written])
                    elif written.get("conflict"):
                        lost.append(wanted["key"])

    return work


async def write(board: Bus, place: Crew, name: str, wanted: Json, seen: dict[str, Json]) -> Json:
    """Write to the board, unless the key has changed since the writer saw it."""
    key = wanted["key"]
    base = seen.get(key, {"version": 0})["version"]

    def check() -> dict[str, Json]:
        version = sum(entry["key"] == key for entry in board.log)
        if version != base:
            why = f"'{key}' has version {version} by now; {name} knew {base}."
            return {"refused": why, "conflict": True}
        return {"version": version + 1}

    entry = {"by": name, "key": key, "value": wanted["value"], "base": base}
    return await board.post(place, name, name, entry, check, type="state_write")


def look(seen: dict[str, Json], entries: list[Json]) -> None:
    for entry in entries:
        if entry["version"] > seen.get(entry["key"], {"version": 0})["version"]:
            seen[entry["key"]] = {part: entry[part] for part in ("value", "version", "by")}


def on_board(seen: dict[str, Json], lost: list[str]) -> list[Given]:
    """Return the board as a writer has seen it, and what it could not write."""
    if not seen:
        return []
    told: dict[str, Json] = {"board": seen}
    if lost:
        told["not_written_as_changed_meanwhile"] = lost
    return [Given(source="board", payload=told)]


def turn_schema(*, least: int) -> dict[str, Json]:
    text = {"type": "string", "minLength": 1}
    write = {
        "type": "object",
        "required": ["key", "value"],
        "properties": {"key": {**text, "maxLength": 200}, "value": text},
    }
    return {
        "type": "object",
        "required": ["writes"] if least else [],
        "properties": {
            "writes": {"type": "array", "minItems": least, "maxItems": 20, "items": write},
            "note": {"type": "string", "default": ""},
        },
    }


PATTERN = Pattern(info=INFO, play=blackboard)
