"""The audit pages over journals told by hand."""

import re
from html import unescape
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from runs.analysis import analyze
from runs.audit import Filter, actions_found, trace
from runs.journal.entries import action_id
from runs.models import Action, Run
from runs.tree import CHILDREN, ROWS, Group, Row, Tree, outline
from teams.models import Team, User
from teams.services import user_create
from tests.journals.desk import DESK
from tests.journals.record import record
from tests.journals.stories import delegations, question, refused, takeover
from tests.journals.story import Story

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return user_create(email="ada@example.org", password="correct horse battery")


@pytest.fixture
def team(user: User) -> Team:
    return user.personal_team


@pytest.fixture
def pages(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def rows(group: Group | None) -> list[Row]:
    """Return the rows of a group and below it, as they are read from top to bottom."""
    if group is None:
        return []
    return [one for row in group.rows for one in (row, *rows(row.below))]


def at(run: Run, key: str) -> Action:
    return Action.objects.get(run=run, key=key)


def words(html: bytes) -> str:
    return unescape(re.sub(r"<[^>]+>|\s+", " ", html.decode()))


def test_a_small_run_is_shown_whole_with_what_each_subtree_used(team: Team) -> None:
    run = record(delegations(), team=team)
    shown = {row.action.key: row for row in rows(outline(Tree(run)))}
    assert len(shown) == run.actions
    assert list(shown)[:4] == ["lead", "lead/model1", "lead/a", "lead/a/ask"]
    assert shown["lead"].branch.tokens == run.tokens
    assert shown["lead"].branch.cost_usd == run.cost_usd
    assert shown["lead/a"].branch.tokens == at(run, "lead/a/ask/model1").tokens
    assert shown["lead/b/ask/tool1"].branch.cost_usd is None


def test_bars_lie_within_the_time_of_the_run(team: Team) -> None:
    run = record(delegations(), team=team)
    shown = {row.action.key: row for row in rows(outline(Tree(run)))}
    assert all(row.left >= 0 and row.left + row.width <= 100.01 for row in shown.values())
    assert shown["lead"].left < shown["lead/a"].left < shown["lead/model2"].left
    assert shown["lead"].width > shown["lead/a"].width


def test_failures_below_are_counted_on_the_way_up(team: Team) -> None:
    run = record(refused(), team=team)
    (top,) = outline(Tree(run)).rows
    assert (top.action.status, top.branch.failures) == ("failed", 1)


def broad(name: str, children: int) -> Story:
    story = Story(name, step=1)
    story.begin(DESK, "much")
    story.start("ask", "lead", "lead", "Lead", {"task": "much"})
    for n in range(children):
        story.start("delegation", f"lead/{n}", "lead", f"lead → {n}", {"to": "coder"})
        story.start("ask", f"lead/{n}/ask", "coder", "Coder", {"task": str(n)})
        story.finish(f"lead/{n}/ask", "coder", str(n))
        story.finish(f"lead/{n}", "lead", str(n))
    return story


def test_a_large_run_shows_a_page_and_the_way_to_what_was_chosen(team: Team) -> None:
    run = record(broad("broad", 300), team=team)
    tree = Tree(run)
    shown = rows(outline(tree))
    assert CHILDREN < len(shown) <= ROWS + 1
    chosen = at(run, "lead/217/ask")
    shown = rows(outline(tree, selected=chosen.pk))
    assert chosen.pk in {row.action.pk for row in shown}
    (top,) = outline(tree, selected=chosen.pk).rows
    assert top.below is not None
    assert (top.below.start, top.below.total) == (200, 300)
    assert (top.below.before, top.below.after, top.below.later) == (150, 250, 50)


def test_more_rows_follow_without_gap_or_overlap(team: Team, pages: Client) -> None:
    run = record(broad("paged", 120), team=team)
    url = reverse("runs:audit", args=[run.pk])
    found: list[str] = []
    html = pages.get(url).content.decode()
    for _ in range(4):
        found += re.findall(r"→ (\d+)<", html)
        more = re.search(r'data-more href="([^"]+edge=later)"', html)
        if more is None:
            break
        html = pages.get(unescape(more[1])).content.decode()
    assert found == [str(n) for n in range(120)]


def test_the_whole_input_of_a_model_call_is_put_together(team: Team) -> None:
    story = Story("conversation")
    story.begin(DESK, "Say it")
    story.start("ask", "lead", "lead", "Lead", {"task": "Say it"})
    first = {"role": "user", "text": "Say it"}
    later = [{"role": "assistant", "text": "It."}, {"role": "user", "text": "Again"}]
    story.call("lead/model1", "lead", [first], "It.", system="You are the lead.", tools=["shell"])
    story.start("model_call", "lead/model2", "lead", "m", {"messages": later})
    story.fail("lead/model2", "lead", {"message": "down"}, final=True)
    story.call("lead/model2-fallback1", "lead", later, "It again.")
    run = record(story, team=team)
    found = trace(run, at(run, "lead/model2-fallback1"))
    assert found.input == {
        "system": "You are the lead.", "tools": ["shell"], "messages": [first, *later]
    }  # fmt: skip
    assert found.new == 2
    assert [given.input for given in found.chain] == [{"task": "Say it"}]


def test_the_chain_says_who_was_given_what(team: Team) -> None:
    run = record(delegations(), team=team)
    found = trace(run, at(run, "lead/b/ask/tool1"))
    assert [given.action.key for given in found.chain] == ["lead", "lead/b", "lead/b/ask"]
    assert found.chain[1].input["to"] == "coder"
    assert found.input == {"source": "print(0.9 * 3.6)"}
    assert found.previous == at(run, "lead/a/ask/model1").pk
    assert found.next == at(run, "lead/b/ask/model1").pk


def test_every_attempt_is_listed(team: Team) -> None:
    retried = record(delegations(), team=team)
    attempts = trace(retried, at(retried, "lead/model1")).attempts
    assert [(one.number, one.status) for one in attempts] == [(1, "failed"), (2, "finished")]
    assert attempts[0].error == {**attempts[0].error, "status": 529}  # type: ignore[dict-item]
    lost = record(takeover(), team=team)
    attempts = trace(lost, at(lost, "lead/model1")).attempts
    assert [one.status for one in attempts] == ["lost", "lost", "lost", "finished"]
    assert [one.took_s is None for one in attempts] == [True, True, True, False]


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (Filter(agent="coder", type="tool_call"), ["lead/b/ask/tool1"]),
        (Filter(status="finished", type="delegation"), ["lead/a", "lead/b"]),
        (Filter(text="3.24 km/h."), ["lead/b/ask/model1", "lead/model2", "lead"]),
        (Filter(text="PRINT(0.9"), ["lead/b/ask/tool1"]),
        (Filter(text="no such words"), []),
        (Filter(text="100%"), []),
    ],
)
def test_filters_find_what_was_done_and_said(team: Team, wanted: Filter, keys: list[str]) -> None:
    run = record(delegations(), team=team)
    found, more = actions_found(run, wanted)
    assert {action.key for action in found} == set(keys)
    assert [action.seq for action in found] == sorted(action.seq for action in found)
    assert not more


