"""What the services promise beyond what the API shows."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings

from crews.errors import LibraryBroken, StaleDraft
from crews.library import library_entries
from crews.models import Crew, CrewVersion, Template
from crews.parse import DocumentRefused
from crews.selectors import crew_document, crews_of_team
from crews.services import (
    crew_create,
    crew_draft_save,
    crew_from_template,
    crew_import,
    crew_publish,
    templates_install,
)
from crews.strict_json import json_canonical
from teams.models import Team, User
from teams.services import team_create_personal, user_create
from tests.unit.crews.examples import desk
from tests.unit.crews.strategies import documents


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents)
def test_rows_keep_every_document(team: Team, owner: User, document: dict[str, Any]) -> None:
    expected = json_canonical({"callsheet": 1, **document})
    crew = crew_create(team=team, user=owner, document=document)
    assert json_canonical(crew_document(Crew.objects.get(pk=crew.pk))) == expected
    saved = crew_draft_save(crew=crew, document=desk(), revision=1, user=owner)
    assert crew_document(saved) == desk()
    again = crew_draft_save(crew=crew, document=document, revision=2, user=owner)
    assert json_canonical(crew_document(again)) == expected


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run something in several threads that start together; errors are results."""
    start = threading.Barrier(count)

    def one(n: int) -> Any:
        start.wait()
        try:
            return work(n)
        except Exception as error:  # noqa: BLE001 -- told to the test
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
def test_of_saves_at_once_one_wins_whole_and_the_others_are_told() -> None:
    user = user_create(email="ada@example.com")
    crew = crew_create(team=team_create_personal(user=user), user=user, document=desk())

    def save(n: int) -> Crew:
        roles = {f"role{n}": {"seat": "worker"}}
        document = desk(description=f"by {n}", roles=roles, handoffs=[], layout={})
        return crew_draft_save(crew=crew, document=document, revision=1, user=user)

    results = at_once(6, save)
    stale = [item for item in results if isinstance(item, StaleDraft)]
    assert len(stale) == 5, results
    winner = next(n for n, item in enumerate(results) if isinstance(item, Crew))
    kept = crew_document(Crew.objects.get(pk=crew.pk))
    assert kept["description"] == f"by {winner}"
    assert list(kept["roles"]) == [f"role{winner}"]
    assert all(item.current_document == kept for item in stale)


@pytest.mark.django_db(transaction=True)
def test_a_draft_is_never_read_half_saved() -> None:
    user = user_create(email="ada@example.com")
    names = ["a", "b"]
    documents = [
        desk(description=name, roles={name: {"seat": "worker"}}, handoffs=[], layout={})
        for name in names
    ]
    crew = crew_create(team=team_create_personal(user=user), user=user, document=documents[0])
    done = threading.Event()

    def write_or_read(n: int) -> list[Any]:
        if n == 0:
            for revision in range(1, 80):
                document = documents[revision % 2]
                crew_draft_save(crew=crew, document=document, revision=revision, user=user)
            done.set()
        read = []
        while not done.is_set():
            mine = Crew.objects.get(pk=crew.pk)
            read.append((mine, crew_document(mine)))
        return read

    _, first, second = at_once(3, write_or_read)
    assert first
    for mine, document in [*first, *second]:
        assert document == documents[(mine.revision - 1) % 2]


@pytest.mark.django_db(transaction=True)
def test_publishing_at_once_gives_one_version() -> None:
    user = user_create(email="ada@example.com")
    crew = crew_create(team=team_create_personal(user=user), user=user, document=desk())
    versions = at_once(4, lambda _: crew_publish(crew=crew, user=user))
    assert {version.number for version in versions} == {1}
    assert CrewVersion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_crews_made_at_once_get_slugs_of_their_own() -> None:
    user = user_create(email="ada@example.com")
    team = team_create_personal(user=user)
    crews = at_once(4, lambda _: crew_create(team=team, user=user, document=desk()))
    assert len({crew.slug for crew in crews}) == 4


def test_slugs_are_names_that_other_crews_can_use(team: Team, owner: User) -> None:
    for name, slug in {
        "Größe & Maß": "groe-ma",
        "3 wishes": "crew-3-wishes",
        "日本": "crew",
        "x" * 100: "x" * 34,
        "": "crew-2",
    }.items():
        crew = crew_create(team=team, user=owner, document={"name": name})
        assert crew.slug == slug


def test_what_cannot_be_stored_is_refused(team: Team, owner: User) -> None:
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    for value in ("\x00", "\ud800", float("nan"), deep, "x" * 1_100_000):
        with pytest.raises(DocumentRefused):
            crew_create(team=team, user=owner, document=desk(extra=value))
    assert crews_of_team(team).count() == 0


def test_import_wants_the_right_shape(team: Team, owner: User) -> None:
    with pytest.raises(DocumentRefused) as caught:
        crew_import(team=team, user=owner, data="callsheet: 1\nname: x")
    assert [item.path for item in caught.value.problems] == ["pattern", "roles"]


def test_the_order_of_keys_survives(team: Team, owner: User) -> None:
    schema = {"type": "object", "properties": {"zeta": {}, "a": {}, "longer": {}}}
    handoff = {"schema": schema, "from": "writer", "to": "lead"}
    crew = crew_create(team=team, user=owner, document=desk(handoffs=[handoff]))
    version = crew_publish(crew=Crew.objects.get(pk=crew.pk), user=owner)
    pinned = CrewVersion.objects.get(pk=version.pk).document
    for document in (crew_document(Crew.objects.get(pk=crew.pk)), pinned):
        kept = document["handoffs"][0]["schema"]
        assert json.dumps(kept) == json.dumps(schema)


def test_a_changed_rehearsal_is_a_new_version(team: Team, owner: User) -> None:
    crew = crew_create(team=team, user=owner, document=desk(), rehearsal={"roles": {}})
    first = crew_publish(crew=crew, user=owner)
    assert first.rehearsal == {"roles": {}}
    Crew.objects.filter(pk=crew.pk).update(rehearsal=None)
    second = crew_publish(crew=crew, user=owner)
    assert (second.number, second.content_hash) == (2, first.content_hash)


def test_templates_are_installed_updated_and_dropped(team: Team, owner: User) -> None:
    call_command("install_templates")
    slugs = {entry.slug for entry in library_entries()}
    assert set(Template.objects.values_list("slug", flat=True)) == slugs
    mine = Template.objects.create(team=team, slug="gone", title="Mine", pattern="x", document={})
    Template.objects.create(slug="gone", title="Old", pattern="x", document={})
    Template.objects.filter(slug="assembly-line").update(title="Renamed")
    templates_install()
    assert set(Template.objects.filter(team=None).values_list("slug", flat=True)) == slugs
    assert Template.objects.filter(pk=mine.pk).exists()
    template = Template.objects.get(slug="assembly-line")
    assert template.title == "Assembly line"
    crew = crew_from_template(template=template, team=team, user=owner)
    assert crew_document(crew) == template.document


def test_a_broken_library_names_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "crew.yaml").write_text("callsheet: 1")
    with pytest.raises(LibraryBroken, match=r"broken/crew\.yaml: name: 'name' is missing"):
        library_entries(tmp_path)
