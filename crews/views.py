"""The pages of crews and templates."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crews import services
from crews.catalog import catalog_current
from crews.models import Template
from crews.parse import DocumentRefused
from crews.rest.shapes import CatalogOut, CrewOut
from crews.selectors import crews_live, crews_of_team, templates_for
from crews.start_page import panels_for
from crews.strict_json import MAX_BYTES
from teams.access import TeamRequest, get_or_404, team_required

PAGE = 50
RECENT = 6


@require_GET
@team_required("crews.view")
def start(request: TeamRequest) -> HttpResponse:
    """Show what to begin with: templates, the crews last worked on, what other apps add."""
    templates = list(templates_for(request.team))
    context = {
        "templates": _one_of_each_pattern(templates)[:RECENT],
        "templates_count": len(templates),
        "crews": crews_of_team(request.team)[:RECENT],
        "panels": panels_for(request),
    }
    return render(request, "crews/start.html", context)


def _one_of_each_pattern(templates: list[Template]) -> list[Template]:
    """Return the first template of every pattern: few cards that show how crews may differ."""
    firsts: dict[str, Template] = {}
    for template in templates:
        firsts.setdefault(template.pattern, template)
    return list(firsts.values())


@require_GET
@team_required("crews.view")
def crew_list(request: TeamRequest) -> HttpResponse:
    search = request.GET.get("q", "").replace("\x00", "")[:100]
    crews = Paginator(crews_of_team(request.team, search), PAGE)
    page = crews.get_page(request.GET.get("page"))
    return render(request, "crews/list.html", {"page": page, "search": search})


@require_POST
@team_required("crews.change")
def crew_new(request: TeamRequest) -> HttpResponse:
    crew = services.crew_create(team=request.team, user=request.user)
    return redirect("crews:edit", pk=crew.pk)


@require_http_methods(["GET", "POST"])
@team_required("crews.change")
def crew_import(request: TeamRequest) -> HttpResponse:
    """Take a document pasted or sent as a file; what is wrong with it is listed with its place."""
    if request.method == "GET":
        return render(request, "crews/import.html")
    file = request.FILES.get("file")
    # One byte more than is accepted is refused as too large.
    text = file.read(MAX_BYTES + 1) if file else request.POST.get("text", "")
    try:
        crew = services.crew_import(team=request.team, user=request.user, data=text)
    except DocumentRefused as error:
        shown = text if isinstance(text, str) else text[:100_000].decode("utf-8", "replace")
        context = {"problems": error.problems, "text": shown}
        return render(request, "crews/import.html", context, status=422)
    messages.success(request, f"Imported “{crew}”.")
    return redirect("crews:edit", pk=crew.pk)


@require_GET
@team_required(None)
def crew_edit(request: TeamRequest, pk: UUID) -> HttpResponse:
    """Show the editor, with what it would ask the API for first."""
    crew = get_or_404(crews_live(), request.caller, pk, "crews.view")
    props = {
        "crewId": str(crew.pk),
        "crew": CrewOut.whole(crew, request.caller).model_dump(mode="json"),
        "catalog": CatalogOut.of(catalog_current(crew.team)).model_dump(mode="json"),
    }
    return render(request, "crews/editor.html", {"crew": crew, "props": props})


@require_POST
@team_required(None)
def crew_duplicate(request: TeamRequest, pk: UUID) -> HttpResponse:
    crew = get_or_404(crews_live(), request.caller, pk, "crews.change")
    copy = services.crew_duplicate(crew=crew, user=request.user)
    return redirect("crews:edit", pk=copy.pk)


@require_POST
@team_required(None)
def crew_delete(request: TeamRequest, pk: UUID) -> HttpResponse:
    crew = get_or_404(crews_live(), request.caller, pk, "crews.delete")
    services.crew_delete(crew=crew)
    messages.success(request, f"Deleted “{crew}”. Its runs stay in the list of runs.")
    return redirect("crews:list")


@require_GET
@team_required("crews.view")
def template_list(request: TeamRequest) -> HttpResponse:
    """Show the templates, grouped by their pattern."""
    groups: dict[str, list[Template]] = {}
    for template in templates_for(request.team):
        groups.setdefault(template.pattern, []).append(template)
    catalog = catalog_current()
    shown = [(catalog.pattern(name), name, items) for name, items in groups.items()]
    return render(request, "templates/gallery.html", {"groups": shown})


@require_POST
@team_required("crews.change")
def template_use(request: TeamRequest, slug: str) -> HttpResponse:
    template = get_object_or_404(templates_for(request.team).order_by("team"), slug=slug)
    crew = services.crew_from_template(template=template, team=request.team, user=request.user)
    return redirect(reverse("crews:edit", args=[crew.pk]) + "#run")
