"""The REST API of documents and MCP servers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Query, Router, Schema, Status
from pydantic import Field

from crews.problems import problem
from crews.rest.shapes import StrictIn
from crews.rest.wire import BODY_REFUSALS, REFUSALS, UnsupportedType, error_body
from resources.errors import DocumentRefused, ResourceError, ServerFailed, ServerRefused
from resources.models import Document, McpServer
from resources.passages import MAX_BYTES
from resources.selectors import documents_of
from resources.services import (
    document_add,
    document_delete,
    server_delete,
    server_refresh,
    server_save,
    tools_choose,
)
from teams.access import Caller, get_or_404, require
from teams.errors import CredentialUnreadable

router = Router(tags=["resources"])
Limit = Annotated[int, Query(default=50, ge=1, le=200)]
Offset = Annotated[int, Query(default=0, ge=0, le=10**6)]
Collection = Annotated[str, Query(default="", max_length=40)]
FORM = "multipart/form-data"
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "collection": {"type": "string", "default": "general"},
                    },
                }
            }
        },
    }
}


class DocumentOut(Schema):
    id: UUID
    collection: str
    name: str
    kind: str
    size: int
    sha256: str
    passages: int = Field(alias="passage_count")
    created_at: datetime


class DocumentList(Schema):
    items: list[DocumentOut]
    total: int


class ServerToolOut(Schema):
    """A tool of a server. `chosen`: crews may list it, as `full_name`. `changed`: the server says
    something else of it now than what was accepted; `gone`: it says nothing of it any more."""

    name: str
    full_name: str
    definition: dict[str, Any]
    chosen: bool
    approval: Literal["always", "never"]
    changed: bool
    gone: bool


class ServerOut(Schema):
    """An MCP server; its secrets are never told. `failure`: why it could not be asked for its
    tools the last time, or empty."""

    id: int
    name: str = Field(alias="slug")
    url: str
    command: list[str]
    image: str
    refreshed_at: datetime | None
    failure: str
    tools: list[ServerToolOut]

    @staticmethod
    def resolve_tools(server: McpServer) -> list[ServerToolOut]:
        return [
            ServerToolOut(
                name=tool.name,
                full_name=tool.full_name,
                definition=tool.definition,
                chosen=tool.chosen,
                approval="never" if tool.approval == "never" else "always",
                changed=tool.changed is not None,
                gone=tool.gone,
            )
            for tool in server.tools.all()
        ]


class ServerList(Schema):
    items: list[ServerOut]


class ServerIn(StrictIn):
    """A server at `url`, or started as `command` in a sandbox of `image`. `secrets`: the headers
    that go to the one, the environment of the other."""

    name: str = Field(max_length=40)
    url: str = Field(default="", max_length=500)
    command: list[str] = Field(default=[], max_length=50)
    image: str = Field(default="", max_length=200)
    secrets: dict[str, str] = {}


class ChoiceIn(StrictIn):
    """The tools that crews may use, by name, and whether a person approves each call. Those left
    out may not be used."""

    tools: dict[str, Literal["always", "never"]] = Field(max_length=1000)


def _caller(request: HttpRequest, permission: str) -> Caller:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    require(caller.user, permission, caller.team)
    return caller


@router.get(
    "/documents",
    response={200: DocumentList, **BODY_REFUSALS},
    by_alias=False,
    operation_id="documents_list",
)
def documents_list(
    request: HttpRequest, collection: Collection = "", limit: Limit = 50, offset: Offset = 0
) -> Any:
    """List what the team has uploaded for its crews to search, by collection and name."""
    rows = documents_of(_caller(request, "crews.view").team)
    if collection:
        rows = rows.filter(collection=collection.replace("\0", ""))
    return {"items": list(rows[offset : offset + limit]), "total": rows.count()}


@router.post(
    "/documents",
    response={201: DocumentOut, **BODY_REFUSALS},
    by_alias=False,
    openapi_extra=UPLOAD,
    operation_id="document_add",
)
def document_upload(request: HttpRequest) -> Any:
    """Take a file in: text, Markdown, CSV, JSON or HTML. One of the same name in the same
    collection is replaced."""
    caller = _caller(request, "crews.change")
    if request.content_type != FORM:
        raise UnsupportedType(request.content_type or "", frozenset({FORM}))
    file = request.FILES.get("file")
    if file is None:
        raise DocumentRefused("Send the document as the file 'file' of the form.")
    made = document_add(
        team=caller.team,
        user=caller.user,
        name=file.name or "",
        data=file.read(MAX_BYTES + 1),  # one more is refused as too large
        collection=request.POST.get("collection", "general"),
    )
    return Status(201, documents_of(caller.team).get(pk=made.pk))


@router.get(
    "/documents/{uuid:document}",
    response={200: DocumentOut, **REFUSALS},
    by_alias=False,
    operation_id="document_read",
)
def document_read(request: HttpRequest, document: UUID) -> Any:
    found = _document(request, document, "crews.view")
    return documents_of(found.team).get(pk=found.pk)


@router.delete(
    "/documents/{uuid:document}", response={204: None, **REFUSALS}, operation_id="document_delete"
)
def document_remove(request: HttpRequest, document: UUID) -> Any:
    """Delete a document. What runs have cited of it stays in their journals."""
    document_delete(document=_document(request, document, "crews.change"))
    return Status(204, None)


@router.get(
    "/mcp-servers",
    response={200: ServerList, **REFUSALS},
    by_alias=False,
    operation_id="servers_list",
)
def servers_list(request: HttpRequest) -> Any:
    """List the team's MCP servers with their tools."""
    team = _caller(request, "credentials.view").team
    rows = McpServer.objects.for_team(team).prefetch_related("tools").order_by("slug")
    return {"items": list(rows)}


