"""The pages of experiments."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from crews.errors import CrewError
from crews.models import Crew
from crews.selectors import crew_document
from runs.errors import BadRequest
from runs.experiments.form import plan_text
from runs.experiments.plan import Plan
from runs.experiments.results import results
from runs.experiments.service import experiment_start, plan_read
from runs.models import Experiment
from teams.access import TeamRequest, get_or_404, team_required
from teams.permissions import can

Json = Any
SHOWN = 100


@require_GET
@team_required("runs.view")
def experiment_list(request: TeamRequest) -> HttpResponse:
    """List the team's experiments."""
    shown = Experiment.objects.filter(team=request.team).order_by("-created_at")[:SHOWN]
    return render(request, "runs/experiments.html", {"experiments": shown})


@require_http_methods(["GET", "POST"])
@team_required("crews.change")
def experiment_new(request: TeamRequest) -> HttpResponse:
    """Start an experiment from its plan, which begins as an example for a crew of the team."""
    crews = Crew.objects.filter(team=request.team, archived_at=None).order_by("name")
    page: dict[str, Json] = {"crews": crews, "plan": "", "refusal": None}
    if request.method == "GET":
        crew = crews.filter(slug=request.GET.get("crew", "")).first() or crews.first()
        page["plan"] = plan_text(crew.slug, crew_document(crew)) if crew else ""
        return render(request, "runs/experiment_new.html", page)
    page["plan"] = request.POST.get("plan", "")
    try:
        plan = plan_read(page["plan"].encode())
        rehearsal = "rehearse" in request.POST
        made = experiment_start(
            team=request.team, user=request.user, plan=plan, rehearsal=rehearsal
        )
    except (BadRequest, CrewError) as refused:
        page["refusal"] = refused
        return render(request, "runs/experiment_new.html", page, status=422)
    messages.success(request, f"Started “{made}”: {made.trials.count()} runs.")
    return redirect("runs:experiment", made.pk)


@never_cache
@require_GET
@team_required(None)
def experiment(request: TeamRequest, pk: UUID) -> HttpResponse:
    """Show how the variants compare, and each task's results side by side."""
    made = get_or_404(Experiment.objects.all(), request.caller, pk, "runs.view")
    variants, trials = results(made)
    plan = Plan.model_validate(made.plan)
    by_place = {(trial.task, trial.variant): trial for trial in trials}
    rows = [
        {"given": given, "trials": [by_place.get((n, v.name)) for v in plan.variants]}
        for n, given in enumerate(plan.tasks)
    ]
    page = {
        "experiment": made,
        "variants": variants,
        "rows": rows,
        "checks": plan.checks,
        "may_start": can(request.user, "crews.change", made.team),
    }
    part = "HX-Request" in request.headers
    return render(request, "runs/experiment_body.html" if part else "runs/experiment.html", page)
