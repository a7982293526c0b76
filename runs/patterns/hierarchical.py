"""One orchestrator that delegates to workers, by tool calls or by tags, and puts the results
together."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from crews.catalog import PatternInfo, Seat
from runs.errors import ActionError
from runs.patterns.base import Crew, Given, Json, Outcome, Pattern, PatternTool, Say
from runs.providers.base import ToolSpec

DELEGATE = "delegate_to_agent"
FAILURES_UNTIL_ESCALATION = 2
REMINDERS = 2

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


@dataclass
class Delegations:
    """What has been delegated in one run of the pattern. Delegations of one turn run side by
    side and end in any order, so they are accounted for together, in the order in which they
    began."""

    crew: Crew
    lead: str
    workers: list[str]
    count: int = 0
    turn: dict[int, tuple[str, Outcome]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    unreviewed: dict[str, Json] = field(default_factory=dict)

    @property
    def left(self) -> int:
        return int(self.crew.options["max_delegations"]) - self.count

    async def delegate(self, crew: Crew, worker: str, task: str, context: str = "") -> str:
        """Let a worker do a task and return its result, or what went wrong, as text for the
        lead."""
        if worker not in self.workers:
            return (
                f"Error: there is no agent '{worker}'. The agents are: {', '.join(self.workers)}."
            )
        if self.left <= 0:
            return "Error: no delegations are left. Finish with what you have."
        self.count = number = self.count + 1
        given = [Given(source=self.lead, payload=context)] if context else []

        async def work(inner: Crew) -> Json:
            result = await inner.ask(worker, task, given=given, to=self.lead)
            passage = await inner.hand_over(worker, self.lead, result)
            done = {"result": passage.payload, "passed": passage.open, "reason": passage.reason}
            return done | {"files": list(passage.files)} if passage.files else done

        message = {"from": self.lead, "to": worker, "task": task, "context": context}
        try:
            done = await crew.step(
                "delegation", f"{self.lead} → {worker}", self.lead, message, work
            )
        except ActionError as failed:
            self.turn[number] = (worker, Outcome(error=failed.error))
            return f"Error: '{worker}' failed: {failed.error.get('message', '')}" + (
                f"\nWhat it had written until then:\n{crew.quote(worker, partial)}"
                if (partial := failed.error.get("partial_text"))
                else ""
            )
        self.turn[number] = (worker, Outcome(value=done["result"]))
        note = "" if done["passed"] else f"\n(Held back by the contract: {done['reason']})"
        if files := done.get("files"):
            listed = crew.quote(worker, "\n".join(files))
            note += f"\nThese files came along; they are in your /workspace:\n{listed}"
        return crew.quote(worker, done["result"]) + note

    async def after_turn(self, crew: Crew) -> str:
        """Account for a turn: work to be reviewed, and a person's decision about who keeps
        failing."""
        turn, self.turn = sorted(self.turn.items()), {}
        notes = []
        for _, (worker, outcome) in turn:
            if outcome.error is None:
                self._account_for_review(worker, outcome.value)
                continue
            self.failures[worker] += 1
            if self.failures[worker] == FAILURES_UNTIL_ESCALATION:
                notes.append(await self._escalate(crew, worker, outcome.error))
        return "\n".join(notes)

    async def _escalate(self, crew: Crew, worker: str, error: dict[str, Json]) -> str:
        decision = await crew.escalate(
            self.lead,
            f"'{worker}' has failed {FAILURES_UNTIL_ESCALATION} times. How shall the crew go on?",
            ["try again", "go on without it", "stop the run"],
            error,
        )
        if decision["choice"] == "stop the run":
            raise ActionError(
                {"kind": "stopped", "message": f"Stopped because '{worker}' kept failing."}
            )
        if decision["choice"] == "go on without it":
            self.workers.remove(worker)
        return (
            f"The user was asked about '{worker}' and decided: {decision['choice']}."
            f" {decision['comment']}".strip()
        )

    def _account_for_review(self, worker: str, result: Json) -> None:
        if worker in self.crew.options["must_review"]:
            self.unreviewed[worker] = result
        elif worker in self.reviewers and not rejected(result):
            self.unreviewed.clear()

    @property
    def reviewers(self) -> list[str]:
        return [name for name in self.workers if "review" in self.crew.role(name).capabilities]

    async def before_end(self, say: Say, answer: str) -> str:
        """Do not let the lead end before what must be reviewed is reviewed: remind it, and have the
        review made where that does not help."""
        for _ in range(REMINDERS):
            if not self.unreviewed or not self.reviewers or self.left <= 0:
                break
            answer = await say(
                f"Not finished yet: the work of {', '.join(self.unreviewed)} must be approved by"
                f" {' or '.join(self.reviewers)} first. Delegate the review, have problems"
                f" fixed, then answer."
            )
        if self.unreviewed and self.reviewers:
            verdict = await self._review(self.reviewers[0])
            answer = await say(
                "The review that this crew requires was made for you. Answer now, and say what it"
                f" found.\n\n{verdict}"
            )
        return answer

    async def _review(self, reviewer: str) -> str:
        given = [Given(source=name, payload=result) for name, result in self.unreviewed.items()]

        async def review(inner: Crew) -> Json:
            return await inner.ask(reviewer, "Review this work.", given=given, to=self.lead)

        message = {
            "from": self.lead,
            "to": reviewer,
            "task": "Review this work.",
            "of": list(self.unreviewed),
        }
        verdict = await self.crew.step(
            "review", f"review by {reviewer}", self.lead, message, review
        )
        return self.crew.quote(reviewer, verdict)


def rejected(verdict: Json) -> bool:
    """Say whether a review's result plainly disapproves."""
    return isinstance(verdict, dict) and verdict.get("approved") is False


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
        offered=lambda: delegations.left > 0,
    )
    return await crew.ask(lead, crew.task, tools=[tool], before_end=delegations.before_end)


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

    async def converse(say: Say) -> str:
        async def lead_on(text: str) -> str:
            """Say something and answer the lead with results, or with how to go on, until it is
            done."""
            answer = await say(text)
            reminders = REMINDERS
            while True:
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
        return answer.replace(end_word, "").strip() if end_word else answer

    return await crew.talk(lead, crew.task, converse, delegates=tags, end_word=end_word)


async def delegate_all(
    crew: Crew, delegations: Delegations, tags: dict[str, str], wanted: list[tuple[str, str]]
) -> str:
    """Carry out the delegations of one message side by side and return their results as text."""

    def branch(tag: str, task: str) -> Callable[[Crew], Awaitable[Json]]:
        return lambda place: delegations.delegate(place, tags[tag], task)

    outcomes = await crew.parallel(
        {f"delegation{n}": branch(tag, task) for n, (tag, task) in enumerate(wanted, start=1)}
    )
    results = [
        str(o.value) if o.error is None else f"Error: {o.error.get('message')}"
        for o in outcomes.values()
    ]
    note = await delegations.after_turn(crew)
    last = "" if delegations.left > 0 else "No delegations are left. Finish with what you have."
    return "\n\n".join(part for part in (*results, note, last) if part)


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
    marks = list(re.finditer(rf"<(/?)({names})>", text, re.IGNORECASE))
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
