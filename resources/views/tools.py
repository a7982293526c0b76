"""Settings: search engines, and MCP servers with their tools."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from teams.access import TeamRequest, team_required
from teams.providers import credentials_shown


@require_safe
@team_required("credentials.view")
def tools(request: TeamRequest) -> HttpResponse:
    shown = credentials_shown(team=request.team, serves="search")
    return render(request, "resources/tools.html", {"shown": shown})
