"""What becomes of an ask that failed: a simpler approach, then the crew's failure handler, then a
person where the contract says so or the role has failed before."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crews.joining import together
from crews.problems import Problem
from runs.engine import failures
from runs.engine.failures import SETTLED, Decided
from runs.engine.recorder import Act, Scope
from runs.errors import ActionError
from runs.patterns.base import FAILURE_HANDLER, Given, Say

if TYPE_CHECKING:
    from runs.engine.asking import Asking

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The failure that another attempt follows: by the role's fallback instructions (`simpler`), or
    because a person wants it, with what they `said`."""

    failed: ActionError
    simpler: bool = False
    said: str = ""


# Does what was asked, at first or after a failure.
Work = Callable[[Scope, Before | None], Awaitable[Json]]


class Invalid(ActionError):
    """A result that is not valid: what came, and what is wrong with it."""

    def __init__(self, role: str, answer: Json, problems: Sequence[Problem]) -> None:
        listed = "; ".join(str(problem) for problem in problems[:5])
        message = f"The result of '{role}' is not valid. {listed}"
        super().__init__({"kind": "invalid_payload", "role": role, "message": message})
        self.answer = answer
        self.problems = problems


async def rescued(asking: "Asking", scope: Scope, work: Work, failed: ActionError) -> Json:
    """Go on in other ways with what a role has failed at. Raises the ActionError of the last one
    that is the role's own."""
    try:
        return await _otherwise(asking, scope, work, failed)
    except ActionError as again:
        failed = again
    while (decision := await failures.asked_about(asking, scope, failed)) is not None:
        if decision["choice"] == failures.EDIT:
            return decision["value"]
        try:
            before = Before(failed=failed, said=decision["comment"])
            return await _again(asking, scope, "again", work, before)
        except ActionError as again:
            failed = again
    raise failed


async def _otherwise(asking: "Asking", scope: Scope, work: Work, failed: ActionError) -> Json:
    invalid = failed
    if failed.error.get("kind") not in SETTLED and asking.role.fallback_instructions.strip():
        try:
            before = Before(failed=failed, simpler=True)
            return await _again(asking, scope, "simpler", work, before)
        except ActionError as again:
            failed = again
    if failed.error.get("kind") not in SETTLED and (handler := _handler(asking)):
        try:
            return await _handled(asking, scope, handler, failed)
        except ActionError as unhandled:
            if unhandled.error.get("kind") in SETTLED:
                raise
    if isinstance(invalid, Invalid) and failed.error.get("kind") not in SETTLED:
        return await _corrected(asking, scope, invalid)
    raise failed


def adjusted(asking: "Asking", say: Say, before: Before | None) -> Say:
    """Return a way to talk whose first message tells besides how the attempt before failed."""
    if before is None:
        return say
    how = "Take the simplest way that works." if before.simpler else "A person wants a new attempt."
    notes = [
        f"An attempt at this failed before; what went wrong stands below. {how}\n"
        + asking.crew.quote("crew", failure(before.failed))
    ]
    if before.said:
        notes.append(f"The person says: {before.said}")

    async def say_with_note(text: str) -> str:
        text = "\n\n".join([text, *notes])
        notes.clear()
        return await say(text)

    return say_with_note


def failure(failed: ActionError) -> dict[str, Json]:
    """Return what another agent is told of a failure."""
    parts = ("kind", "message", "partial_text")
    return {part: failed.error[part] for part in parts if failed.error.get(part)}


async def _again(asking: "Asking", scope: Scope, slot: str, work: Work, before: Before) -> Json:
    told: dict[str, Json] = {"after": failure(before.failed)}
    if before.said:
        told["said"] = before.said
    how = "simpler approach" if before.simpler else "another attempt"
    name = f"{asking.role.title or asking.name}: {how}"
    act = Act(type="ask", name=name, agent=asking.agent, input=told)
    return await asking.crew.recorder.span(scope, slot, act, lambda inside: work(inside, before))


def _handler(asking: "Asking") -> str | None:
    """Return who takes over what other roles failed at, if somebody does."""
    if asking.role.seat == FAILURE_HANDLER:
        return None
    return next(iter(asking.crew.seated(FAILURE_HANDLER)), None)


async def _handled(asking: "Asking", scope: Scope, handler: str, failed: ActionError) -> Json:
    words = (
        f"The role '{asking.name}' failed at the task below. Do it in its place, as well as it can"
        " be done; how it failed is told last."
    )
    return await asking.crew.at(scope).ask(
        handler,
        asking.task,
        words="\n\n".join(part for part in (words, asking.words) if part),
        given=[*asking.given, Given(source=asking.name, payload=failure(failed))],
        returns=together(asking.schemas),
        own=False,
    )


async def _corrected(asking: "Asking", scope: Scope, invalid: Invalid) -> Json:
    """Give up on an invalid result: ask a person for a valid one, or fail."""
    if asking.contract is None or asking.contract.on_invalid.then == "fail":
        raise invalid
    message = invalid.error["message"]
    decision = await asking.crew.at(scope).question(
        "escalation",
        asking.name,
        f"{message} Give a valid result, or reject it.",
        ["edit", "reject"],
        reason="invalid",
        schema=asking.form,
        context={"problems": [p.as_json() for p in invalid.problems], "payload": invalid.answer},
    )
    if decision["choice"] != "edit":
        rejected = f"{message} A person rejected it. {decision['comment']}".strip()
        raise Decided(invalid.error | {"message": rejected})
    return decision["value"]
