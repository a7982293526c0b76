"""The section of the start page about runs."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from runs.models import Run
from runs.selectors import runs_of_team

RECENT = 6


def recent_panel(request: HttpRequest) -> SafeString:
    """Return the team's last runs and how many wait for a person, "" where nothing has run yet."""
    team = request.team  # type: ignore[attr-defined]
    runs = runs_of_team(team)[:RECENT]
    if not runs:
        return SafeString()
    waiting = Run.objects.filter(team=team, status="waiting").count()
    return render_to_string("runs/recent.html", {"runs": runs, "waiting": waiting}, request)
