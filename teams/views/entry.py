"""Coming in by a one-time link, and choosing the team to work in."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from teams.access import CHOSEN_TEAM, TeamRequest, team_required, teams_of
from teams.services import sign_in_link_peek, sign_in_link_use


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in by a one-time link.

    Opening the page uses nothing up: mail scanners and chat previews open links too. The page sends
    its form by itself as soon as a person has it in view.
    """
    if request.method != "POST":
        user = sign_in_link_peek(token=token)
        if request.user.is_authenticated and user in (None, request.user):
            return redirect("/")
        page = {"person": user}
        return render(request, "account/sign_in_link.html", page, status=200 if user else 410)
    user = sign_in_link_use(token=token)
    if user is None:
        return render(request, "account/sign_in_link.html", {"person": None}, status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("/")


@require_POST
@team_required()
def choose(request: TeamRequest) -> HttpResponse:
    """Remember in the session which team the lists show."""
    asked = request.POST.get("team")
    team = next((team for team in teams_of(request.user) if team.slug == asked), None)
    if team is None:
        raise Http404
    request.session[CHOSEN_TEAM] = str(team.pk)
    messages.success(request, f"You are now working in {team}.")
    back = request.POST.get("next", "/")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "/")
