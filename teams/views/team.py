"""Settings: the team and who is in it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from teams.access import TeamRequest, team_required
from teams.forms import TeamForm
from teams.models import Membership
from teams.services import team_rename


@require_safe
@team_required("team.view")
def team_settings(request: TeamRequest) -> HttpResponse:
    members = (
        Membership.objects.for_team(request.team).select_related("user").order_by("user__email")
    )
    form = TeamForm(initial={"name": request.team.name})
    return render(request, "teams/team.html", {"members": members, "form": form})


@require_POST
@team_required("team.change")
def rename(request: TeamRequest) -> HttpResponse:
    form = TeamForm(request.POST)
    if form.is_valid():
        team_rename(team=request.team, name=form.cleaned_data["name"])
        messages.success(request, "The team has a new name.")
    else:
        messages.error(request, "A team needs a name of at most 100 characters.")
    return redirect("teams:settings")
