"""Results of identical calls and sub-tasks, found again within a team. A row only says where the
result stands: it is read from the journal of the run that brought it, so that what was erased
there is not served."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from runs.journal import store
from runs.models import CachedResult, Entry

Json = Any


@dataclass(slots=True)
class Cacheable:
    """An action whose result may be found under `key`, if it is not older than so many seconds, and
    kept, unless it turns out not to be worth it."""

    key: str
    max_age_s: int
    wanted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A result, and the action that brought it: `origin` is `{run, action, at}`."""

    output: Json
    origin: dict[str, Json]


def find(team: str, sought: Cacheable) -> Hit | None:
    """Return the team's result for a key, if it is still there and not too old."""
    since = timezone.now() - timedelta(seconds=sought.max_age_s)
    row = CachedResult.objects.filter(team_id=team, key=sought.key, kept_at__gte=since).first()
    if row is None:
        return None
    found = Entry.objects.filter(run_id=row.run_id, action=row.action, kind="action.finished")
    for entry in store.load(found):
        if entry.payload is not None:
            origin = {"run": str(row.run_id), "action": str(row.action), "at": entry.at}
            return Hit(output=entry.payload["output"], origin=origin)
    return None


def keep(team: str, key: str, run: str, action: str) -> None:
    """Say that an action of a run brought the result for a key; the newest holds."""
    CachedResult.objects.update_or_create(
        team_id=team, key=key, defaults={"run_id": run, "action": action}
    )
