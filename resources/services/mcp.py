"""MCP servers: stored, asked for their tools, and which of these the team accepts."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.db import IntegrityError, transaction
from django.utils import timezone

from resources.errors import ServerFailed, ServerRefused
from resources.mcp.definitions import Definition
from resources.models import McpServer, McpTool
from sandbox.api import SandboxSpec
from sandbox.errors import SandboxError
from teams.models import Team
from teams.vault import seal, unseal

SLUG: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
# What the connection itself is made of.
_OWN_HEADERS: Final = {
    *("accept", "accept-encoding", "connection", "content-length", "content-type", "host"),
    *("mcp-protocol-version", "mcp-session-id", "transfer-encoding"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How a server is reached: at `url`, or as `command` in a sandbox of `image`. `secrets` are
    headers of the one, the environment of the other."""

    url: str
    command: Sequence[str]
    image: str
    secrets: Mapping[str, str] = field(repr=False)


def server_save(
    *,
    team: Team,
    slug: str,
    url: str = "",
    command: Sequence[str] = (),
    image: str = "",
    secrets: Mapping[str, str] | None = None,
    new: bool = False,
) -> McpServer:
    """Store or change the team's server of this name; `secrets` None keeps those that are stored.

    Raises:
        ServerRefused: with the field that is wrong. With `new` there must be none of this name.
            Where the address or the command changed, stored secrets must be given again: they were
            for the old one.
    """
    if not SLUG.fullmatch(slug):
        raise ServerRefused(
            "A name has small letters, digits, - and _, 40 at most, a letter first.", "slug"
        )
    url, command = url.strip(), [part for part in command if part]
    if bool(url) == bool(command):
        raise ServerRefused("Give either an address or a command.", "url")
    if url:
        _check_url(url)
    elif len(command) > 50 or len(json.dumps(command)) > 4_000 or "\0" in "".join(command):
        raise ServerRefused("This command is too long.", "command")
    _check_secrets(secrets or {}, headers=bool(url))
    with transaction.atomic():
        rows = McpServer.objects.select_for_update().for_team(team)
        stored: McpServer | None = rows.filter(slug=slug).first()
        moved = stored and (stored.url, list(stored.command)) != (url, list(command))
        if secrets is None and stored and stored.sealed and moved:
            raise ServerRefused(
                "It is another server now; give the secrets again, they were for the old one.",
                "secrets",
            )
        sealed = stored.sealed if stored else ""
        if secrets is not None:
            sealed = seal(json.dumps(dict(secrets))) if secrets else ""
        values = {"url": url, "command": list(command), "image": image, "sealed": sealed}
        server: McpServer
        if new:
            try:
                with transaction.atomic():
                    server = McpServer.objects.create(team=team, slug=slug, **values)
            except IntegrityError:
                raise ServerRefused("There is a server of this name already.", "slug") from None
        else:
            server, _ = McpServer.objects.update_or_create(team=team, slug=slug, defaults=values)
    return server


def server_delete(*, server: McpServer) -> None:
    """Forget a server and its tools; runs that call them get an error."""
    server.delete()


def server_reach(*, team: str, slug: str) -> Reach | None:
    """Return how a team reaches a server by its name; None where it has none.

    Raises:
        CredentialUnreadable: its secrets were stored under a key that is lost.
    """
    server: McpServer | None = McpServer.objects.filter(team_id=team, slug=slug).first()
    return reach_of(server) if server else None


def reach_of(server: McpServer) -> Reach:
    opened = unseal(server.sealed)
    return Reach(
        url=server.url,
        command=server.command,
        image=server.image or "default",
        secrets=json.loads(opened) if opened else {},
    )


