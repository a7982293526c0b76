"""One orchestrator that delegates to workers, by tool calls or by tags, and puts the results
together."""

import re
from collections.abc import Awaitable, Callable

from crews.catalog import PatternInfo, Seat
from runs.patterns.base import ENOUGH, Crew, Json, Pattern, PatternTool, Say
from runs.patterns.delegations import REMINDERS, Delegations
from runs.providers.base import ToolSpec

DELEGATE = "delegate_to_agent"
CONFIDENCE = "report_confidence"
CONFIDENT = re.compile(r"<confidence>\s*([01](?:\.[0-9]{1,6})?)\s*</confidence>", re.IGNORECASE)

INFO = PatternInfo(
    name="hierarchical",
    title="Hierarchical",
    summary="An orchestrator delegates to workers, reviews what they bring and answers.",
    when="The task has parts that need different skills, and which parts is only known on the way.",
    when_not="One agent with a few tools would do, or the steps are always the same: then use"
    " a pipeline.",
    seats=(
        Seat(
            name="orchestrator",
            title="Orchestrator",
            description="Plans, delegates, reviews, answers.",
        ),
        Seat(
            name="worker", title="Worker", description="Does what it is delegated.", min=1, max=None
        ),
    ),
    edges="none",
    version=2,
    implicit_tools={"orchestrator": (DELEGATE,)},
    options_schema={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "max_delegations": {
                "type": "integer",
                "minimum": 1,
                "maximum": 100,
                "default": 10,
                "title": "Delegations at most",
            },
            "delegation": {
                "enum": ["tools", "tags"],
                "default": "tools",
                "title": "Delegation by",
                "description": "Tool calls, or tags in the text for models without tool calling.",
            },
            "tags": {
                "type": "object",
                "additionalProperties": {"type": "string", "format": "role"},
                "default": {},
                "title": "Tags",
                "description": "Tag to role; without any, <role_task> for each worker.",
            },
            "end_word": {
                "type": "string",
                "maxLength": 60,
                "default": "TASK_COMPLETE",
                "title": "End word",
                "description": "Delegation by tags: what the orchestrator writes when all is done.",
            },
            "enough_confidence": ENOUGH,
            "must_review": {
                "type": "array",
                "items": {"type": "string", "format": "role"},
                "default": [],
                "title": "Must be reviewed",
                "description": "Work of these roles is given to a worker with the capability"
                " 'review' before the end.",
            },
        },
    },
)


async def hierarchical(crew: Crew) -> Json:
    (lead,) = crew.seated("orchestrator")
    delegations = Delegations(crew, lead, crew.seated("worker"))
    if crew.options["delegation"] == "tags":
        return await by_tags(crew, lead, delegations)
    return await by_tools(crew, lead, delegations)


async def by_tools(crew: Crew, lead: str, delegations: Delegations) -> Json:
    async def run(place: Crew, arguments: dict[str, Json]) -> str:
        return await delegations.delegate(
            place, arguments["agent_name"], arguments["task"], arguments.get("context", "")
        )

    tool = PatternTool(
        spec=delegate_spec(crew),
        run=run,
        after_turn=delegations.after_turn,
        who=lambda arguments: [str(arguments.get("agent_name"))],
        offered=lambda: delegations.left > 0,
    )
    tools = [tool]
    if crew.options.get("enough_confidence") is not None:
        tools.append(confidence_tool(delegations))
    return await crew.ask(lead, crew.task, tools=tools, before_end=delegations.before_end)


def confidence_tool(delegations: Delegations) -> PatternTool:
    async def run(place: Crew, arguments: dict[str, Json]) -> str:
        reason = arguments.get("reason", "")
        return await delegations.report(place, arguments["confidence"], reason)

    spec = ToolSpec(
        name=CONFIDENCE,
        description="Say how confident you are, from 0 to 1, that what you have answers the task."
        f" From {delegations.crew.options['enough_confidence']} on nothing more is delegated.",
        parameters={
            "type": "object",
            "required": ["confidence"],
            "properties": {
                "confidence": {"type": "number", "minimum": 0, "maximum": 1},
                "reason": {"type": "string"},
            },
        },
    )
    return PatternTool(
        spec=spec,
        run=run,
        after_turn=delegations.after_turn,
        who=lambda _: (),
        offered=lambda: delegations.left > 0,
    )


