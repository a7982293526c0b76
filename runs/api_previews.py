"""The REST API of previews."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Path, Router, Schema

from crews.rest.shapes import ErrorOut
from crews.rest.wire import BODY_REFUSALS, REFUSALS
from runs.models import Run
from runs.previews import links
from runs.previews.opening import preview_link, previews_of
from teams.access import Caller, get_or_404

router = Router(tags=["previews"])
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


class PreviewOut(Schema):
    """A service of a sandbox that can be looked at. `until`: when its sandbox goes, once the run
    has ended."""

    number: int
    title: str
    port: int
    agent: str
    action: UUID
    status: Literal["open", "over"]
    until: datetime | None


class PreviewsOut(Schema):
    previews: list[PreviewOut]


class LinkOut(Schema):
    """`url` lets whoever opens it into this preview, within `expires_in_s` seconds."""

    url: str
    expires_in_s: int


@router.get(
    "/runs/{uuid:run}/previews",
    response={200: PreviewsOut, **REFUSALS},
    operation_id="previews_list",
)
def previews_list(request: HttpRequest, run: UUID) -> dict[str, Any]:
    """List the services that the run's agents opened to people."""
    return {"previews": previews_of(_run(request, run))}


@router.post(
    "/runs/{uuid:run}/previews/{number}/link",
    response={200: LinkOut, **BODY_REFUSALS, 409: ErrorOut},
    operation_id="preview_link",
)
def link(request: HttpRequest, run: UUID, number: Number) -> dict[str, Any]:
    """Make a link that opens a preview in a browser; for a program with a key, one that it can
    follow itself."""
    row = _run(request, run)
    host = request.get_host().rpartition(":")[0] or request.get_host()
    try:
        url = preview_link(run=row, number=number, plain_host=host if _has_key(request) else "")
    except LookupError as error:
        raise Http404(str(error)) from None
    return {"url": url, "expires_in_s": links.LINK_S}


def _has_key(request: HttpRequest) -> bool:
    return request.headers.get("Authorization", "").lower().startswith("bearer ")


def _run(request: HttpRequest, pk: UUID) -> Run:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return get_or_404(Run.objects.all(), caller, pk, "runs.view")
