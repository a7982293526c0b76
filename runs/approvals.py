"""What the runs of a team ask people, as the inbox, the REST API and messages tell it."""

from collections.abc import Iterable
from typing import Any

from django.db.models import F, Q, QuerySet

from crews.titles import title_of
from runs.journal import store
from runs.journal.entries import Entry as Told
from runs.journal.entries import digest
from runs.models import Entry, Question, Run
from teams.models import Team, User

Json = Any
SHOWN = 200


def open_questions(team: Team) -> QuerySet[Question]:
    """Return the open questions of a team: what is due first, then the oldest."""
    found = Question.objects.filter(team=team, closed_at=None)
    found = found.select_related("run", "run__version", "run__started_by")
    return found.order_by(F("deadline").asc(nulls_last=True), "asked_at", "pk")


def open_count(team: Team) -> int:
    return Question.objects.filter(team=team, closed_at=None).count()


def open_mark(team: Team) -> tuple[int, str]:
    """Return how many questions are open, and a mark that changes with which they are."""
    open_ones = Question.objects.filter(team=team, closed_at=None).order_by("pk")
    keys = list(open_ones.values_list("pk", "run__status"))
    return len(keys), digest(keys)


def is_for(question: Question, user: User) -> bool:
    """Say whether a user is asked first: as assignee, or where there is none, as who started the
    run."""
    if question.assignee:
        return question.assignee == user.email.lower()
    return question.run.started_by_id == user.pk


def inbox(team: Team, user: User) -> list[dict[str, Json]]:
    """Return the open questions of a team as they are shown, those for the user first."""
    mine = Q(assignee=user.email.lower()) | Q(assignee="", run__started_by=user)
    theirs = list(open_questions(team).filter(mine)[:SHOWN])
    others = open_questions(team).exclude(mine)[: SHOWN - len(theirs)]
    return told([*theirs, *others], user)


def of_run(run: Run, user: User) -> list[dict[str, Json]]:
    """Return the open questions of one run as they are shown."""
    return told(open_questions(run.team).filter(run=run), user)


def told(questions: Iterable[Question], user: User | None = None) -> list[dict[str, Json]]:
    """Return questions as plain data; see `ApprovalOut`. Without a user none is theirs."""
    questions = list(questions)
    asked = _entries(questions)
    return [
        _told(
            question,
            asked[question.run_id, question.seq],
            mine=user is not None and is_for(question, user),
        )
        for question in questions
        if (question.run_id, question.seq) in asked
    ]


def role_title(run: Run, agent: str) -> str:
    """Return what people call an agent: its role's title in the crew's document, else its name."""
    document = run.version.document if run.version else {}
    role = (document.get("roles") or {}).get(agent.partition("/")[0]) or {}
    return title_of(agent, role.get("title")) or "The run"


def _entries(questions: list[Question]) -> dict[tuple[Any, int], Told]:
    """Return the entries by which the questions were asked, by run and seq."""
    wanted = {(question.run_id, question.seq) for question in questions}
    rows = Entry.objects.filter(
        run__in={run for run, _ in wanted}, seq__in={seq for _, seq in wanted}, kind="run.waiting"
    )
    rows_wanted = [row for row in rows if (row.run_id, row.seq) in wanted]
    entries = store.load(rows_wanted)
    return {(row.run_id, row.seq): entry for row, entry in zip(rows_wanted, entries, strict=True)}


def _told(question: Question, entry: Told, *, mine: bool) -> dict[str, Json]:
    run, asked = question.run, entry.payload or {}
    return {
        "run": run.pk,
        "action": question.action,
        "crew": run.crew_name,
        "title": run.title,
        "rehearsal": run.rehearsal,
        "started_by": str(run.started_by) if run.started_by else None,
        "status": run.status,
        "agent": entry.agent,
        "role": role_title(run, entry.agent),
        "question": asked.get("question", ""),
        "reason": asked.get("reason"),
        "choices": asked.get("choices", []),
        "schema": asked.get("schema"),
        "context": asked.get("context"),
        "proposed": asked.get("proposed"),
        "assignee": question.assignee or None,
        "mine": mine,
        "asked_at": question.asked_at,
        "deadline": question.deadline,
        "default": question.by_default or None,
    }
