"""Settings: API keys. Everybody makes and sees their own; owners see and revoke all."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from teams.access import TeamRequest, get_or_404, team_required
from teams.forms import ApiKeyForm
from teams.models import ApiKey
from teams.permissions import can
from teams.services import api_key_create, api_key_revoke


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required("keys.create")
def keys(request: TeamRequest) -> HttpResponse:
    """List the keys and create one; the answer to the POST is the only page that ever shows it."""
    form = ApiKeyForm(request.POST or None)
    token = None
    if form.is_valid():
        token = api_key_create(user=request.user, team=request.team, name=form.cleaned_data["name"])
        form = ApiKeyForm()
    rows = ApiKey.objects.for_team(request.team).filter(revoked_at=None).select_related("user")
    if not can(request.user, "members.change", request.team):
        rows = rows.filter(user=request.user)
    page = {"keys": rows.order_by("-created_at"), "form": form, "token": token}
    return render(request, "teams/keys.html", page, status=422 if form.errors else 200)


@require_POST
@team_required(None)
def key_revoke(request: TeamRequest, pk: int) -> HttpResponse:
    key = get_or_404(ApiKey.objects.all(), request.user, pk, "keys.create")
    if key.user != request.user and not can(request.user, "members.change", key.team):
        raise PermissionDenied("Only an owner of the team may revoke somebody else’s key.")
    api_key_revoke(key=key)
    messages.success(request, f"{key.name} no longer works.")
    return redirect("teams:keys")
