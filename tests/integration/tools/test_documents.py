"""The team's documents: taken in, found again with their places, and nobody else's."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from resources.errors import DocumentRefused
from resources.models import Document, Passage
from resources.passages import MAX_BYTES
from resources.selectors import passages_found
from resources.services import document_add, document_delete
from teams.models import Team, User
from teams.services import membership_set, team_create, user_create
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import desk
from tests.integration.runs.playing import Stage

Json = Any
HANDBOOK = b"""# Holidays
Everybody has thirty days of holiday. Ask your lead two weeks before.

# Expenses
Receipts for travelling are sent to the office within a month.

# The caf\xc3\xa9
Coffee is free."""


@pytest.fixture
def ada(db: None) -> User:
    return user_create(email="ada@example.com", name="Ada")


@pytest.fixture
def team(ada: User) -> Team:
    return team_create(name="Studio", owner=ada)


@pytest.fixture
def visitor(ada: User, team: Team) -> Client:
    client = Client()
    client.force_login(ada)
    client.post("/teams/choose/", {"team": team.slug})
    return client


def found(team: Team, query: str, *collections: str) -> list[str]:
    passages = passages_found(team=str(team.pk), query=query, collections=collections)
    return [f"{passage.document}/{passage.heading}" for passage in passages]


def test_passages_are_found_by_their_words(team: Team) -> None:
    document_add(team=team, user=None, name="handbook.md", data=HANDBOOK)
    document_add(team=team, user=None, name="prices.csv", data=b"item,price\nlamp,12\ndesk,80")
    assert found(team, "How many days of holidays are there?")[0] == "handbook.md/Holidays"
    assert found(team, "travel receipt") == ["handbook.md/Expenses"]
    assert found(team, "lamp") == ["prices.csv/Rows 1–2"]
    assert found(team, "café") == ["handbook.md/The café"]
    assert found(team, "spaceship") == []


@pytest.mark.parametrize(
    "query",
    [
        *("", "   ", '"', "'", '"holiday', "holiday AND", "NOT holiday", "zz* OR NEAR(", "text:x"),
        *(
            "holiday'; DROP TABLE x; --",
            "% _ \\",
            "& | !( <-> :*",
            "x" * 1000,
            "語" * 1000,
            "é " * 300,
            "\u200b",
        ),
    ],
)
def test_no_query_is_an_error(team: Team, query: str) -> None:
    document_add(team=team, user=None, name="handbook.md", data=HANDBOOK)
    hits = found(team, query)
    assert set(hits) <= {f"handbook.md/{part}" for part in ("Holidays", "Expenses", "The café")}
    assert bool(hits) == ("holiday" in query)


def test_a_document_of_the_same_name_takes_its_place(team: Team) -> None:
    for text in (b"old words", b"new words"):
        document_add(team=team, user=None, name="a.txt", data=text)
    assert found(team, "old") == []
    assert found(team, "new") == ["a.txt/"]
    document_add(team=team, user=None, name="a.txt", data=b"old words", collection="archive")
    assert found(team, "words", "archive") == found(team, "old") == ["a.txt/"]
    assert len(found(team, "words")) == 2
    document_delete(document=Document.objects.get(collection="archive"))
    assert found(team, "old") == []


def test_nobody_finds_another_teams_documents(team: Team) -> None:
    other = team_create(name="Others")
    document_add(team=other, user=None, name="secret.txt", data=b"the launch code is 1234")
    assert found(team, "launch code") == []
    assert found(other, "launch code") == ["secret.txt/"]
    other.delete()
    assert not Passage.objects.exists()
    assert found(team, "launch code") == []


@pytest.mark.parametrize(
    ("name", "collection"),
    [("", "general"), ("a.exe", "general"), ("a/b.txt", "general"), ("x" * 200 + ".txt", "general")]
    + [("a.txt", name) for name in ("", "Big", "a b", "1a", "a" * 41, "a\n")],
)
def test_wrong_names_are_refused(team: Team, name: str, collection: str) -> None:
    with pytest.raises(DocumentRefused):
        document_add(team=team, user=None, name=name, data=b"x", collection=collection)


class TestPages:
    def upload(self, visitor: Client, *files: tuple[str, bytes], collection: str = "office") -> Any:
        sent = [SimpleUploadedFile(name, data) for name, data in files]
        data = {"uploads": sent, "collection": collection}
        return visitor.post("/settings/documents/", data)

    def test_files_are_uploaded_looked_at_and_deleted(self, visitor: Client) -> None:
        answer = self.upload(visitor, ("handbook.md", HANDBOOK), ("b.txt", b"<b>bold</b>"))
        assert answer.status_code == 302
        page = visitor.get("/settings/documents/?q=travel").content.decode()
        assert "handbook.md" in page
        assert "Receipts for travelling" in page
        bold = Document.objects.get(name="b.txt")
        shown = visitor.get(f"/settings/documents/{bold.pk}/?passage=1").content.decode()
        assert "&lt;b&gt;bold&lt;/b&gt;" in shown
        visitor.post(f"/settings/documents/{bold.pk}/delete/")
        assert [str(document) for document in Document.objects.all()] == ["handbook.md"]

    def test_what_is_wrong_with_one_file_keeps_no_other_out(self, visitor: Client) -> None:
        big = ("big.txt", b"x" * (MAX_BYTES + 1))
        answer = self.upload(visitor, ("a.txt", b"good"), ("b.exe", b"x"), big, ("c.txt", b""))
        text = answer.content.decode()
        assert answer.status_code == 422
        for told in ("b.exe: Files like", "big.txt: It is larger than 5 MiB", "c.txt: There is no"):
            assert told in text
        assert Document.objects.get().name == "a.txt"

    @pytest.mark.parametrize("collection", ["", "Not A Name", "x" * 50])
    def test_a_wrong_collection_is_named(self, visitor: Client, collection: str) -> None:
        answer = self.upload(visitor, ("a.txt", b"good"), collection=collection)
        assert answer.status_code == 422
        assert not Document.objects.exists()

    def test_nothing_chosen_is_named(self, visitor: Client) -> None:
        answer = visitor.post("/settings/documents/", {"collection": "general"})
        assert answer.status_code == 422
        assert "This field is required" in answer.content.decode()

    def test_who_only_looks_cannot_add(self, visitor: Client, team: Team) -> None:
        watcher = user_create(email="watcher@example.com")
        membership_set(user=watcher, team=team, role="viewer")
        visitor.force_login(watcher)
        visitor.post("/teams/choose/", {"team": team.slug})
        assert self.upload(visitor, ("a.txt", b"good")).status_code == 403
        assert b"Add documents" not in visitor.get("/settings/documents/").content


def test_a_role_finds_what_its_team_has_and_cites_it(stage: Stage) -> None:
    document_add(team=stage.team, user=None, name="handbook.md", data=HANDBOOK, collection="hr")
    document_add(team=stage.team, user=None, name="lunch.txt", data=b"holiday lunch")
    document_add(
        team=team_create(name="Others"), user=None, name="x.md", data=HANDBOOK, collection="hr"
    )
    call = {"name": "search_documents", "arguments": {"query": "holiday"}}
    stage.server.rules = [Rule(times=1, reply=Reply(tool_calls=(call,)))]
    use = {"name": "search_documents", "options": {"collections": ["hr"]}}
    played = stage.play(desk(lead={"tools": [use]}))
    output = played.action("lead/tools/own/search_documents")[-1]["payload"]["output"]
    (hit,) = output["results"]
    assert (hit["document"], hit["passage"], hit["heading"]) == ("handbook.md", 1, "Holidays")
    assert output["citations"][0]["title"] == "handbook.md (Holidays, passage 1)"
    assert "thirty days" in json.dumps(stage.server.calls[-1].body)
