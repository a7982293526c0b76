"""The REST API of crews, as a program uses it."""

import json
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crews.spec import CrewSpec
from crews.yaml_text import yaml_dump, yaml_load
from teams.models import Team, User
from teams.services import team_create, team_create_personal, user_create
from tests.integration.crews.conftest import client_for
from tests.unit.crews.examples import desk

CREWS = "/api/v1/crews"


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


def made(client: Client, document: dict[str, Any] | None = None) -> dict[str, Any]:
    response = post(client, CREWS, {"document": document or desk()})
    assert response.status_code == 201, response.content
    crew: dict[str, Any] = response.json()
    return crew


def test_a_crew_goes_in_and_comes_out_as_it_was(api: Client) -> None:
    crew = made(api)
    assert crew["document"] == desk()
    assert crew["problems"] == []
    assert (crew["slug"], crew["revision"], crew["published"]) == ("research-desk", 1, None)
    assert crew["permissions"] == {"change": True, "run": True}
    assert api.get(f"{CREWS}/{crew['id']}").json() == crew
    assert api.get(f"{CREWS}/research-desk").json() == crew
    listed = api.get(CREWS, {"search": "desk"}).json()
    assert [item["id"] for item in listed["items"]] == [crew["id"]]
    assert listed["total"] == 1
    assert api.get(CREWS, {"search": "elsewhere"}).json()["total"] == 0


def test_import_takes_yaml_json_and_a_file(api: Client) -> None:
    text = yaml_dump(desk())
    for body, kind in (
        (text, "application/yaml"),
        (text, "text/yaml"),
        (desk(), "application/json"),
    ):
        response = api.post(f"{CREWS}/import", body, content_type=kind)
        assert response.status_code == 201, response.content
        assert response.json()["document"] == desk()
    file = SimpleUploadedFile("crew.yaml", text.encode())
    assert api.post(f"{CREWS}/import", {"file": file}).status_code == 201
    slugs = [item["slug"] for item in api.get(CREWS).json()["items"]]
    assert sorted(slugs) == ["research-desk", *(f"research-desk-{n}" for n in (2, 3, 4))]


def test_export_is_the_document_again(api: Client) -> None:
    made(api)
    exported = api.get(f"{CREWS}/research-desk/export")
    assert exported["Content-Type"] == "application/yaml; charset=utf-8"
    assert exported["Content-Disposition"] == 'attachment; filename="research-desk.yaml"'
    assert yaml_load(exported.content.decode()) == desk()
    as_json = api.get(f"{CREWS}/research-desk/export", {"format": "json"})
    assert json.loads(as_json.content) == desk()
    assert list(json.loads(as_json.content)) == list(desk())
    assert api.get(f"{CREWS}/research-desk/export", {"format": "toml"}).status_code == 422


def test_an_unfinished_draft_is_kept_with_its_problems(api: Client) -> None:
    crew = made(api)
    draft = {"callsheet": 1, "name": "", "roles": {"a": {"sea": 1}}, "handoffs": [{"from": "b"}]}
    saved = api.put(
        f"{CREWS}/{crew['id']}", {"revision": 1, "document": draft}, content_type="application/json"
    )
    assert saved.status_code == 200
    assert saved.json()["revision"] == 2
    unknown = next(item for item in saved.json()["problems"] if item["path"] == "roles.a.sea")
    assert unknown["role"] == "a"
    assert "seat" in unknown["allowed"]
    again = api.get(f"{CREWS}/{crew['id']}").json()
    assert again["document"] == draft
    refused = post(api, f"{CREWS}/{crew['id']}/publish", {"revision": 2})
    assert refused.status_code == 422
    assert refused.json()["error"]["problems"]


def test_a_stale_save_is_refused_and_shows_theirs(
    api: Client, team: Team, member: Callable[[str], User]
) -> None:
    crew = made(api)
    path = f"{CREWS}/{crew['id']}"
    theirs = client_for(member("editor"), team)
    body = {"revision": 1, "document": desk(description="theirs")}
    assert theirs.put(path, body, content_type="application/json").status_code == 200
    mine = {"revision": 1, "document": desk(description="mine")}
    stale = api.put(path, mine, content_type="application/json")
    assert stale.status_code == 409
    assert stale.json()["current"]["document"] == desk(description="theirs")
    assert stale.json()["current"]["revision"] == 2
    assert stale.json()["current"]["saved_by"] == "Editor"
    assert api.get(path).json()["document"] == desk(description="theirs")


def test_publish_pins_a_version(api: Client) -> None:
    crew = made(api)
    path = f"{CREWS}/{crew['id']}"
    first = post(api, f"{path}/publish", {"revision": 1}).json()
    assert first["number"] == 1
    assert post(api, f"{path}/publish", {"revision": 1}).json() == first
    published = api.get(path).json()
    assert (published["published"], published["unchanged"]) == (first, True)
    body = {"revision": 1, "document": desk(description="new")}
    api.put(path, body, content_type="application/json")
    assert not api.get(path).json()["unchanged"]
    assert post(api, f"{path}/publish", {"revision": 1}).status_code == 409
    second = post(api, f"{path}/publish", {"revision": 2}).json()
    assert second["number"] == 2
    assert second["hash"] != first["hash"]
    versions = api.get(f"{path}/versions").json()
    assert [item["number"] for item in versions] == [2, 1]
    assert versions[0]["created_by"] == "Ada"
    assert api.get(f"{path}/versions/1").json()["document"]["description"] == desk()["description"]
    assert api.get(f"{path}/versions/3").status_code == 404


