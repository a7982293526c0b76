"""Which previews are open, where their sandboxes are held, and for how long. Plain queries.

That a preview was opened stands in the journal; this table only says where it is to be found now.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from runs.models import OpenPreview, Run

KEPT = timedelta(minutes=30)
"""How long a sandbox with a preview lives on after its run has ended."""
ORPHAN_S = 20.0
"""How long the sandbox of a run that has ended outlives the worker that kept it."""
HOLDER_LOST = timedelta(seconds=15)
MOST_PER_RUN = 16
MOST_KEPT = 8
"""Of ended runs, in one team; the newest stay."""


class TooManyPreviews(Exception):
    """The run has opened as many previews as it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a preview is to be found. `holder` is the address of a worker's gateway, "" where no
    worker holds the sandbox; `hosts` may be reached from its sandbox, and so from its pages."""

    run: str
    number: int
    workspace: str
    port: int
    title: str
    holder: str
    hosts: Sequence[str]
    is_over: bool


def preview_add(
    *,
    run: str,
    action: str,
    workspace: str,
    port: int,
    title: str,
    hosts: Sequence[str],
    holder: str,
) -> int:
    """Open a preview and return its number in the run; the same action gets the same one.

    Raises TooManyPreviews.
    """
    with transaction.atomic():
        Run.objects.select_for_update().get(pk=run)
        known = OpenPreview.objects.filter(run_id=run, action=action).first()
        if known is not None:
            return known.number
        last = OpenPreview.objects.filter(run_id=run).aggregate(last=Max("number"))["last"] or 0
        if last >= MOST_PER_RUN:
            raise TooManyPreviews(f"A run may open {MOST_PER_RUN} previews; use one of those.")
        OpenPreview.objects.create(
            run_id=run,
            action=action,
            number=last + 1,
            workspace=workspace,
            port=port,
            title=title,
            hosts=list(hosts),
            holder=holder,
            seen_at=timezone.now(),
        )
        return last + 1


def preview_find(run: UUID | str, number: int) -> Place | None:
    row = OpenPreview.objects.filter(run_id=run, number=number).first()
    if row is None:
        return None
    return Place(
        run=str(run),
        number=number,
        workspace=row.workspace,
        port=row.port,
        title=row.title,
        holder=row.holder,
        hosts=row.hosts,
        is_over=is_past(row.until),
    )


def is_past(until: datetime | None) -> bool:
    return until is not None and until <= timezone.now()


def _open() -> QuerySet[OpenPreview]:
    return OpenPreview.objects.filter(Q(until=None) | Q(until__gt=timezone.now()))


def has_open(run: str) -> bool:
    return _open().filter(run_id=run).exists()


def workspaces_kept(run: str) -> frozenset[str]:
    """Return the names of the workspaces that live on when a run ends now: those with previews
    that a worker can show."""
    if Run.objects.filter(pk=run, status="cancelled").exists():
        return frozenset()
    rows = _open().filter(run_id=run).exclude(holder="")
    return frozenset(rows.values_list("workspace", flat=True))


def end_others(run: str, kept: Collection[str]) -> None:
    """Say that the previews of a run are over, but for those in workspaces that are kept."""
    gone = OpenPreview.objects.filter(run_id=run).exclude(workspace__in=kept)
    gone.update(until=timezone.now())


def ends_set() -> None:
    """Say when the previews of runs that have ended are over: at once for a cancelled one, and
    for those beyond what a team may keep."""
    now = timezone.now()
    ended = OpenPreview.objects.filter(until=None).exclude(run__ended_at=None)
    for row in ended.select_related("run"):
        ended_at = row.run.ended_at or now
        row.until = now if row.run.status == "cancelled" else ended_at + KEPT
        row.save(update_fields=["until"])
    for team in _open().exclude(until=None).values_list("run__team", flat=True).distinct():
        kept = _open().filter(run__team=team).exclude(until=None).order_by("-run__ended_at")
        runs = list(dict.fromkeys(kept.values_list("run", flat=True)))
        kept.model.objects.filter(run__in=runs[MOST_KEPT:]).update(until=now)


def any_open() -> bool:
    return _open().exists() or OpenPreview.objects.filter(until=None).exists()


def keep_up(holder: str, driven: Collection[str]) -> None:
    """Note that a worker is there, and that it has the sandboxes of the runs it drives."""
    ends_set()
    _open().filter(Q(run__in=driven) | Q(holder=holder)).update(
        holder=holder, seen_at=timezone.now()
    )


def kept_by(holder: str) -> set[str]:
    """Return the runs that have ended and whose previews a worker keeps."""
    kept = _open().filter(holder=holder).exclude(until=None)
    return {str(run) for run in kept.values_list("run", flat=True)}


def may_reach(run: str, holder: str) -> bool:
    """Say whether the sandboxes of a run are this worker's to reach: it keeps its previews, and
    nobody else drives the run."""
    return _open().filter(_undriven(), run_id=run, holder=holder).exists()


def unheld() -> set[str]:
    """Return the runs with open previews whose sandboxes no worker holds: nobody drives them, and
    whoever kept their previews has not been heard of lately."""
    rows = _open().filter(_nobody(), _undriven())
    return {str(run) for run in rows.values_list("run", flat=True)}


def claim(run: str, holder: str) -> bool:
    """Take a run's previews; False where another worker was faster."""
    taken = _open().filter(_nobody(), run_id=run)
    return taken.update(holder=holder, seen_at=timezone.now()) > 0


def holder_lost(run: str, holder: str) -> None:
    """Note that a holder does not answer, so that another worker need not wait to find out."""
    OpenPreview.objects.filter(run_id=run, holder=holder).update(holder="")


def _nobody() -> Q:
    return Q(holder="") | Q(seen_at__lt=timezone.now() - HOLDER_LOST)


def _undriven() -> Q:
    """Nobody drives the run: it has ended, or its lease is free."""
    now = timezone.now()
    return Q(run__lease=None) | Q(run__lease_until__lt=now) | ~Q(run__ended_at=None)
