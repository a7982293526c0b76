"""Runs as pages ask for them."""

from django.db.models import Q, QuerySet

from runs.journal import store
from runs.journal.fold import RunState, fold
from runs.models import Run
from teams.models import Team


def runs_of_team(
    team: Team, *, search: str = "", status: str = "", crew: str = ""
) -> QuerySet[Run]:
    """Return a team's runs, the newest first; `search` looks in task, crew and outcome, `crew` is a
    crew's name."""
    runs = Run.objects.filter(team=team).select_related("started_by", "version")
    if search:
        runs = runs.filter(
            Q(title__icontains=search)
            | Q(crew_name__icontains=search)
            | Q(outcome__icontains=search)
        )
    if status:
        runs = runs.filter(status=status)
    if crew:
        runs = runs.filter(crew_name=crew)
    return runs.order_by("-created_at", "-pk")


def copies_of(run: Run, seq: int) -> list[tuple[Run, int]]:
    """Return the forks of a run that took an entry over, each with the seq that it has there."""
    found = []
    for fork in run.forks.filter(taken__gt=0):
        for entry in store.read(str(fork.pk), after=1, limit=fork.taken):
            mark = (entry.payload or {}).get("taken") or {}
            if mark.get("seq") == seq:
                found.append((fork, entry.seq))
    return found


def crews_with_runs(team: Team) -> list[str]:
    """Return the names of the crews that have runs in a team, in order."""
    names = Run.objects.filter(team=team).order_by().values_list("crew_name", flat=True)
    return sorted(names.distinct())


def state_of(run: Run) -> RunState:
    """Return what a run's journal adds up to."""
    return fold(store.read(str(run.pk)))
