"""The audit page: the tree of a run's actions, one action in full, and whether the chain holds."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from runs.analysis import analyze, messages
from runs.audit import Filter, actions_found, choices_of, titles_of, trace
from runs.export import verify_run
from runs.models import Action, Run
from runs.selectors import state_of
from runs.tree import Tree, outline
from runs.why import Reasons
from teams.access import TeamRequest, get_or_404, team_required
from teams.permissions import can


@require_GET
@team_required(None)
def audit(request: TeamRequest, pk: UUID) -> HttpResponse:
    """Show a run's tree, or the actions that a filter finds."""
    run = _run(request, pk)
    return render(request, "runs/audit.html", _page(request, run))


@require_GET
@team_required(None)
def audit_action(request: TeamRequest, pk: UUID, action: UUID) -> HttpResponse:
    """Show one action in full, beside the tree opened at it; a script asks for the action alone."""
    run = _run(request, pk)
    row = Action.objects.filter(run=run, pk=action).first()
    if row is None:
        raise Http404("This run has no such action")
    context = {
        "run": run,
        "trace": trace(run, row),
        "titles": titles_of(run),
        "query": _query(_filter(request)),
        "may_fork": can(request.user, "runs.start", run.team),
    }
    if "why" in request.GET:
        context["steps"] = Reasons(state_of(run)).of(str(row.pk))
    if _by_script(request):
        return render(request, "runs/action.html", context)
    return render(request, "runs/audit.html", _page(request, run, selected=row) | context)


@require_GET
@team_required(None)
def audit_rows(request: TeamRequest, pk: UUID) -> HttpResponse:
    """Return rows for a script: an action's children from one on, or more of what was found."""
    run = _run(request, pk)
    titles = titles_of(run)
    if wanted := _filter(request):
        found = _found(run, wanted, _number(request, "after"))
        return render(request, "runs/found.html", found | {"titles": titles})
    parent = request.GET.get("parent") or None
    try:
        top = UUID(parent) if parent else None
        group = outline(Tree(run), top=top, start=_number(request, "start"))
    except (ValueError, KeyError):
        raise Http404("This run has no such action") from None
    context = {"run": run, "group": group, "titles": titles, "edge": request.GET.get("edge")}
    return render(request, "runs/group.html", context)


@require_POST
@team_required(None)
def audit_verify(request: TeamRequest, pk: UUID) -> HttpResponse:
    """Check the run's chain and signature now, and say what was found."""
    run = _run(request, pk)
    return render(request, "runs/verified.html", {"verdict": verify_run(run)})


def _run(request: TeamRequest, pk: UUID) -> Run:
    runs = Run.objects.select_related("version", "started_by")
    return get_or_404(runs, request.user, pk, "runs.view")


def _page(request: HttpRequest, run: Run, selected: Action | None = None) -> dict[str, Any]:
    wanted = _filter(request)
    context: dict[str, Any] = {
        "run": run,
        "titles": titles_of(run),
        "reports": [] if selected else analyze([run]),
        "bus": None if selected else messages([run]),
        "origin": run.origin_id and Run.objects.filter(pk=run.origin_id).first(),
        "wanted": wanted,
        "choices": choices_of(run),
        "query": _query(wanted),
        "selected": selected.pk if selected else None,
        "export": f"/api/v1/runs/{run.pk}/export",
        "took_s": (run.ended_at - run.created_at).total_seconds() if run.ended_at else None,
    }
    if wanted:
        return context | _found(run, wanted, 0)
    tree = Tree(run)
    return context | {"group": outline(tree, selected=context["selected"])}


def _found(run: Run, wanted: Filter, after: int) -> dict[str, Any]:
    found, more = actions_found(run, wanted, after)
    rows_url = reverse("runs:audit_rows", args=[run.pk])
    last = found[-1].seq if found else after
    return {
        "run": run,
        "found": found,
        "query": _query(wanted),
        "next": f"{rows_url}?{_query(wanted)}&after={last}" if more else "",
    }


def _filter(request: HttpRequest) -> Filter:
    def field(name: str) -> str:
        return request.GET.get(name, "").replace("\0", "").strip()[:200]

    return Filter(
        agent=field("agent"), type=field("type"), status=field("status"), text=field("text")
    )


def _query(wanted: Filter) -> str:
    fields = {
        "agent": wanted.agent,
        "type": wanted.type,
        "status": wanted.status,
        "text": wanted.text,
    }
    return urlencode({name: value for name, value in fields.items() if value})


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _by_script(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
