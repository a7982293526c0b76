"""The REST API of crews, templates and the catalog; see docs/crew-document.md."""

from typing import Annotated, Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Query, Router, Status
from pydantic import Field

from crews import services
from crews.advice import crew_advice
from crews.catalog import catalog_current
from crews.models import Crew, Template
from crews.parse import DocumentRefused, Format, document_dump, document_load
from crews.problems import errors
from crews.rest import shapes
from crews.rest.wire import BODY_REFUSALS, JSON_TYPES, REFUSALS, YAML_TYPES, document_body
from crews.selectors import (
    crew_document,
    crews_live,
    crews_of_team,
    document_check,
    document_problems,
    templates_for,
)
from teams.access import Caller, get_or_404, require

router = Router(tags=["crews"])
Limit = Annotated[int, Query(default=50, ge=1, le=200)]
Offset = Annotated[int, Query(default=0, ge=0, le=10**6)]
Search = Annotated[str, Query(default="", max_length=100)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
_TEXT = {"schema": {"type": "string"}}
_FILE = {"type": "object", "required": ["file"], "properties": {"file": {"format": "binary"}}}
DOCUMENT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": dict.fromkeys(sorted(YAML_TYPES), _TEXT)
        | {kind: {"schema": {"type": "object"}} for kind in JSON_TYPES}
        | {"multipart/form-data": {"schema": _FILE}},
    }
}


def _caller(request: HttpRequest) -> Caller:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller


def _crew(request: HttpRequest, key: str, permission: str = "crews.view") -> Crew:
    """Find a crew by its id, or by its slug in the caller's team."""
    caller = _caller(request)
    crews = crews_live()
    try:
        UUID(key)
    except ValueError:
        found = crews.filter(team=caller.team, slug=key.replace("\x00", "")).first()
        if found is None:
            raise Http404 from None
        key = str(found.pk)
    return get_or_404(crews, caller, key, permission)


@router.get("/crews", response={200: shapes.CrewList, **REFUSALS, 422: shapes.ErrorOut})
def crews_list(
    request: HttpRequest, search: Search = "", limit: Limit = 50, offset: Offset = 0
) -> Any:
    """List the team's crews, the most recently saved first."""
    caller = _caller(request)
    require(caller.user, "crews.view", caller.team)
    crews = crews_of_team(caller.team, search)
    items = [shapes.CrewItem.of(crew) for crew in crews[offset : offset + limit]]
    return shapes.CrewList(items=items, total=crews.count())


@router.post("/crews", response={201: shapes.CrewOut, **BODY_REFUSALS})
def crews_create(request: HttpRequest, body: shapes.CrewIn) -> Any:
    """Create a crew from a document, which may be unfinished, or an empty one."""
    caller = _caller(request)
    require(caller.user, "crews.change", caller.team)
    crew = services.crew_create(team=caller.team, user=caller.user, document=body.document)
    return Status(201, shapes.CrewOut.whole(crew, caller))


@router.post(
    "/crews/import",
    response={201: shapes.CrewOut, **BODY_REFUSALS},
    openapi_extra=DOCUMENT_BODY,
)
def crews_import(request: HttpRequest) -> Any:
    """Create a crew from the text of a document of the right shape."""
    caller = _caller(request)
    require(caller.user, "crews.change", caller.team)
    data, format = document_body(request)
    crew = services.crew_import(team=caller.team, user=caller.user, data=data, format=format)
    return Status(201, shapes.CrewOut.whole(crew, caller))


@router.post(
    "/crews/validate",
    response={200: shapes.CheckedOut, **BODY_REFUSALS},
    openapi_extra=DOCUMENT_BODY,
)
def crews_validate(request: HttpRequest) -> Any:
    """Check the text of a document, its shape, and that this installation can run it."""
    try:
        document = document_load(*document_body(request))
    except DocumentRefused as error:
        problems = shapes.ProblemOut.of(error.problems)
        return shapes.CheckedOut(valid=False, document=None, problems=problems)
    spec, found = document_check(document, _caller(request).team)
    advice = crew_advice(spec) if spec else []
    return shapes.CheckedOut(
        valid=not errors(found),
        document=document,
        canonical=spec.document() if spec else None,
        problems=shapes.ProblemOut.of(found),
        advice=shapes.ProblemOut.of(advice),
    )


@router.get("/crews/{crew_id}", response={200: shapes.CrewOut, **REFUSALS})
def crew_read(request: HttpRequest, crew_id: str) -> Any:
    """Read a crew's draft, with what is wrong with it."""
    return shapes.CrewOut.whole(_crew(request, crew_id), _caller(request))


