"""Makes a stored run older, as if the clock had gone on while nothing was running."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from runs.journal.entries import GENESIS, chain_hash
from runs.models import Action, Entry, Question, Run


def age(run: str, by: timedelta) -> None:
    """Move all times of a run that is not over back, and chain its journal anew."""
    with transaction.atomic():
        head = GENESIS
        for row in Entry.objects.filter(run_id=run).order_by("seq"):
            row.at = _earlier(row.at, by)
            row.prev_hash = head
            head = row.hash = chain_hash(
                run=run,
                seq=row.seq,
                at=row.at,
                kind=row.kind,
                action=str(row.action) if row.action else None,
                parent=str(row.parent) if row.parent else None,
                key=row.key,
                agent=row.agent,
                actor=row.actor,
                payload_hash=row.payload_hash,
                prev_hash=row.prev_hash,
            )
            row.save(update_fields=["at", "prev_hash", "hash"])
        Run.objects.filter(pk=run).update(created_at=F("created_at") - by)
        Action.objects.filter(run_id=run).update(
            started_at=F("started_at") - by, ended_at=F("ended_at") - by
        )
        Question.objects.filter(run_id=run).update(
            asked_at=F("asked_at") - by, deadline=F("deadline") - by, told_at=F("told_at") - by
        )


def _earlier(at: str, by: timedelta) -> str:
    moved = datetime.fromisoformat(at) - by
    return moved.isoformat(timespec="microseconds").replace("+00:00", "Z")
