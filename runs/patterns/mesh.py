"""Peers that write to each other, ask each other for help and bring in further ones, until
nobody has anything left to do or the first has an answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from crews.catalog import PatternInfo, Seat
from runs.errors import ActionError
from runs.patterns.base import Crew, Given, Json, Pattern, roster
from runs.patterns.bus import ANSWER, Bus

ALL = "all"
INFO = PatternInfo(
    name="mesh",
    title="Peer mesh",
    summary="Any role may write to any other, ask for help, or bring in another agent.",
    when="The way to the solution is not known, and several views have to work on each other:"
    " open problems, ideas and their criticism.",
    when_not="Almost always at first: who decided what is hard to follow. Try hierarchical or"
    " debate before.",
    seats=(Seat(name="peer", title="Peer", description="Works with all others.", min=2, max=None),),
    options_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "max_messages": {
                "type": "integer",
                "minimum": 1,
                "maximum": 5000,
                "default": 40,
                "title": "Messages at most",
            },
            "max_spawned": {
                "type": "integer",
                "minimum": 0,
                "maximum": 50,
                "default": 3,
                "title": "Further agents at most",
                "description": "That peers may bring in, each a copy of one of them.",
            },
            "ends": {
                "enum": ["all_done", "first_answer"],
                "default": "all_done",
                "title": "Ends when",
                "description": "All wait for each other, or one has an answer.",
            },
        },
    },
)
FIRST = "somebody has answered"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """An agent on the bus: `name` is its address, `role` what it is (a copy has another's)."""

    name: str
    role: str


async def mesh(crew: Crew) -> Json:
    peers, spawned = crew.seated("peer"), crew.options["max_spawned"]
    first = crew.options["ends"] == "first_answer"
    further = {f"spawned.{n}": n for n in range(1, spawned + 1)}
    bus = Bus(crew, [*peers, *further], most=crew.options["max_messages"])
    if first and any(entry["type"] == ANSWER for entry in bus.log):
        bus.end(FIRST)
    branches = {name: at_work(bus, Peer(name=name, role=name)) for name in peers}
    branches |= {name: when_spawned(bus, name, n) for name, n in further.items()}
    outcomes = await crew.parallel(branches, racing=True, until=lambda: first and bool(bus.ended))
    answers = {m["from"]: m["content"] for m in bus.log if m["type"] == ANSWER}
    if not answers:
        failures = [f"{n}: {o.error.get('message')}" for n, o in outcomes.items() if o.error]
        message = f"No peer came to an answer. {'; '.join(failures)}".strip()
        raise ActionError({"kind": "no_answer", "message": message})
    if first:
        return next(m["content"] for m in bus.log if m["type"] == ANSWER)
    return next(iter(answers.values())) if len(answers) == 1 else answers


def when_spawned(bus: Bus, name: str, number: int) -> Callable[[Crew], Awaitable[Json]]:
    """Wait until somebody brings in the agent of this number, and let it work."""

    def order_for() -> Json:
        return next((m for m in bus.log if m.get("spawned") == number), None)

    async def work(place: Crew) -> Json:
        with bus.reader(name):
            await bus.until(name, lambda: order_for() is not None)
            if (message := order_for()) is None:
                return None
            peer = Peer(name=message["to"], role=message["like"])
        return await at_work(bus, peer, first=False)(place)

    return work


def at_work(bus: Bus, peer: Peer, *, first: bool = True) -> Callable[[Crew], Awaitable[Json]]:
    """Take turns: read, think, write. Peers begin by themselves, spawned ones by their order."""

    async def work(place: Crew) -> Json:
        begins = first
        refused: list[str] = []
        with bus.reader(peer.name):
            while True:
                news, end = await bus.read(
                    place, peer.name, peer.role, lambda m: is_for(m, peer.name), wait=not begins
                )
                if end:
                    return end
                given = [Given(source=m["from"], payload=shown(m)) for m in news]
                given += [Given(source="bus", payload={"refused": refused})] if refused else []
                try:
                    turn = await think(bus, place, peer, given, begins=begins)
                except ActionError as failed:
                    error = {"to": ALL, "type": "error", "content": str(failed)}
                    await send(bus, place, peer, error)
                    raise
                begins, refused = False, await speak(bus, place, peer, turn)

    return work


async def think(bus: Bus, place: Crew, peer: Peer, given: list[Given], *, begins: bool) -> Json:
    peers = place.seated("peer")
    others = [name for name in peers if name != peer.name]
    words = (
        f"You are '{peer.name}' and work on this task with others. Write messages to those who"
        f" should know or do something, ask for help with a request, answer what you were asked"
        f" with a response. '{ALL}' reaches everybody. When your part is done, say so with your"
        f" answer; a message may call you back.\n{roster(place, others)}"
    )
    schema = turn_schema([*others, ALL], peers if place.options["max_spawned"] else [], begins)
    return await place.ask(
        peer.role, place.task, words=words, given=given, returns=schema, own=False
    )


async def speak(bus: Bus, place: Crew, peer: Peer, turn: Json) -> list[str]:
    """Send what a peer has decided on, and return what was refused and why."""
    came = [await send(bus, place, peer, message) for message in turn.get("messages", [])]
    # Where none may be, nobody was asked for them: whatever stands there was not checked.
    wanted = turn.get("spawn", []) if place.options["max_spawned"] else []
    came += [await spawn(bus, place, peer, one) for one in wanted]
    if turn["done"]:

        def check() -> dict[str, Json]:
            if place.options["ends"] == "first_answer":
                bus.end(FIRST)
            return {}

        answer = {"from": peer.name, "to": "result", "type": ANSWER, "content": turn["answer"]}
        came.append(await bus.post(place, peer.name, peer.role, answer, check))
    return [message["refused"] for message in came if "refused" in message]


async def send(bus: Bus, place: Crew, peer: Peer, message: Json) -> Json:
    """Post a message; one to a single peer goes by the contract drawn between the two."""
    to, content = message["to"], message["content"]
    files: dict[str, Json] = {}

    def check() -> dict[str, Json]:
        known = [*place.seated("peer"), *(m["to"] for m in bus.log if "spawned" in m)]
        if to not in (*known, ALL):
            return {"refused": f"There is no '{to}'. There are {', '.join([*known, ALL])}."}
        return {}

    if place.contract(peer.role, to):
        passage = await place.hand_over(peer.role, to, content)
        if not passage.open:
            return {"refused": passage.reason}
        content = passage.payload
        files = {"files": list(passage.files)} if passage.files else {}
    posted = {"from": peer.name, "to": to, "type": message["type"], "content": content, **files}
    return await bus.post(place, peer.name, peer.role, posted, check)


async def spawn(bus: Bus, place: Crew, peer: Peer, wanted: Json) -> Json:
    """Bring in a copy of a peer; its task is the first message that it reads."""
    like, most = wanted["like"], int(place.options["max_spawned"])

    def check() -> dict[str, Json]:
        number = sum("spawned" in m for m in bus.log) + 1
        if number > most:
            return {"refused": f"All {most} further agents are there already."}
        return {"spawned": number, "to": f"{like}.{number}"}

    message = {"from": peer.name, "type": "request", "like": like, "content": wanted["task"]}
    return await bus.post(place, peer.name, peer.role, {"to": like, **message}, check, type="spawn")


def is_for(message: Json, name: str) -> bool:
    return bool(message["to"] == name or (message["to"] == ALL and message["from"] != name))


def shown(message: Json) -> Json:
    return {part: message[part] for part in ("type", "content", "to", "n")}


def turn_schema(addresses: list[str], like: list[str], begins: bool) -> dict[str, Json]:
    message = {
        "type": "object",
        "required": ["to", "type", "content"],
        "properties": {
            "to": {"type": "string", "maxLength": 100, "examples": addresses},
            "type": {"enum": ["inform", "request", "response", "error"]},
            "content": {"type": "string"},
        },
    }
    properties: dict[str, Json] = {
        "messages": {"type": "array", "maxItems": 20, "items": message},
        "done": {"type": "boolean"},
        "answer": {"type": "string", "description": "Your result, if you are done."},
    }
    if like:
        agent = {
            "type": "object",
            "required": ["like", "task"],
            "properties": {"like": {"enum": like}, "task": {"type": "string"}},
        }
        properties["spawn"] = {"type": "array", "maxItems": 5, "items": agent}
    # Who begins is asked for messages, so that peers hear of each other.
    required = ["messages", "done", "answer"] if begins else ["done", "answer"]
    return {"type": "object", "required": required, "properties": properties}


PATTERN = Pattern(info=INFO, play=mesh)
