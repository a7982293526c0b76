"""Settings: how the team reaches models, and which model each tier means."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from teams.access import TeamRequest, get_or_404, team_required
from teams.errors import AddressInvalid, CredentialUnreadable, TeamsError
from teams.forms import CredentialForm, TierForm
from teams.models import Credential, Team
from teams.providers import PROVIDERS, CheckResult, Serves, credentials_shown
from teams.services import (
    credential_delete,
    credential_resolve,
    credential_set,
    tier_set,
    tiers_of,
)
from teams.services.tiers import TIERS

# The page that lists what a credential is for.
_HOMES: dict[Serves, str] = {"models": "teams:models", "search": "resources:tools"}


@require_safe
@team_required("credentials.view")
def models(request: TeamRequest) -> HttpResponse:
    return render(request, "teams/models.html", _page(request.team))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required("credentials.change")
def credential_new(request: TeamRequest) -> HttpResponse:
    serves: Serves = "search" if request.GET.get("for") == "search" else "models"
    form = CredentialForm(request.POST or None, serves=serves)
    if form.is_valid() and _store(request, form, key=form.cleaned_data["api_key"]):
        return redirect(_HOMES[serves])
    page = {"form": form, "serves": serves, "home": _HOMES[serves]}
    return render(request, "teams/credential.html", page, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(None)
def credential_edit(request: TeamRequest, pk: int) -> HttpResponse:
    stored = get_or_404(Credential.objects.all(), request.user, pk, "credentials.change")
    request.team = stored.team
    form = CredentialForm(request.POST or None, stored=stored)
    home = _home(stored.provider)
    if form.is_valid() and _store(request, form, key=form.cleaned_data["api_key"] or None):
        return redirect(home)
    page = {"form": form, "stored": stored, "home": home}
    return render(request, "teams/credential.html", page, status=422 if form.errors else 200)


@require_POST
@team_required(None)
def credential_remove(request: TeamRequest, pk: int) -> HttpResponse:
    stored = get_or_404(Credential.objects.all(), request.user, pk, "credentials.change")
    credential_delete(credential=stored)
    messages.success(request, f"{stored} is deleted.")
    return redirect(_home(stored.provider))


@require_POST
@team_required(None)
def credential_test(request: TeamRequest, pk: int) -> HttpResponse:
    """Make one cheap call with the credential and answer with a fragment that says how it went."""
    stored = get_or_404(Credential.objects.all(), request.user, pk, "credentials.change")
    return render(request, "teams/parts/check_result.html", {"result": _check(stored)})


@require_POST
@team_required("credentials.change")
def tier_save(request: TeamRequest, tier: str) -> HttpResponse:
    if tier not in TIERS:
        raise Http404
    form = TierForm(request.POST)
    if not form.is_valid():
        messages.error(
            request, f"The tier “{tier}” was not saved: check the provider and the credential name."
        )
    else:
        tier_set(team=request.team, tier=tier, **form.cleaned_data)
        messages.success(request, f"The tier “{tier}” is saved.")
    return redirect("teams:models")


def _home(provider: str) -> str:
    info = PROVIDERS.get(provider)
    return _HOMES[info.serves if info else "models"]


def _page(team: Team) -> dict[str, Any]:
    tiers = [(tier, TierForm.shown(tier)) for tier in tiers_of(team=team)]
    return {
        "shown": credentials_shown(team=team, serves="models"),
        "tiers": tiers,
    }


def _store(request: TeamRequest, form: CredentialForm, *, key: str | None) -> bool:
    data = form.cleaned_data
    try:
        credential = credential_set(
            team=request.team,
            provider=data["provider"],
            name=data["name"],
            api_key=key,
            base_url=data["base_url"],
            per_minute=data.get("per_minute"),
        )
    except TeamsError as refused:
        field = "base_url" if isinstance(refused, AddressInvalid) else "api_key"
        form.add_error(field, str(refused))
        return False
    messages.success(request, f"{credential} is stored.")
    return True


def _check(stored: Credential) -> CheckResult:
    info = PROVIDERS.get(stored.provider)
    if info is None or info.check is None:
        return CheckResult(
            ok=False, summary=f"No test is known for the provider {stored.provider!r}."
        )
    try:
        resolved = credential_resolve(team=stored.team, provider=stored.provider, name=stored.name)
    except CredentialUnreadable as lost:
        return CheckResult(ok=False, summary="The stored key cannot be read", detail=str(lost))
    if resolved is None:
        return CheckResult(ok=False, summary="The credential was deleted meanwhile.")
    return info.check(resolved)
