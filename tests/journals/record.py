"""Puts a told journal into the tables as if the machine had written it, with its own times."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from runs.journal import projection
from runs.journal.entries import canonical
from runs.journal.fold import fold
from runs.models import Entry, Run
from teams.models import Team, User
from tests.journals.story import Story


def record(story: Story, *, team: Team, user: User | None = None) -> Run:
    """Write a story's entries, actions and run, and return the run."""
    state = fold(story.entries)
    assert state.started is not None
    begun = datetime.fromisoformat(state.started_at)
    run = Run.objects.create(
        id=UUID(story.run), team=team, crew_name=state.started["crew"]["name"],
        title=str(state.started["task"])[:200], rehearsal=state.started.get("rehearsal", False),
        started_by=user, seq=state.seq, status=state.status,
        ended_at=datetime.fromisoformat(state.ended_at) if state.ended_at else None,
        actions=len(state.actions), failures=state.failures, tokens=state.tokens,
        cost_usd=state.cost_usd, unpriced=state.unpriced,
    )  # fmt: skip
    Run.objects.filter(pk=run.pk).update(created_at=begun)
    rows = projection.ActionRows()
    for entry in story.entries:
        rows.add(story.erased.get(entry.seq, entry))
    Entry.objects.bulk_create(_row(run, entry) for entry in story.entries)
    with connection.cursor() as cursor:
        for sql, values in rows.statements(_uuid, _time, _decimal):
            cursor.executemany(sql, values)
    run.refresh_from_db()
    return run


def _row(run: Run, entry: Any) -> Entry:
    fields = entry.model_dump(exclude={"run", "payload"})
    text = None if entry.payload is None else canonical(entry.payload)
    return Entry(run=run, payload=text, **fields)


def _uuid(value: str | None) -> Any:
    if value is None:
        return None
    return UUID(value) if connection.features.has_native_uuid_field else value.replace("-", "")


def _time(value: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


def _decimal(value: Any) -> Any:
    return None if value is None else connection.ops.adapt_decimalfield_value(value)
