"""The inbox: what runs ask the people of a team."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from runs import approvals
from runs.api_approvals import ApprovalOut
from teams.access import TeamRequest, team_required
from teams.permissions import can


@never_cache
@require_GET
@team_required("runs.view")
def inbox(request: TeamRequest) -> HttpResponse:
    """Show the open questions of the team; the page asks for them again every few seconds."""
    shown = approvals.inbox(request.team, request.user)
    page: dict[str, Any] = {
        "approvals": [
            ApprovalOut.model_validate(item).model_dump(mode="json", by_alias=True)
            for item in shown
        ],
        "may_decide": can(request.user, "runs.decide", request.team),
        "you": request.user.email,
        "now": timezone.now().isoformat(),
        "csrf": get_token(request),
    }
    return render(request, "runs/inbox.html", {"page": page})


@never_cache
@require_GET
@team_required("runs.view")
def inbox_count(request: TeamRequest) -> JsonResponse:
    """Say how many questions are open, for the number beside the link in the header; `mark`
    changes with which they are."""
    count, mark = approvals.open_mark(request.team)
    return JsonResponse({"open": count, "mark": mark})
