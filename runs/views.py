"""The pages of runs: the list, and a run live."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from runs.journal import store
from runs.markdown import markdown_html
from runs.models import Entry, Run
from runs.previews.links import Guest, link_make
from runs.previews.table import KEPT, preview_find
from runs.selectors import crews_with_runs, runs_of_team
from teams.access import TeamRequest, get_or_404, team_required
from teams.permissions import can

PAGE = 40
STATUSES = ("queued", "running", "waiting", "paused", "finished", "failed", "cancelled")


@require_GET
@team_required("runs.view")
def run_list(request: TeamRequest) -> HttpResponse:
    """List the team's runs, the newest first; htmx asks again for the rows while something runs."""
    asked = {
        name: request.GET.get(name, "").replace("\0", "")[:100] for name in ("q", "status", "crew")
    }
    if asked["status"] not in STATUSES:
        asked["status"] = ""
    runs = runs_of_team(request.team, search=asked["q"], status=asked["status"], crew=asked["crew"])
    page = Paginator(runs, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "asked": asked,
        "filtered": any(asked.values()),
        "query": urlencode({name: value for name, value in asked.items() if value}),
        "here": request.get_full_path(),
        "statuses": STATUSES,
        "busy": any(run.status in store.OPEN for run in page),
        "now": timezone.now(),
    }
    if request.headers.get("HX-Request") == "true":
        return render(request, "runs/rows.html", context)
    return render(request, "runs/list.html", context | {"crews": crews_with_runs(request.team)})


@require_GET
@team_required(None)
def run_live(request: TeamRequest, pk: UUID) -> HttpResponse:
    """Show a run as it happens, or as it happened."""
    run = get_or_404(Run.objects.select_related("crew", "version"), request.user, pk, "runs.view")
    return render(request, "runs/live.html", {"run": run, "page": _live_page(request, run)})


@require_GET
@team_required(None)
def run_answer(request: TeamRequest, pk: UUID) -> HttpResponse:
    """Return a finished run's answer as a piece of HTML. 404 where there is none that is text."""
    run = get_or_404(Run.objects.all(), request.user, pk, "runs.view")
    row = Entry.objects.filter(run=run, kind="run.finished").first()
    text = _text((store.load([row])[0].payload or {}).get("output")) if row else None
    if text is None:
        raise Http404("This run has no answer in words")
    return HttpResponse(markdown_html(text))


@require_GET
@team_required(None)
def run_preview(request: TeamRequest, pk: UUID, number: int) -> HttpResponse:
    """Send a person into a preview, on its own origin. Its server says what is wrong with it."""
    run = get_or_404(Run.objects.all(), request.user, pk, "runs.view")
    if preview_find(run.pk, min(number, 2**31 - 1)) is None:
        raise Http404("This run has no such preview")
    return HttpResponseRedirect(link_make(Guest(str(run.pk), number)))


def _text(output: Any) -> str | None:
    """Return an answer that is text, or the only field of an object around one."""
    if isinstance(output, dict) and len(output) == 1:
        (output,) = output.values()
    return output if isinstance(output, str) else None


def _live_page(request: TeamRequest, run: Run) -> dict[str, Any]:
    crew = run.crew
    return {
        "run": str(run.pk),
        "title": run.title,
        "crew": run.crew_name,
        "version": run.version.number if run.version else None,
        "rehearsal": run.rehearsal,
        "status": run.status,
        "now": timezone.now().isoformat(),
        "may": {
            "stop": can(request.user, "runs.stop", run.team),
            "decide": can(request.user, "runs.decide", run.team),
            "start": can(request.user, "runs.start", run.team),
        },
        "previews_kept_s": int(KEPT.total_seconds()),
        "urls": {
            "previews": f"/runs/{run.pk}/previews/",
            "socket": f"/ws/runs/{run.pk}/",
            "api": "/api/v1/",
            "audit": reverse("runs:audit", args=[run.pk]),
            "files": reverse("runs:files", args=[run.pk]),
            "crew": reverse("crews:edit", args=[crew.pk])
            if crew and not crew.archived_at
            else None,
            "answer": reverse("runs:answer", args=[run.pk]),
            "fork": f"/runs/{run.pk}/fork/" if can(request.user, "runs.start", run.team) else None,
            "restart": reverse("runs:restart", args=[run.pk]),
            "origin": run.origin_id and reverse("runs:live", args=[run.origin_id]),
            "compare": run.origin_id and reverse("runs:compare", args=[run.origin_id, run.pk]),
            "runs": reverse("runs:list"),
        },
        "csrf": get_token(request),
    }
