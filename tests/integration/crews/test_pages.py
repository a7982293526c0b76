"""The pages of crews, as a browser without JavaScript sees them."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.safestring import mark_safe

from crews.models import Crew
from crews.services import crew_create, templates_install
from crews.start_page import panel_register, panel_remove
from crews.yaml_text import yaml_dump
from teams.models import Team, User
from tests.unit.crews.examples import desk


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def ada(owner: User, team: Team) -> Client:
    return signed_in(owner)


def test_from_the_start_page_a_template_is_one_click(ada: Client) -> None:
    templates_install()
    page = ada.get("/")
    assert "Start with a template" in page.content.decode()
    assert "Research desk" in page.content.decode()
    used = ada.post("/templates/project-manager/use/")
    crew = Crew.objects.get()
    assert used["Location"] == f"/crews/{crew.pk}/#run"
    assert crew.rehearsal["roles"]["manager"]
    again = ada.get("/").content.decode()
    assert "Crews last worked on" in again
    assert f"/crews/{crew.pk}/" in again


def test_other_apps_add_panels_to_the_start_page(ada: Client) -> None:
    panel = panel_register(lambda request: mark_safe("<p>Recent runs</p>"))
    try:
        assert "<p>Recent runs</p>" in ada.get("/").content.decode()
    finally:
        panel_remove(panel)


def test_the_list_is_searched_and_says_what_to_do_when_empty(
    ada: Client, team: Team, owner: User
) -> None:
    assert "No crews yet" in ada.get("/crews/").content.decode()
    crew_create(team=team, user=owner, document=desk())
    crew_create(team=team, user=owner, document=desk(name="Kitchen <b>"))
    found = ada.get("/crews/", {"q": "kitchen"}).content.decode()
    assert "Kitchen &lt;b&gt;" in found
    assert "Research desk" not in found
    assert "No crew matches" in ada.get("/crews/", {"q": "\x00nothing"}).content.decode()
    assert ada.get("/crews/", {"page": "x"}).status_code == 200


def test_import_by_text_and_by_file(ada: Client) -> None:
    assert ada.get("/crews/import/").status_code == 200
    text = yaml_dump(desk())
    pasted = ada.post("/crews/import/", {"text": text})
    sent = ada.post("/crews/import/", {"file": SimpleUploadedFile("crew.yaml", text.encode())})
    assert {pasted["Location"], sent["Location"]} == {
        f"/crews/{crew.pk}/" for crew in Crew.objects.all()
    }


def test_a_refused_import_lists_the_places_and_keeps_the_text(ada: Client) -> None:
    text = yaml_dump(desk(limits={"cost_usd": 1.5}, speed=1))
    page = ada.post("/crews/import/", {"text": text})
    shown = page.content.decode()
    assert page.status_code == 422
    assert "limits.cost_usd" in shown
    assert "Unknown field &#x27;speed&#x27;" in shown
    assert "name: Research desk" in shown
    assert ada.post("/crews/import/", {"file": SimpleUploadedFile("a", b"\xff")}).status_code == 422


def test_a_huge_file_is_refused(ada: Client) -> None:
    huge = SimpleUploadedFile("crew.yaml", b"a: " + b"x" * 4_000_000)
    page = ada.post("/crews/import/", {"file": huge})
    assert page.status_code == 422
    assert "larger than 1024 KiB" in page.content.decode()


def test_the_editor_brings_the_crew_along(ada: Client, team: Team, owner: User) -> None:
    crew = crew_create(team=team, user=owner, document=desk(name="</script><script>alert(1)"))
    page = ada.get(f"/crews/{crew.pk}/")
    assert page.context["props"]["crew"]["document"]["name"] == "</script><script>alert(1)"
    assert page.context["props"]["catalog"]["patterns"]
    assert "</script><script>alert" not in page.content.decode()


def test_duplicate_and_delete(ada: Client, team: Team, owner: User) -> None:
    crew = crew_create(team=team, user=owner, document=desk())
    ada.post(f"/crews/{crew.pk}/duplicate/")
    assert Crew.objects.filter(name="Research desk (copy)").exists()
    assert ada.post(f"/crews/{crew.pk}/delete/")["Location"] == "/crews/"
    assert "Deleted “Research desk”" in ada.get("/crews/").content.decode()
    assert ada.get(f"/crews/{crew.pk}/").status_code == 404


def test_a_viewer_sees_and_changes_nothing(
    team: Team, owner: User, member: Callable[[str], User]
) -> None:
    crew = crew_create(team=team, user=owner, document=desk())
    viewer = signed_in(member("viewer"))
    viewer.post("/teams/choose/", {"team": team.slug})
    page = viewer.get("/crews/").content.decode()
    assert "Research desk" in page
    assert "New crew" not in page
    assert viewer.get(f"/crews/{crew.pk}/").status_code == 200
    assert viewer.post(f"/crews/{crew.pk}/delete/").status_code == 403
    assert viewer.post("/crews/new/").status_code == 403