def test_validate_tells_and_stores_nothing(api: Client) -> None:
    good = api.post(f"{CREWS}/validate", yaml_dump(desk()), content_type="application/yaml").json()
    canonical = CrewSpec.model_validate(desk()).document()
    known = {"valid": True, "document": desk(), "canonical": canonical}
    assert good == known | {"problems": [], "advice": []}
    bad = desk(pattern={"name": "hierarchy"})
    told = api.post(f"{CREWS}/validate", bad, content_type="application/json").json()
    assert not told["valid"]
    assert told["problems"][0]["path"] == "pattern.name"
    assert "hierarchical" in told["problems"][0]["allowed"]
    broken = api.post(f"{CREWS}/validate", "a: [", content_type="application/yaml").json()
    assert (broken["valid"], broken["document"]) == (False, None)
    assert api.get(CREWS).json()["total"] == 0


def test_duplicate_and_delete(api: Client) -> None:
    crew = made(api)
    copy = api.post(f"{CREWS}/{crew['id']}/duplicate").json()
    assert copy["document"] == desk(name="Research desk (copy)")
    assert api.delete(f"{CREWS}/{copy['id']}").status_code == 204
    assert api.get(f"{CREWS}/{copy['id']}").status_code == 404
    post(api, f"{CREWS}/{crew['id']}/publish", {"revision": 1})
    assert api.delete(f"{CREWS}/{crew['id']}").status_code == 204
    assert api.get(CREWS).json()["total"] == 0
    assert made(api)["slug"] == "research-desk"


def test_refusals_have_one_shape(api: Client, owner: User) -> None:
    crew = made(api)
    path = f"{CREWS}/{crew['id']}"
    cases = [
        (401, Client().get(CREWS)),
        (401, Client().post(f"{CREWS}/import", "a: 1", content_type="application/yaml")),
        (404, api.get(f"{CREWS}/nothing-here")),
        (404, api.get(f"{CREWS}/00000000-0000-0000-0000-000000000000")),
        (404, api.get(f"{CREWS}/a%00b")),
        (405, api.patch(path)),
        (413, api.post(CREWS, "x" * 3_000_000, content_type="application/json")),
        (415, api.post(CREWS, "{}", content_type="text/plain")),
        (415, api.post(f"{CREWS}/import", "a: 1", content_type="text/html")),
        (400, api.post(f"{CREWS}/import", "x", content_type="multipart/form-data; boundary=")),
        (422, api.get(CREWS, {"limit": "many"})),
        (422, api.post(CREWS, '{"document": {}, "documnet": {}}', content_type="application/json")),
        (422, api.post(CREWS, '{"document": NaN}', content_type="application/json")),
        (422, api.post(CREWS, '{"document": {"a": "\\u0000"}}', content_type="application/json")),
        (422, api.post(CREWS, '{"a":' * 5000, content_type="application/json")),
        (422, api.post(CREWS, b"\xff", content_type="application/json")),
        (422, api.post(f"{CREWS}/import", "a: &x 1", content_type="application/yaml")),
        (422, api.put(path, {"revision": "1", "document": {}}, content_type="application/json")),
        (422, api.put(path, {"revision": 1, "document": []}, content_type="application/json")),
    ]
    for status, response in cases:
        assert response.status_code == status, response.content
        error = response.json()["error"]
        assert error["message"]
        assert isinstance(error["problems"], list)


def test_a_body_that_does_not_fit_is_told_field_by_field(api: Client) -> None:
    body = '{"crew": 5, "version": "a", "tusk": 1}'
    error = api.post("/api/v1/runs", body, content_type="application/json").json()["error"]
    assert {item["path"]: item["message"] for item in error["problems"]} == {
        "crew": "This must be text.",
        "version": "This must be a whole number.",
        "task": "'task' is missing.",
        "tusk": "There is no field 'tusk'.",
    }
    assert "crew: This must be text." in error["message"]


def test_other_teams_and_small_roles(
    api: Client, team: Team, owner: User, member: Callable[[str], User]
) -> None:
    path = f"{CREWS}/{made(api)['id']}"
    stranger = user_create(email="eve@example.com")
    foreign = client_for(stranger, team_create_personal(user=stranger))
    assert foreign.get(path).status_code == 404
    assert (
        foreign.put(
            path, {"revision": 1, "document": {}}, content_type="application/json"
        ).status_code
        == 404
    )
    assert foreign.get(CREWS).json()["total"] == 0
    other = team_create(name="Other", owner=owner)
    assert client_for(owner, other).get(path).status_code == 404
    viewer = client_for(member("viewer"), team)
    assert viewer.get(path).json()["permissions"] == {"change": False, "run": False}
    refused = viewer.put(path, {"revision": 1, "document": {}}, content_type="application/json")
    assert refused.status_code == 403
    assert viewer.delete(path).status_code == 403
    assert post(viewer, CREWS, {}).status_code == 403


def test_the_catalog(api: Client) -> None:
    catalog = api.get("/api/v1/catalog").json()
    assert [item["name"] for item in catalog["patterns"]] == [
        "hierarchical",
        "pipeline",
        "plan",
        "graph",
    ]
    assert catalog["patterns"][0]["seats"][1]["max"] is None
    assert catalog["patterns"][0]["implicit_tools"] == {"orchestrator": ["delegate_to_agent"]}
    assert catalog["tools"][0]["capability"] == "code_execution"
