"""Questions: who is asked, until when, and what holds if nobody decides."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from runs import approvals
from runs.decisions import decide_overdue
from runs.errors import Conflict
from runs.journal import store
from runs.models import Question
from runs.services import run_cancel, run_pause, run_resume
from teams.services import membership_set, team_create_personal, user_create
from tests.engines.processes import wait_until
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import delegate, desk, model_role, pipeline
from tests.integration.runs.house import House
from tests.integration.runs.kills import replayed
from tests.integration.runs.playing import Played, Stage
from tests.integration.runs.test_approvals import ASKS, asking, decide, lead_calls, opened

Json = Any
DELEGATES = {"name": "delegate_to_agent", "approval": "always"}


def asks_one(stage: Stage, **fields: Json) -> Played:
    """Play a crew whose lead wants to delegate once, which a person approves first."""
    lead_calls(stage, delegate("coder", "alpha"))
    return stage.play(desk(lead={"tools": [DELEGATES], **fields.pop("lead", {})}, **fields))


def test_a_question_says_who_until_when_and_what_then(stage: Stage) -> None:
    crew = {"assignee": "Ada@example.com", "deadline_s": 3600, "default": "approve"}
    played = asks_one(stage, escalation=crew, lead={"escalation": {"default": "reject"}})
    (question,) = opened(played)
    told = question["payload"]
    assert told["assignee"] == "Ada@example.com"
    assert told["default"] == "reject"
    assert told["deadline"] > question["at"]
    (shown,) = approvals.inbox(stage.team, stage.user)
    assert shown["mine"]
    assert (shown["assignee"], shown["default"]) == ("ada@example.com", "reject")
    assert shown["proposed"] == {"agent_name": "coder", "task": "alpha"}
    assert decide_overdue() == 0


@pytest.mark.parametrize("chosen", ["reject", "approve"])
def test_what_nobody_decides_in_time_is_decided_by_default(stage: Stage, chosen: str) -> None:
    played = asks_one(stage, escalation={"deadline_s": 1, "default": chosen})
    (question,) = opened(played)
    assert played.run.lease is None
    wait_until(lambda: decide_overdue() == 1, what="the deadline")
    with pytest.raises(Conflict):
        decide(stage, played, question, "approve")
    played = stage.go_on(played.run)
    (made,) = [e for e in played.entries if e["kind"] == "decision.made"]
    assert (made["actor"], made["payload"]["choice"]) == ("system", chosen)
    assert played.run.status == "finished"
    worked = [c for c in stage.server.calls if "You are coder" in c.all_text]
    assert len(worked) == (chosen == "approve")
    assert replayed(played) > 0


def test_without_a_choice_that_fits_a_question_stays_open(stage: Stage) -> None:
    stage.server.rules = [Rule(reply=Reply(text="x", usage=(200, 20)))]
    limits = {"tokens": 700}
    # Nobody spends money by default; to reject means to end the run.
    for default, status in (("approve", "waiting"), ("reject", "failed")):
        escalation = {"deadline_s": 1, "default": default}
        names = [f"s{n}" for n in range(6)]
        roles = {name: model_role("stage", instructions=name) for name in names}
        played = stage.play(pipeline(roles, limits=limits, escalation=escalation))
        (question,) = opened(played)
        due = Question.objects.get(run=played.run, seq=question["seq"])
        assert due.deadline is not None
        Question.objects.filter(pk=due.pk).update(deadline=timezone.now())
        assert decide_overdue() == (status == "failed")
        played = stage.go_on(played.run)
        assert played.run.status == status


def test_the_inbox_lists_what_is_open_and_nothing_else(stage: Stage) -> None:
    grace = user_create(email="grace@example.com")
    membership_set(user=grace, team=stage.team, role="runner")
    first = asks_one(stage)
    second = asks_one(stage, escalation={"assignee": "grace@example.com"})
    assert [item["mine"] for item in approvals.inbox(stage.team, stage.user)] == [True, False]
    (hers, _) = approvals.inbox(stage.team, grace)
    assert hers["run"] == second.run.pk
    run_pause(run=first.run, user=stage.user)
    assert approvals.open_count(stage.team) == 2
    run_resume(run=first.run, user=stage.user)
    run_cancel(run=first.run, user=stage.user)
    (question,) = opened(second)
    decide(stage, second, question, "reject")
    assert approvals.open_count(stage.team) == 0
    assert approvals.inbox(stage.team, stage.user) == []


def test_a_viewer_looks_and_a_stranger_sees_nothing(stage: Stage) -> None:
    played = asks_one(stage)
    (question,) = opened(played)
    path = f"/api/v1/approvals/{played.run.pk}/{question['action']}/decide"
    for role, shown, refused in (("viewer", 1, 403), (None, 0, 404)):
        user = user_create(email=f"{role}@example.com")
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        if role:
            membership_set(user=user, team=stage.team, role=role)
            client.post("/teams/choose/", {"team": stage.team.slug})
        else:
            team_create_personal(user=user)
        page = client.get("/inbox/").context["page"]
        assert len(page["approvals"]) == shown
        assert page["may_decide"] is (role is None)
        assert client.get("/inbox/count/").json()["open"] == shown
        body = {"choice": "approve"}
        assert client.post(path, body, content_type="application/json").status_code == refused
    assert Question.objects.get().closed_at is None


def test_the_table_of_questions_can_be_made_anew(stage: Stage) -> None:
    lead_calls(stage, asking("first?"), asking("second?"))
    played = stage.play(desk(lead={"tools": [ASKS]}))
    decide(stage, played, opened(played)[0], "reject")
    told = Question.objects.filter(run=played.run).order_by("seq").values_list("seq", "closed_at")
    before = list(told)
    Question.objects.all().delete()
    store.actions_rebuild(str(played.run.pk))
    assert list(told.all()) == before


def test_a_wait_and_its_deadline_survive_all_processes(house: House) -> None:
    house.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=(delegate("coder", "alpha"),))),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
    ]
    escalation = {"deadline_s": 4, "default": "reject"}
    run = house.start(desk(lead={"tools": [DELEGATES]}, escalation=escalation))
    house.wait(run, lambda seen: seen["status"] == "waiting")
    house.kill_workers()
    (made,) = [e for e in house.finished(run) if e["kind"] == "decision.made"]
    assert made["actor"] == "system"
    assert made["payload"]["choice"] == "reject"
