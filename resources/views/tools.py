"""Settings: search engines, and MCP servers with their tools."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from resources.selectors import servers_of
from teams.access import TeamRequest, team_required
from teams.providers import credentials_shown


@require_safe
@team_required("credentials.view")
def tools(request: TeamRequest) -> HttpResponse:
    context = {
        "shown": credentials_shown(team=request.team, serves="search"),
        "servers": servers_of(request.team),
    }
    return render(request, "resources/tools.html", context)