def delegate_spec(crew: Crew) -> ToolSpec:
    workers = {name: crew.role(name) for name in crew.seated("worker")}
    told = "; ".join(
        f"{name}: {role.title or name}"
        + (f" ({', '.join(role.responsibilities)})" if role.responsibilities else "")
        for name, role in workers.items()
    )
    return ToolSpec(
        name=DELEGATE,
        description=f"Delegate a sub-task to an agent. Several calls in one turn run in"
        f" parallel. Agents: {told}.",
        parameters={
            "type": "object",
            "required": ["agent_name", "task"],
            "properties": {
                "agent_name": {"type": "string", "enum": list(workers)},
                "task": {"type": "string", "description": "What to do, complete in itself."},
                "context": {
                    "type": "string",
                    "description": "What the agent needs to know from others.",
                },
            },
        },
    )


async def by_tags(crew: Crew, lead: str, delegations: Delegations) -> Json:
    tags = crew.options["tags"] or {f"{name}_task": name for name in delegations.workers}
    end_word = crew.options["end_word"]
    rules = tag_rules(tags, end_word)
    if (enough := crew.options.get("enough_confidence")) is not None:
        rules += f" From <confidence>{enough}</confidence> on, say how sure you are: then answer."

    async def converse(say: Say) -> str:
        async def lead_on(text: str) -> str:
            """Say something and answer the lead with results, or with how to go on, until it is
            done."""
            answer = await say(text)
            reminders = REMINDERS
            while True:
                if (said := CONFIDENT.search(answer)) and crew.options.get("enough_confidence"):
                    await delegations.report(crew, min(1.0, float(said[1])), "")
                    delegations.confidence = delegations.said
                if wanted := find_tags(answer, tags):
                    answer = await say(await delegate_all(crew, delegations, tags, wanted))
                    if delegations.left <= 0:
                        return answer
                elif end_word and end_word not in answer and reminders:
                    reminders -= 1
                    answer = await say(f"Go on. {rules}")
                else:
                    return answer

        answer = await delegations.before_end(lead_on, await lead_on(rules))
        result = answer.replace(end_word, "").strip() if end_word else answer
        if end_word and not result:  # it may have said all before it was reminded of the word
            result = (await say("Answer with your whole result.")).replace(end_word, "").strip()
        return result

    return await crew.talk(lead, crew.task, converse, delegates=tags, end_word=end_word)


async def delegate_all(
    crew: Crew, delegations: Delegations, tags: dict[str, str], wanted: list[tuple[str, str]]
) -> str:
    """Carry out the delegations of one message side by side and return their results as text."""

    def branch(tag: str, task: str) -> Callable[[Crew], Awaitable[Json]]:
        return lambda place: delegations.delegate(place, tags[tag], task)

    outcomes = await crew.parallel(
        {f"delegation{n}": branch(tag, task) for n, (tag, task) in enumerate(wanted, start=1)},
        who={f"delegation{n}": [tags[tag]] for n, (tag, _) in enumerate(wanted, start=1)},
    )
    results = [
        str(o.value) if o.error is None else f"Error: {o.error.get('message')}"
        for o in outcomes.values()
    ]
    delegations.after_turn()
    last = "" if delegations.left > 0 else delegations.why_none_left().capitalize()
    return "\n\n".join(part for part in (*results, last) if part)


def tag_rules(tags: dict[str, str], end_word: str) -> str:
    """Return how to delegate by tags, told to the lead with the task."""
    shown = "\n".join(f"<{tag}>what '{role}' shall do</{tag}>" for tag, role in tags.items())
    end = f" When everything is done, answer and end with the word {end_word}." if end_word else ""
    return (
        f"Delegate by writing these tags; you get the results in the next message:\n{shown}\n{end}"
    )


def find_tags(text: str, tags: dict[str, str]) -> list[tuple[str, str]]:
    """Return (tag, content) in the order of the text; tags are matched without regard to case.

    A content ends at the next closing tag of the same name. One pass, whatever a model wrote.
    """
    exact = {tag.lower(): tag for tag in tags}
    names = "|".join(re.escape(tag) for tag in tags)
    found_marks = re.finditer(rf"<(/?)({names})>", text, re.IGNORECASE)
    # The long s (ſ) is an s to the engine, and to lower() it is not.
    marks = [mark for mark in found_marks if mark[2].lower() in exact]
    closing: dict[str, re.Match[str]] = {}
    ends: list[re.Match[str] | None] = []
    for mark in reversed(marks):
        name = mark[2].lower()
        ends.append(closing.get(name))
        if mark[1]:
            closing[name] = mark
    found, position = [], 0
    for mark, end in zip(marks, reversed(ends), strict=True):
        if not mark[1] and end is not None and mark.start() >= position:
            found.append((exact[mark[2].lower()], text[mark.end() : end.start()]))
            position = end.end()
    return found


PATTERN = Pattern(info=INFO, play=hierarchical)