@router.post(
    "/mcp-servers",
    response={201: ServerOut, **BODY_REFUSALS},
    by_alias=False,
    operation_id="server_add",
)
def server_add(request: HttpRequest, body: ServerIn) -> Any:
    """Add a server and ask it for its tools, of which none is chosen yet. Where it does not
    answer it is added all the same, and `failure` says why."""
    team = _caller(request, "credentials.change").team
    server = server_save(
        team=team,
        slug=body.name,
        url=body.url,
        command=body.command,
        image=body.image,
        secrets=body.secrets,
        new=True,
    )
    return Status(201, _asked(server))


@router.get(
    "/mcp-servers/{int:server}",
    response={200: ServerOut, **REFUSALS},
    by_alias=False,
    operation_id="server_read",
)
def server_read(request: HttpRequest, server: int) -> Any:
    return _server(request, server, "credentials.view")


@router.delete(
    "/mcp-servers/{int:server}", response={204: None, **REFUSALS}, operation_id="server_delete"
)
def server_remove(request: HttpRequest, server: int) -> Any:
    """Forget a server; runs that call its tools get an error."""
    server_delete(server=_server(request, server, "credentials.change"))
    return Status(204, None)


@router.post(
    "/mcp-servers/{int:server}/refresh",
    response={200: ServerOut, **REFUSALS},
    by_alias=False,
    operation_id="server_refresh",
)
def server_ask(request: HttpRequest, server: int) -> Any:
    """Ask a server for its tools again. Of a chosen one that differs, what was accepted stays
    until an owner accepts the change on its page."""
    return _asked(_server(request, server, "credentials.change"))


@router.put(
    "/mcp-servers/{int:server}/tools",
    response={200: ServerOut, **BODY_REFUSALS},
    by_alias=False,
    operation_id="server_choose",
)
def server_choose(request: HttpRequest, server: int, body: ChoiceIn) -> Any:
    """Say which tools of a server crews may use."""
    found = _server(request, server, "credentials.change")
    known = {tool.name: tool.pk for tool in found.tools.all()}
    if unknown := next((name for name in body.tools if name not in known), None):
        raise ServerRefused(f"The server has no tool '{unknown[:100]}'.", "tools")
    tools_choose(server=found, approvals={known[n]: how for n, how in body.tools.items()})
    return _server(request, server, "credentials.view")


def _document(request: HttpRequest, pk: UUID, permission: str) -> Document:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return get_or_404(Document.objects.all(), caller, pk, permission)


def _server(request: HttpRequest, pk: int, permission: str) -> McpServer:
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return get_or_404(McpServer.objects.prefetch_related("tools"), caller, pk, permission)


def _asked(server: McpServer) -> McpServer:
    try:
        server_refresh(server=server)
    except ServerFailed:
        pass  # The server keeps why.
    except CredentialUnreadable as unreadable:
        raise ServerRefused(str(unreadable), "secrets") from None
    return McpServer.objects.prefetch_related("tools").get(pk=server.pk)


def resources_handlers_add(api: NinjaAPI) -> None:
    """Let an API tell what is refused about documents and servers."""

    def handle(request: HttpRequest, error: Any) -> HttpResponse:
        field = getattr(error, "field", "")
        body = error_body(str(error), [problem("name" if field == "slug" else field, str(error))])
        response: HttpResponse = api.create_response(request, body.model_dump(), status=422)
        return response

    api.add_exception_handler(ResourceError, handle)