def server_refresh(*, server: McpServer) -> None:
    """Ask a server for its tools. New ones are kept, not chosen; of one that differs from what was
    accepted, what it says now is kept beside that. Raises ServerFailed, which is kept as well."""
    try:
        found: dict[str, Definition] = {}
        for tool in async_to_sync(_list)(reach_of(server)):
            found.setdefault(tool.name, tool)  # of two of a name, calls mean the first
    except ServerFailed as failed:
        McpServer.objects.filter(pk=server.pk).update(failure=str(failed)[:2_000])
        raise
    with transaction.atomic():
        McpServer.objects.select_for_update().get(pk=server.pk)
        known = {tool.name: tool for tool in server.tools.all()}
        for name, tool in found.items():
            _keep(server, known.get(name), tool)
        for name in known.keys() - found.keys():
            if known[name].chosen:
                McpTool.objects.filter(pk=known[name].pk).update(gone=True, changed=None)
            else:
                known[name].delete()
        McpServer.objects.filter(pk=server.pk).update(refreshed_at=timezone.now(), failure="")


def tools_choose(*, server: McpServer, approvals: Mapping[int, str | None]) -> None:
    """Say which tools crews may use, by key: `always` or `never` a person approves each call;
    None: they may not use it. Tools with a fault stay out."""
    with transaction.atomic():
        for tool in server.tools.select_for_update():
            approval = approvals.get(tool.pk)
            tool.chosen = approval is not None and not tool.definition["fault"]
            tool.approval = "never" if approval == "never" else "always"
            tool.save(update_fields=["chosen", "approval"])


def tool_accept(*, tool: McpTool) -> None:
    """Take what the server says of a tool now as the tool that crews use."""
    with transaction.atomic():
        row = McpTool.objects.select_for_update().get(pk=tool.pk)
        if row.changed is not None:
            row.definition, row.digest, row.changed = row.changed, _digest(row), None
            row.chosen = row.chosen and not row.definition["fault"]
            row.save()


def _digest(row: McpTool) -> str:
    return Definition(name=row.name, **(row.changed or row.definition)).digest


def _keep(server: McpServer, known: McpTool | None, tool: Definition) -> None:
    said = tool.stored()
    if known is None or not known.chosen:
        values = {"definition": said, "digest": tool.digest, "changed": None, "gone": False}
        McpTool.objects.update_or_create(server=server, name=tool.name, defaults=values)
    else:
        known.changed = None if tool.digest == known.digest else said
        known.gone = False
        known.save(update_fields=["changed", "gone"])


async def _list(reach: Reach) -> list[Definition]:
    from resources.mcp.client import tools_list  # imports the SDK
    from resources.mcp.transports import in_sandbox, over_http
    from sandbox.docker_driver import DockerDriver

    if reach.url:
        return await tools_list(over_http(reach.url, reach.secrets))
    driver = DockerDriver()
    try:
        sandbox = await driver.create(SandboxSpec(image=reach.image, ttl_s=120))
        try:
            return await tools_list(in_sandbox(sandbox, reach.command, reach.secrets))
        finally:
            await sandbox.kill()
    except SandboxError as error:
        raise ServerFailed(f"The server could not be started in a sandbox. {error}") from None
    finally:
        await driver.close()


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    plain = usable and not (parts.username or parts.password or parts.fragment)
    if not plain or len(url) > 500 or not url.isprintable() or any(map(str.isspace, url)):
        raise ServerRefused(
            "An address is like https://mcp.example.com/mcp, without a name or password.", "url"
        )


def _check_secrets(secrets: Mapping[str, str], *, headers: bool) -> None:
    for name, value in secrets.items():
        if not (_HEADER if headers else _VARIABLE).fullmatch(name):
            what = "header" if headers else "variable"
            raise ServerRefused(f"'{name[:40]}' is no name of a {what}.", "secrets")
        if headers and name.lower() in _OWN_HEADERS:
            raise ServerRefused(f"The header '{name}' belongs to the connection.", "secrets")
        if len(value) > 8_000 or not (value.isascii() if headers else True) or "\0" in value:
            raise ServerRefused(f"The value of '{name}' cannot be sent.", "secrets")
        if any(ord(char) < 32 for char in value):
            raise ServerRefused(f"The value of '{name}' has control characters.", "secrets")
