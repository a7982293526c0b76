"""The settings pages of MCP servers."""

from collections.abc import Iterator

import pytest
from django.test import Client

from resources.models import McpServer, McpTool
from resources.services import server_reach
from teams.models import User
from teams.services import user_create
from tests.fakes.mcp_server import McpOverHttp

NEW = "/settings/tools/servers/new/"


@pytest.fixture
def demo() -> Iterator[McpOverHttp]:
    with McpOverHttp() as server:
        yield server


@pytest.fixture
def ada(transactional_db: None) -> User:
    return user_create(email="ada@example.com", name="Ada")


@pytest.fixture
def visitor(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def add(visitor: Client, demo: McpOverHttp, **fields: str) -> str:
    """Add the demo server and return the address of its page."""
    data = {"slug": "demo", "url": demo.url, "secrets": "Authorization: Bearer s3cret", **fields}
    answer = visitor.post(NEW, data)
    assert answer.status_code == 302
    return str(answer["Location"])


def test_a_server_is_added_asked_and_its_tools_chosen(
    visitor: Client, demo: McpOverHttp, ada: User
) -> None:
    page = add(visitor, demo)
    assert demo.headers["authorization"] == "Bearer s3cret"
    shown = visitor.get(page).content.decode()
    assert "mcp.demo.add" in shown
    assert "Add two numbers." in shown
    assert "s3cret" not in shown
    tool = McpTool.objects.get()
    assert (tool.chosen, tool.approval) == (False, "always")
    visitor.post(f"{page}choose/", {"chosen": tool.pk, f"approval-{tool.pk}": "never"})
    tool.refresh_from_db()
    assert (tool.chosen, tool.approval) == (True, "never")
    visitor.post(f"{page}choose/", {"chosen": ["no", "-1", "9" * 30]})
    tool.refresh_from_db()
    assert tool.chosen is False


def test_a_change_is_shown_beside_what_was_accepted(visitor: Client, demo: McpOverHttp) -> None:
    page = add(visitor, demo)
    tool = McpTool.objects.get()
    visitor.post(f"{page}choose/", {"chosen": tool.pk})
    demo.offer("add", "<b>Now</b> something else.", lambda a, b: a)
    visitor.post(f"{page}refresh/")
    shown = visitor.get(page).content.decode()
    assert "has changed since you accepted it" in shown
    assert "&lt;b&gt;Now&lt;/b&gt; something else." in shown
    assert "tools changed" in visitor.get("/settings/tools/").content.decode().lower()
    visitor.post(f"{page}accept/", {"tool": tool.pk})
    assert "has changed since" not in visitor.get(page).content.decode()
    for wrong in ("", "x", "99999", "9" * 40):
        assert visitor.post(f"{page}accept/", {"tool": wrong}).status_code == 302


def test_a_server_that_is_not_there_is_kept_with_the_reason(
    visitor: Client, demo: McpOverHttp
) -> None:
    page = add(visitor, demo, url="http://127.0.0.1:9/mcp")
    assert "cannot be reached" in visitor.get(page).content.decode()
    visitor.post(f"{page}delete/")
    assert not McpServer.objects.exists()


def test_secrets_are_kept_given_again_or_removed(
    visitor: Client, demo: McpOverHttp, ada: User
) -> None:
    page = add(visitor, demo)
    team = str(ada.personal_team.pk)

    def secrets() -> dict[str, str]:
        reach = server_reach(team=team, slug="demo")
        assert reach is not None
        return dict(reach.secrets)

    visitor.post(f"{page}change/", {"url": demo.url, "secrets": ""})
    assert secrets() == {"Authorization": "Bearer s3cret"}
    moved = visitor.post(f"{page}change/", {"url": f"{demo.url}2", "secrets": ""})
    assert moved.status_code == 422
    assert "give the secrets again" in moved.content.decode()
    visitor.post(f"{page}change/", {"url": demo.url, "secrets": "-"})
    assert secrets() == {}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"slug": "Not A Name"}, "Small letters"),
        ({"slug": "demo"}, "There is a server of this name already"),
        ({"url": ""}, "Give the address of a server"),
        ({"command": "python3 -m x"}, "either an address or a command"),
        ({"url": "", "command": "python3 'x"}, "no command"),
        ({"url": "ftp://x.example/"}, "An address is like"),
        ({"secrets": "no colon"}, "A line needs a name"),
        ({"secrets": "Host: other"}, "belongs to the connection"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    visitor: Client, demo: McpOverHttp, fields: dict[str, str], told: str
) -> None:
    if fields.get("slug") == "demo":
        add(visitor, demo)
    answer = visitor.post(NEW, {"slug": "other", "url": demo.url, **fields})
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not McpServer.objects.filter(slug="other").exists()