def test_words_beyond_ascii_are_found(team: Team) -> None:
    story = Story("umlaut")
    story.begin(DESK, "Grüße")
    story.start("ask", "lead", "lead", "Lead", {"task": {"quote": 'Größe "zwei"'}})
    run = record(story, team=team)
    assert [one.key for one in actions_found(run, Filter(text='Größe "zwei"'))[0]] == ["lead"]


def test_what_each_role_used_adds_up(team: Team) -> None:
    run = record(delegations(), team=team)
    roles = {report.agent: report for report in analyze([run])}
    assert set(roles) == {"lead", "researcher", "coder"}
    assert sum(report.tokens for report in roles.values()) == run.tokens
    assert (roles["coder"].calls, roles["coder"].succeeded) == (2, 2)


def test_the_page_of_an_action_tells_its_failure_and_hashes(team: Team, pages: Client) -> None:
    run = record(refused(), team=team)
    action = at(run, "lead/model1")
    text = words(pages.get(reverse("runs:audit_action", args=[run.pk, action.pk])).content)
    assert "The provider refused the key." in text
    assert "api.anthropic.com" in text
    assert "status 401" in text
    assert action.input_hash in text


def test_what_was_erased_is_named_so(team: Team, pages: Client) -> None:
    run = record(refused(), team=team)
    action = at(run, "lead")
    text = words(pages.get(reverse("runs:audit_action", args=[run.pk, action.pk])).content)
    assert "None, or erased." in text
    assert (
        "secret" not in text.split("In the journal")[0].split("How it ended")[0].split("Input")[1]
    )


