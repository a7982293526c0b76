"""Decisions on what runs ask: by people, and by the system where a deadline has passed.

All of them are compare-and-set under the lock of the run's row: of two, one wins.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from crews.schema_guard import validate_payload
from crews.strict_json import Refused, check_json
from runs.engine.escalation import choice_meant
from runs.errors import BadRequest, Conflict, RunError, RunHalted
from runs.journal import doorbell, store
from runs.journal import entries as e
from runs.models import Entry, Question, Run

Json = Any
log = structlog.get_logger(__name__)
OVERDUE_AT_ONCE = 100


def decide(
    *, run: Run, action: str, actor: str, choice: str, value: Json = None, comment: str = ""
) -> None:
    """Settle an open question of a run and wake the run.

    Raises BadRequest where the decision does not fit the question, and Conflict where that is
    settled already or the run has ended.
    """
    with transaction.atomic():
        status = Run.objects.select_for_update().values_list("status", flat=True).get(pk=run.pk)
        asked = question_of(run, action)
        if asked is None:
            raise BadRequest(f"action: this run has no question '{action}'")
        if not Question.objects.filter(run=run, seq=asked.seq, closed_at=None).exists():
            raise Conflict("This question is already answered, or the run has ended.")
        choices = (asked.payload or {})["choices"]
        choice = choice_meant(choice, choices) or choice
        check_decision(asked.payload or {}, choice, value)
        entry = store.NewEntry(
            payload=e.DecisionMade(choice=choice, value=value, comment=comment[:10_000]),
            action=asked.action,
            parent=asked.parent,
            key=asked.key,
            agent=asked.agent,
            actor=actor,
        )
        # Other questions may still be open; the engine goes on with what no longer waits.
        goes_on = None if status == "paused" else "running"
        try:
            store.append_one(store.Write(run=str(run.pk), entries=(entry,), status=goes_on))
        except RunHalted as halted:
            raise Conflict(f"The run is {halted.status}.") from None
        doorbell.ring_work_on_commit(str(run.pk))


def question_of(run: Run, action: str) -> e.Entry | None:
    """Return the entry by which an action last asked a person; None where it never did."""
    rows = Entry.objects.filter(run=run, action=action, kind="run.waiting").order_by("-seq")[:1]
    return next(iter(store.load(rows)), None)


def check_decision(question: Mapping[str, Json], choice: str, value: Json) -> None:
    """Raise BadRequest, naming the field, where a decision does not fit a question."""
    if choice not in question["choices"]:
        raise BadRequest(
            f"choice: '{choice}' is not offered; choose {', '.join(question['choices'])}"
        )
    try:
        check_json(value)
    except Refused as refused:
        raise BadRequest(f"value: {refused}") from None
    schema = question.get("schema")
    if (
        choice in e.WITH_VALUE
        and schema is not None
        and (problems := validate_payload(schema, value))
    ):
        listed = [problem.under("value").as_json() for problem in problems]
        raise BadRequest(f"value: {problems[0]}", problems=listed)


def decide_overdue() -> int:
    """Make the choices by default of open questions whose deadline has passed; say how many.

    A person who decides at the same moment may win; then there is nothing left to do here.
    """
    due = Question.objects.filter(closed_at=None, deadline__lte=timezone.now())
    due = due.exclude(by_default="").select_related("run").order_by("deadline")
    made = 0
    for question in due[:OVERDUE_AT_ONCE]:
        try:
            decide(
                run=question.run,
                action=str(question.action),
                actor="system",
                choice=question.by_default,
                comment="Nobody had decided by the deadline.",
            )
            made += 1
        except Conflict:
            continue
        except (RunError, DatabaseError) as error:
            log.warning("deadline_not_kept", run=str(question.run_id), error=str(error))
    return made
