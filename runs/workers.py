"""Which worker processes are alive: each leaves a sign in the database every few seconds."""

from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now

from runs.models import Worker

EVERY_S = 5.0
LOST = timedelta(seconds=20)
FORGOTTEN = timedelta(hours=1)


def worker_seen(worker: UUID) -> None:
    """Say that a worker is alive."""
    if not Worker.objects.filter(pk=worker).update(seen_at=Now()):
        Worker.objects.filter(seen_at__lt=Now() - FORGOTTEN).delete()
        Worker.objects.create(pk=worker, seen_at=Now())


def worker_leave(worker: UUID) -> None:
    """Say that a worker ends."""
    Worker.objects.filter(pk=worker).delete()


def workers_alive() -> int:
    """Return how many workers were seen a short while ago."""
    return Worker.objects.filter(seen_at__gt=Now() - LOST).count()
