"""Whom a question goes to, until when it may be answered, and what holds if nobody does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce

from crews.spec import CrewSpec, Escalation
from runs.journal.entries import WITH_VALUE, RunWaiting

# What each of the two outcomes is called by the engine's own questions. An approval is never
# more than a yes: what needs a value (an edit, a sum of money) is no outcome by default.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "approve": ("approve", "go_on", "go on without it"),
    "reject": ("reject", "fail", "end", "stop the run"),
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Addresses the questions of one run; `spec` holds the roles of nested crews as well."""

    spec: CrewSpec

    def address(self, waiting: RunWaiting, agent: str) -> RunWaiting:
        """Return a question with its assignee, its deadline (UTC, ISO 8601) and the choice that is
        made when that has passed, as the agent's role and its crew say."""
        rules = self._rules(agent)
        until = None
        if rules.deadline_s is not None:
            until = datetime.now(UTC) + timedelta(seconds=rules.deadline_s)
        default = choice_meant(rules.default, waiting.choices) if until else None
        return waiting.model_copy(
            update={
                "assignee": rules.assignee,
                "deadline": until.isoformat(timespec="seconds") if until else None,
                "default": default,
            }
        )

    def _rules(self, agent: str) -> Escalation:
        steps = agent.split("/")
        names = ["/".join(steps[:n]) for n in range(1, len(steps) + 1)]
        roles = [self.spec.roles[name].escalation for name in names if name in self.spec.roles]
        return reduce(combined, roles, self.spec.escalation)


def combined(outer: Escalation, inner: Escalation) -> Escalation:
    """Return what holds where both speak: what the inner one leaves out, the outer one says."""
    said = {name: value for name, value in inner if value is not None}
    return outer.model_copy(update=said)


def choice_meant(wanted: str | None, choices: list[str]) -> str | None:
    """Return which of the choices an outcome (approve, reject, or a choice's own word) means; None
    where it means none."""
    if wanted is None:
        return None
    offered = [choice for choice in choices if choice not in WITH_VALUE]
    return next((word for word in (wanted, *_WORDS.get(wanted, ())) if word in offered), None)