def test_a_script_gets_the_action_alone(team: Team, pages: Client) -> None:
    run = record(delegations(), team=team)
    url = reverse("runs:audit_action", args=[run.pk, at(run, "lead/a").pk])
    html = pages.get(url, headers={"HX-Request": "true"}).content.decode()
    assert html.lstrip().startswith("<article")
    assert "Your half, researcher." in unescape(html)


def test_what_a_model_wrote_stays_text(team: Team, pages: Client) -> None:
    story = Story("hostile")
    story.begin(DESK, "<script>alert(1)</script>")
    story.start("ask", "lead", "lead", "<img src=x>", {"task": "<b>x</b>"})
    story.finish("lead", "lead", {"text": "<script>alert(2)</script>"})
    evil = (
        "[x](javascript:alert(1)) ![i](https://elsewhere.example/i.png) <script>alert(3)</script>"
    )
    story.add("run.finished", status="finished", output={"text": evil})
    run = record(story, team=team)
    for name in ("runs:audit", "runs:live", "runs:answer"):
        html = pages.get(reverse(name, args=[run.pk])).content.decode()
        assert "<script>alert" not in html
        assert "<img" not in html
        assert 'href="javascript' not in html
    listed = pages.get(reverse("runs:list")).content.decode()
    assert "<script>alert" not in listed


def test_verify_says_that_nothing_has_been_changed_or_what(team: Team, pages: Client) -> None:
    run = record(delegations(), team=team)
    url = reverse("runs:audit_verify", args=[run.pk])
    assert "Nothing has been changed" in pages.post(url).content.decode()
    entry = run.entries.get(seq=4)
    entry.payload = (entry.payload or "").replace("overloaded", "lazy")
    entry.save()
    assert "This journal has been changed" in pages.post(url).content.decode()


@pytest.mark.parametrize(
    "query", ["?parent=x", f"?parent={UUID(int=1)}", "?start=%00", "?after=1e9"]
)
def test_odd_queries_do_no_harm(team: Team, pages: Client, query: str) -> None:
    run = record(delegations(), team=team)
    assert pages.get(reverse("runs:audit_rows", args=[run.pk]) + query).status_code in (200, 404)


def test_the_list_shows_failures_and_finds_runs(team: Team, pages: Client) -> None:
    for tell in (delegations, question, refused):
        record(tell(), team=team)
    text = words(pages.get("/runs/").content)
    assert "2 errors inside" in text
    assert "Waiting for a person" in text
    assert "No run matches" in words(pages.get("/runs/?status=failed&q=Nile").content)
    only = words(pages.get("/runs/?status=waiting").content)
    assert "Delete the staging database?" in only
    assert "How fast does the Nile flow?" not in only


def test_another_team_sees_nothing(team: Team) -> None:
    run = record(delegations(), team=team)
    stranger = Client()
    stranger.force_login(user_create(email="eve@example.org", password="correct horse battery"))
    key = action_id(str(run.pk), "lead")
    for url in (f"/runs/{run.pk}/", f"/runs/{run.pk}/audit/", f"/runs/{run.pk}/audit/{key}/"):
        assert stranger.get(url).status_code == 404
    assert "Nile" not in stranger.get("/runs/").content.decode()


def test_an_action_of_another_run_is_not_shown(team: Team, pages: Client) -> None:
    run, other = record(delegations(), team=team), record(question(), team=team)
    key = action_id(str(other.pk), "ask1")
    assert pages.get(f"/runs/{run.pk}/audit/{key}/").status_code == 404
