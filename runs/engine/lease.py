"""Who owns a run. A lease is a fresh token per acquisition; times are the database's."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Now

from runs.journal import store
from runs.journal.entries import RunResumed
from runs.models import Run

LEASE = timedelta(seconds=9)
HEARTBEAT_S = 2.0
SWEEP_S = 1.5
# The token of a run that its owner gave up by itself; nobody holds it.
HANDED_OVER = UUID(int=0)
LOST = RunResumed(reason="The worker was lost; another took the run over.")
HANDOVER = RunResumed(reason="The worker before was told to end.", handover=True)


def _until() -> "ExpressionWrapper[Any]":
    return ExpressionWrapper(Now() + LEASE, output_field=DateTimeField())


def _free() -> Q:
    return Q(lease=None) | Q(lease_until__lt=Now())


def drivable() -> QuerySet[Run]:
    """Runs that have work and no living owner. A waiting run has work only if its owner was
    lost."""
    lost = Q(status="waiting", lease__isnull=False, lease_until__lt=Now())
    return Run.objects.filter(Q(_free(), status__in=["queued", "running"]) | lost)


def drivable_ids(most: int) -> list[str]:
    """Return the ids of at most so many runs that have work and no owner, oldest first."""
    return [str(pk) for pk in drivable().order_by("created_at").values_list("pk", flat=True)[:most]]


def claim(run: str) -> str | None:
    """Take a run and return the lease's token, or None where there is nothing to take.

    That a worker was lost, or handed the run over, is journaled: the trail shows where another one
    went on, and only the former counts as a crash.
    """
    token = uuid4()
    with transaction.atomic():
        row = drivable().select_for_update(of=("self",)).filter(pk=run).first()
        if row is None:
            return None
        status = "running" if row.status == "queued" else row.status
        Run.objects.filter(pk=run).update(lease=token, lease_until=_until(), status=status)
        if row.lease is not None:
            entry = store.NewEntry(payload=HANDOVER if row.lease == HANDED_OVER else LOST)
            store.append([store.Write(run=run, entries=(entry,), lease=str(token))])
    return str(token)


def is_unfinished(run: str) -> bool:
    """Say whether a run exists and has not ended."""
    return Run.objects.filter(pk=run, ended_at=None).exists()


def fresh() -> dict[str, Any]:
    """Return the columns of a run that is owned from its creation on."""
    return {"lease": uuid4(), "lease_until": _until(), "status": "running"}


def renew(tokens: Collection[str]) -> set[str]:
    """Prolong leases and return those that are still held."""
    held = Run.objects.filter(lease__in=[UUID(token) for token in tokens])
    held.update(lease_until=_until())
    return {str(lease) for lease in held.values_list("lease", flat=True)}


def release(run: str, token: str, *, seen: int, waits: bool) -> bool:
    """Give a run back, unless its journal has grown beyond what the owner has seen. One that
    `waits` for people is not driven again before one of them has decided."""
    owned = Run.objects.filter(pk=run, lease=token, seq=seen)
    columns: dict[str, Any] = {"lease": None, "lease_until": None}
    if waits:
        owned = owned.filter(status__in=["running", "waiting"])
        columns["status"] = "waiting"
    return owned.update(**columns) == 1


def hand_over(tokens: Collection[str]) -> None:
    """Give runs up at once, whatever is in flight: their owner is about to stop, and others may
    take them over."""
    Run.objects.filter(lease__in=[UUID(token) for token in tokens]).update(
        lease=HANDED_OVER, lease_until=F("created_at")
    )
