"""The files of a run as a page, and their contents: to be saved, or looked at."""

import re
from datetime import datetime
from pathlib import PurePosixPath
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from runs import files
from runs.audit import titles_of
from runs.models import Run
from runs.selectors import state_of
from teams.access import TeamRequest, get_or_404, team_required

SHA256 = re.compile(r"[0-9a-f]{64}")
GONE = "The contents of this file are not kept any more."


@require_GET
@team_required(None)
def run_files(request: TeamRequest, pk: UUID) -> HttpResponse:
    """List a run's files: what went along with handoffs, and what its sandboxes hold."""
    run = get_or_404(Run.objects.select_related("version"), request.user, pk, "runs.view")
    state = state_of(run)
    context = {
        "run": run,
        "titles": titles_of(run),
        "artifacts": [
            file | {"at": datetime.fromisoformat(file["at"])} for file in files.artifacts_of(state)
        ],
        "workspaces": files.workspaces_of(run, state),
    }
    return render(request, "runs/files.html", context)


@require_GET
@team_required(None)
def run_file(request: TeamRequest, pk: UUID, sha256: str) -> HttpResponse:
    """Return a kept file to be saved, or with `?show=1` to be looked at."""
    run = get_or_404(Run.objects.all(), request.user, pk, "runs.view")
    data = files.file_read(run, sha256) if SHA256.fullmatch(sha256) else None
    if data is None:
        raise Http404(GONE)
    if request.GET.get("show"):
        return shown(data)
    return saved(data, request.GET.get("name", ""))


def saved(data: bytes, name: str) -> HttpResponse:
    """Return a file to be saved. A browser never opens it as a page: what agents wrote must not
    script this site. Pictures keep their type, so that an <img> can draw them."""
    response = HttpResponse(data, content_type=files.image_type(data) or "application/octet-stream")
    name = re.sub(r"[\x00-\x1f\x7f]", "", PurePosixPath(name).name)[:150] or "file"
    response.headers["Content-Disposition"] = _attachment(name)
    return harmless(response)


def shown(data: bytes) -> HttpResponse:
    """Return a picture, or the beginning of a text as plain text; 415 where it is neither."""
    if kind := files.image_type(data):
        return harmless(HttpResponse(data, content_type=kind))
    told = files.text_of(data)
    if told is None:
        return harmless(
            HttpResponse(
                "This file is neither a text nor a picture.", content_type="text/plain", status=415
            )
        )
    text, whole = told
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    if not whole:
        response.headers["Callsheet-Whole-Size"] = str(len(data))
    return harmless(response)


def harmless(response: HttpResponse) -> HttpResponse:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    # It is named by its content, so it never changes; but whoever may see it may change.
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def _attachment(name: str) -> str:
    return content_disposition_header(as_attachment=True, filename=name) or "attachment"
