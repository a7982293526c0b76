"""Settings: one MCP server, its tools, and which of them crews may use."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from resources.errors import ServerFailed, ServerRefused
from resources.forms import ServerForm
from resources.models import McpServer, McpTool
from resources.services import (
    server_delete,
    server_refresh,
    server_save,
    tool_accept,
    tools_choose,
)
from teams.access import TeamRequest, get_or_404, team_required
from teams.errors import CredentialUnreadable


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required("credentials.change")
def server_new(request: TeamRequest) -> HttpResponse:
    form = ServerForm(request.POST or None)
    if form.is_valid() and (server := _store(request, form)):
        _refresh(request, server)
        return redirect("resources:server", pk=server.pk)
    return _form_page(request, {"form": form})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(None)
def server_change(request: TeamRequest, pk: int) -> HttpResponse:
    stored = get_or_404(McpServer.objects.all(), request.caller, pk, "credentials.change")
    request.team = stored.team
    form = ServerForm(request.POST or None, stored=stored)
    if form.is_valid() and (server := _store(request, form)):
        _refresh(request, server)
        return redirect("resources:server", pk=server.pk)
    return _form_page(request, {"form": form, "stored": stored})


@require_safe
@team_required(None)
def server(request: TeamRequest, pk: int) -> HttpResponse:
    """Show a server and its tools, each with all that models would be told of it."""
    found = get_or_404(McpServer.objects.all(), request.caller, pk, "credentials.view")
    request.team = found.team
    return render(request, "resources/server.html", {"server": found, "tools": found.tools.all()})


@require_POST
@team_required(None)
def server_ask(request: TeamRequest, pk: int) -> HttpResponse:
    """Ask the server for its tools."""
    found = get_or_404(McpServer.objects.all(), request.caller, pk, "credentials.change")
    _refresh(request, found)
    return redirect("resources:server", pk=found.pk)


@require_POST
@team_required(None)
def server_choose(request: TeamRequest, pk: int) -> HttpResponse:
    """Save which tools are chosen, and whether a person approves their calls."""
    found = get_or_404(McpServer.objects.all(), request.caller, pk, "credentials.change")
    chosen = {int(key) for key in request.POST.getlist("chosen") if _is_key(key)}
    tools_choose(
        server=found,
        approvals={key: request.POST.get(f"approval-{key}", "always") for key in chosen},
    )
    messages.success(request, f"The tools of “{found}” are saved.")
    return redirect("resources:server", pk=found.pk)


@require_POST
@team_required(None)
def server_remove(request: TeamRequest, pk: int) -> HttpResponse:
    found = get_or_404(McpServer.objects.all(), request.caller, pk, "credentials.change")
    server_delete(server=found)
    messages.success(request, f"The server “{found}” is deleted.")
    return redirect("resources:tools")


@require_POST
@team_required(None)
def server_accept(request: TeamRequest, pk: int) -> HttpResponse:
    """Accept what a server says of one of its tools now."""
    found = get_or_404(McpServer.objects.all(), request.caller, pk, "credentials.change")
    key = request.POST.get("tool", "")
    tool: McpTool | None = found.tools.filter(pk=int(key)).first() if _is_key(key) else None
    if tool is None:
        messages.error(request, "This tool is gone; ask the server again.")
    else:
        tool_accept(tool=tool)
        messages.success(request, f"“{tool.name}” is accepted as it is now.")
    return redirect("resources:server", pk=found.pk)


def _is_key(text: str) -> bool:
    return text.isdecimal() and len(text) < 19


def _form_page(request: TeamRequest, page: dict[str, Any]) -> HttpResponse:
    status = 422 if page["form"].errors else 200
    return render(request, "resources/server_form.html", page, status=status)


def _store(request: TeamRequest, form: ServerForm) -> McpServer | None:
    try:
        return server_save(team=request.team, **form.server())
    except ServerRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return None


def _refresh(request: TeamRequest, server: McpServer) -> None:
    try:
        server_refresh(server=server)
    except (ServerFailed, CredentialUnreadable) as failed:
        messages.error(request, f"The tools of “{server}” could not be listed. {failed}")
    else:
        count = server.tools.count()
        messages.success(request, f"“{server}” has {count} tool{'' if count == 1 else 's'}.")
