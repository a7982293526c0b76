"""Settings: who hears of questions, by e-mail and by webhook, and how the last messages fared."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from runs import webhook
from runs.models import Notice
from runs.notices import webhook_try
from teams.access import TeamRequest, team_required
from teams.models import Webhook
from teams.services import mail_choose, webhook_remove, webhook_set

SHOWN = 20


class WebhookForm(forms.Form):
    url = forms.CharField(
        max_length=500,
        label="Address",
        widget=forms.URLInput(
            attrs={"placeholder": "https://example.org/callsheet", "spellcheck": "false"}
        ),
        help_text="Each new question is sent there as a signed POST.",
    )

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"]).strip()
        try:
            webhook.check_url(url)
        except webhook.WebhookRefused as refused:
            raise forms.ValidationError(str(refused)) from None
        return url


@never_cache
@require_safe
@team_required("team.view")
def notifications(request: TeamRequest) -> HttpResponse:
    return _page(request)


@require_POST
@team_required("team.view")
def mail_save(request: TeamRequest) -> HttpResponse:
    wanted = request.POST.get("mail") == "on"
    mail_choose(user=request.user, wanted=wanted)
    messages.success(request, "You get mail." if wanted else "You get no mail about questions.")
    return redirect("runs:notifications")


@never_cache
@require_POST
@team_required("team.change")
def webhook_save(request: TeamRequest) -> HttpResponse:
    """Store the address; the answer to this POST is the only page that shows the secret."""
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form)
    secret = webhook_set(team=request.team, url=form.cleaned_data["url"])
    if secret is None:
        messages.success(request, "The webhook is as it was.")
        return redirect("runs:notifications")
    return _page(request, secret=secret)


@require_POST
@team_required("team.change")
def webhook_delete(request: TeamRequest) -> HttpResponse:
    webhook_remove(team=request.team)
    messages.success(request, "Nothing is sent any more.")
    return redirect("runs:notifications")


@require_POST
@team_required("team.change")
def webhook_test(request: TeamRequest) -> HttpResponse:
    """Send a signed message that says it is a test, and tell how that went."""
    ok, told = webhook_try(request.team)
    (messages.success if ok else messages.error)(request, told)
    return redirect("runs:notifications")


def _page(
    request: TeamRequest, *, form: WebhookForm | None = None, secret: str | None = None
) -> HttpResponse:
    hook = Webhook.objects.for_team(request.team).first()
    notices = Notice.objects.filter(team=request.team).select_related("question__run")
    page: dict[str, Any] = {
        "form": form or WebhookForm(initial={"url": hook.url if hook else ""}),
        "hook": hook,
        "secret": secret,
        "mail_is_sent": settings.MAIL_IS_SENT,
        "notices": notices.order_by("-created_at", "-pk")[:SHOWN],
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "runs/notifications.html", page, status=status)
