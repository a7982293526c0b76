"""The REST API of a run's files."""

from typing import Annotated, Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import Field

from crews.rest.wire import BODY_REFUSALS, REFUSALS
from runs import files
from runs.file_views import GONE, saved
from runs.models import Run
from runs.selectors import state_of
from teams.access import Caller, get_or_404

router = Router(tags=["runs"])
_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
DOWNLOADED = {"responses": {200: {"description": "The file", "content": _BYTES}}}
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


class FileOut(Schema):
    """A file; its content is at `/runs/{id}/artifacts/{sha256}`."""

    path: str
    size: int
    sha256: str


class ArtifactOut(FileOut):
    """A file that went along with a handoff (`action`) to lie at `placed` in the receiver's
    workspace."""

    action: UUID
    from_: str = Field(alias="from")
    to: str
    at: str | None
    placed: str


class WorkspaceOut(Schema):
    """A sandbox's files as they were kept last (`version` counts the times); `not_kept` has the
    path and the reason of what was left out."""

    name: str
    roles: list[str]
    version: int
    at: str
    files: list[FileOut]
    not_kept: list[list[str]]


class ArtifactsOut(Schema):
    artifacts: list[ArtifactOut]
    workspaces: list[WorkspaceOut]


@router.get(
    "/runs/{uuid:run}/artifacts",
    response={200: ArtifactsOut, **REFUSALS},
    by_alias=True,
    operation_id="run_artifacts",
)
def run_artifacts(request: HttpRequest, run: UUID) -> dict[str, Any]:
    """List the files that went along with handoffs, and what the sandboxes hold."""
    row = _run(request, run)
    state = state_of(row)
    return {
        "artifacts": files.artifacts_of(state),
        "workspaces": files.workspaces_of(row, state),
    }


@router.get(
    "/runs/{uuid:run}/artifacts/{sha256}",
    response=BODY_REFUSALS,
    operation_id="run_artifact",
    openapi_extra=DOWNLOADED,
)
def run_artifact(
    request: HttpRequest,
    run: UUID,
    sha256: Sha256,
    name: Annotated[str, Query(max_length=1000)] = "",
) -> HttpResponse:
    """Download a kept file by its hash, to be saved under `name`."""
    data = files.file_read(_run(request, run), sha256)
    if data is None:
        raise Http404(GONE)
    return saved(data, name)


def _run(request: HttpRequest, pk: UUID) -> Run:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return get_or_404(Run.objects.all(), caller, pk, "runs.view")