@router.put(
    "/crews/{crew_id}",
    response={200: shapes.SavedOut, 409: shapes.StaleOut, **BODY_REFUSALS},
)
def crew_save(request: HttpRequest, crew_id: str, body: shapes.DraftIn) -> Any:
    """Save a draft over the revision it was made from; it may be unfinished."""
    crew = _crew(request, crew_id, "crews.change")
    saved = services.crew_draft_save(
        crew=crew, document=body.document, revision=body.revision, user=_caller(request).user
    )
    problems = document_problems(crew_document(saved), saved.team)
    return shapes.SavedOut(revision=saved.revision, problems=shapes.ProblemOut.of(problems))


@router.delete("/crews/{crew_id}", response={204: None, **REFUSALS})
def crew_remove(request: HttpRequest, crew_id: str) -> Any:
    """Delete a crew; its published versions and their runs stay readable."""
    services.crew_delete(crew=_crew(request, crew_id, "crews.delete"))
    return Status(204, None)


@router.post("/crews/{crew_id}/duplicate", response={201: shapes.CrewOut, **REFUSALS})
def crew_copy(request: HttpRequest, crew_id: str) -> Any:
    """Copy a crew's draft within its team."""
    caller = _caller(request)
    crew = services.crew_duplicate(crew=_crew(request, crew_id, "crews.change"), user=caller.user)
    return Status(201, shapes.CrewOut.whole(crew, caller))


@router.get("/crews/{crew_id}/export", response={200: None, **REFUSALS, 422: shapes.ErrorOut})
def crew_export(request: HttpRequest, crew_id: str, format: Format = "yaml") -> HttpResponse:
    """Download the draft as it was saved."""
    crew = _crew(request, crew_id)
    text = document_dump(crew_document(crew), format)
    response = HttpResponse(text, content_type=f"application/{format}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{crew.slug}.{format}"'
    return response


@router.post(
    "/crews/{crew_id}/publish",
    response={200: shapes.PublishedOut, 409: shapes.StaleOut, **BODY_REFUSALS},
)
def crew_publish(request: HttpRequest, crew_id: str, body: shapes.PublishIn) -> Any:
    """Make the draft an immutable version; an unchanged one gives the version there is."""
    version = services.crew_publish(
        crew=_crew(request, crew_id, "crews.change"),
        user=_caller(request).user,
        revision=body.revision,
    )
    return shapes.PublishedOut(number=version.number, hash=version.content_hash)


@router.get("/crews/{crew_id}/versions", response={200: list[shapes.VersionItem], **REFUSALS})
def versions_list(request: HttpRequest, crew_id: str) -> Any:
    """List the published versions, the newest first."""
    versions = _crew(request, crew_id).versions.select_related("created_by")
    return [shapes.VersionItem.of(version) for version in versions]


@router.get(
    "/crews/{crew_id}/versions/{number}",
    response={200: shapes.VersionOut, **REFUSALS, 422: shapes.ErrorOut},
)
def version_read(request: HttpRequest, crew_id: str, number: Number) -> Any:
    """Read a published version."""
    version = _crew(request, crew_id).versions.filter(number=number).first()
    if version is None:
        raise Http404
    return shapes.VersionOut.of(version, document=version.document)


@router.get(
    "/templates",
    response={200: list[shapes.TemplateOut], 401: shapes.ErrorOut, 403: shapes.ErrorOut},
    tags=["templates"],
)
def templates_list(request: HttpRequest) -> Any:
    """List the crews to start from."""
    caller = _caller(request)
    require(caller.user, "crews.view", caller.team)
    return [shapes.TemplateOut.of(item) for item in templates_for(caller.team)]


@router.post(
    "/templates/{slug}/use", response={201: shapes.CrewOut, **REFUSALS}, tags=["templates"]
)
def template_use(request: HttpRequest, slug: str) -> Any:
    """Create a crew from a template, with the rehearsal that plays it."""
    caller = _caller(request)
    require(caller.user, "crews.change", caller.team)
    found = templates_for(caller.team).filter(slug=slug.replace("\x00", ""))
    template: Template | None = found.order_by("team").last()
    if template is None:
        raise Http404
    crew = services.crew_from_template(template=template, team=caller.team, user=caller.user)
    return Status(201, shapes.CrewOut.whole(crew, caller))


@router.get("/catalog", response={200: shapes.CatalogOut, 401: shapes.ErrorOut}, tags=["catalog"])
def catalog_read(request: HttpRequest) -> Any:
    """Read what this installation offers: patterns, tools, providers, kinds of roles."""
    return shapes.CatalogOut.of(catalog_current(_caller(request).team))
