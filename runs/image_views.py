"""Settings: what sandboxes are made from."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from runs.errors import BadRequest
from runs.images import image_allow, image_remove, images_of
from runs.models import TeamImage
from runs.preflight import sandbox_status
from sandbox.hardening import FLAVOURS
from teams.access import TeamRequest, get_or_404, team_required


@require_safe
@team_required("credentials.view")
def sandboxes(request: TeamRequest) -> HttpResponse:
    return _page(request)


@require_POST
@team_required("team.change")
def image_add(request: TeamRequest) -> HttpResponse:
    """Check an image and put it on the team's list; what is wrong is told beside its name."""
    name = request.POST.get("name", "").replace("\0", "").strip()
    try:
        image = image_allow(team=request.team, user=request.user, name=name)
    except BadRequest as refused:
        return _page(request, name=name[:200], error=str(refused).removeprefix("image: "))
    messages.success(request, f"Roles may now use {image.name} (Python {image.python}).")
    return redirect("runs:sandboxes")


@require_POST
@team_required(None)
def image_delete(request: TeamRequest, pk: int) -> HttpResponse:
    image = get_or_404(TeamImage.objects.all(), request.user, pk, "team.change")
    image_remove(image=image)
    messages.success(request, f"{image.name} is off the list.")
    return redirect("runs:sandboxes")


def _page(request: TeamRequest, *, name: str = "", error: str = "") -> HttpResponse:
    status = sandbox_status()
    runtime = settings.SANDBOX_RUNTIME
    context = {
        "status": status,
        "runtime": runtime or "Docker’s own",
        "runtime_missing": runtime and status.available and runtime not in status.runtimes,
        "ours": [{"name": one, "digest": status.images.get(one, "")} for one in FLAVOURS],
        "images": images_of(request.team),
        "name": name,
        "error": error,
    }
    return render(request, "runs/sandboxes.html", context, status=422 if error else 200)
