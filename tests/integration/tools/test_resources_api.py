"""Documents and MCP servers over REST."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from resources.models import McpServer
from resources.passages import MAX_BYTES
from resources.services import server_reach
from teams.models import Team
from teams.services import api_key_create, team_create, user_create
from tests.fakes.mcp_server import McpOverHttp

Json = Any
DOCUMENTS, SERVERS = "/api/v1/documents", "/api/v1/mcp-servers"


@pytest.fixture
def team(transactional_db: None) -> Team:
    return team_create(name="Studio", owner=user_create(email="ada@example.com", name="Ada"))


@pytest.fixture
def program(team: Team) -> Client:
    """A program with a key of the team."""
    user = team.memberships.get().user
    key = api_key_create(team=team, user=user, name="test")
    return Client(headers={"Authorization": f"Bearer {key}"})


def upload(program: Client, name: str, data: bytes, **fields: str) -> Any:
    return program.post(DOCUMENTS, {"file": SimpleUploadedFile(name, data), **fields})


def send(program: Client, path: str, body: Json, method: str = "POST") -> Any:
    return program.generic(method, path, json.dumps(body), content_type="application/json")


def test_documents_are_uploaded_listed_and_deleted(program: Client) -> None:
    made = upload(program, "handbook.md", b"# Holidays\nThirty days.", collection="staff")
    assert made.status_code == 201, made.content
    assert (made.json()["collection"], made.json()["passages"]) == ("staff", 1)
    upload(program, "prices.csv", b"item,price\nlamp,12")
    listed = program.get(DOCUMENTS).json()
    assert [item["name"] for item in listed["items"]] == ["prices.csv", "handbook.md"]
    assert program.get(f"{DOCUMENTS}?collection=staff").json()["total"] == 1
    one = f"{DOCUMENTS}/{made.json()['id']}"
    assert program.get(one).json() == made.json()
    assert program.delete(one).status_code == 204
    assert program.get(one).status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "collection", "said"),
    [
        ("paper.pdf", b"%PDF-1.7", "general", "pdf"),
        ("noise.txt", bytes(range(256)) * 8, "general", "no text file"),
        ("large.txt", b"x" * (MAX_BYTES + 1), "general", "MiB"),
        ("a.txt", b"text", "No Such", "collection"),
    ],
)
def test_what_cannot_be_read_is_refused(
    program: Client, name: str, data: bytes, collection: str, said: str
) -> None:
    refused = upload(program, name, data, collection=collection)
    assert refused.status_code == 422
    assert said in refused.json()["error"]["message"]


def test_an_upload_is_a_form_with_a_file(program: Client) -> None:
    assert program.post(DOCUMENTS, {"file": "no file"}).status_code == 422
    assert send(program, DOCUMENTS, {}).status_code == 415


def test_a_server_is_added_chosen_from_asked_again_and_deleted(program: Client, team: Team) -> None:
    with McpOverHttp() as demo:
        body = {"name": "demo", "url": demo.url, "secrets": {"Authorization": "Bearer s3cret"}}
        made = send(program, SERVERS, body)
        assert made.status_code == 201, made.content
        assert "s3cret" not in made.content.decode()
        assert demo.headers["authorization"] == "Bearer s3cret"
        add = next(tool for tool in made.json()["tools"] if tool["name"] == "add")
        assert (add["full_name"], add["chosen"]) == ("mcp.demo.add", False)
        one = f"{SERVERS}/{made.json()['id']}"
        chosen = send(program, f"{one}/tools", {"tools": {"add": "never"}}, "PUT").json()["tools"]
        assert {t["name"]: t["approval"] for t in chosen if t["chosen"]} == {"add": "never"}
        unknown = send(program, f"{one}/tools", {"tools": {"nothing": "never"}}, "PUT")
        assert (unknown.status_code, unknown.json()["error"]["problems"][0]["path"]) == (
            422,
            "tools",
        )
        assert send(program, f"{one}/refresh", {}).json()["failure"] == ""
        assert send(program, SERVERS, body).json()["error"]["problems"][0]["path"] == "name"
    assert send(program, f"{one}/refresh", {}).json()["failure"]
    assert [item["name"] for item in program.get(SERVERS).json()["items"]] == ["demo"]
    assert program.delete(one).status_code == 204
    assert not McpServer.objects.exists()
    assert server_reach(team=str(team.pk), slug="demo") is None


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"name": "Two Words", "url": "http://127.0.0.1:9/"}, "name"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({}, "url"),
        ({"url": "http://127.0.0.1:9/", "secrets": {"Host": "x"}}, "secrets"),
        ({"url": "http://169.254.169.254/mcp", "secrets": {"A\nB": "x"}}, "secrets"),
        ({"command": ["x" * 5_000]}, "command"),
    ],
)
def test_a_server_that_is_none_is_refused_at_its_field(
    program: Client, fields: Json, place: str
) -> None:
    refused = send(program, SERVERS, {"name": "demo", **fields})
    assert refused.status_code == 422
    assert refused.json()["error"]["problems"][0]["path"] == place
    assert not McpServer.objects.exists()


def test_a_metadata_service_is_never_asked(program: Client) -> None:
    made = send(program, SERVERS, {"name": "cloud", "url": "http://169.254.169.254/mcp"}).json()
    assert "169.254.169.254" in made["failure"]
    assert made["tools"] == []
