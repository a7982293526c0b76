"""A question that is answered a week later: it costs nobody anything, and the run just goes on."""

from datetime import datetime, timedelta
from typing import Any

from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import desk
from tests.integration.runs.house import House

Json = Any
WEEK = timedelta(days=7)
_AGE = """
from datetime import timedelta
from tests.journals.age import age
from runs.models import Run
assert Run.objects.get(pk="{run}").lease is None
age("{run}", timedelta(days=7))
"""


def test_an_answer_after_seven_days_and_a_restart(house: House) -> None:
    ask = {"name": "ask_human", "arguments": {"question": "Which?"}}
    house.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=(ask,))),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
    ]
    # What the run itself may take is far less than the wait.
    crew = desk(["coder"], lead={"tools": ["ask_human"]}, limits={"seconds": 60})
    run = house.start(crew)
    house.wait(run, lambda now: now["status"] == "waiting")
    house.installation.stop()
    house.installation.shell(_AGE.format(run=run))
    house.installation.start(workers=2)
    house.ensure_workers(2)
    # A run that is started now is driven to its end: the workers are up and have looked around.
    house.server.rules.insert(0, Rule(anywhere="Something else", reply=Reply(text="done")))
    house.finished(house.start(crew, "Something else"))
    seen = house.read(run)
    assert seen["status"] == "waiting"
    assert len(house.calls("The task")) == 1
    (question,) = seen["waiting_for"]
    house.post(f"/approvals/{run}/{question['action']}/decide", {"choice": "answer", "value": "A"})
    entries = house.finished(run)
    assert len(house.calls("The task")) == trail.attempts(entries) == 2
    asked, decided = (_at(entries, kind) for kind in ("run.waiting", "decision.made"))
    assert WEEK < decided - asked < WEEK + timedelta(minutes=10)
    assert not [entry for entry in entries if entry["kind"] == "run.resumed"]


def _at(entries: list[Json], kind: str) -> datetime:
    (entry,) = (entry for entry in entries if entry["kind"] == kind)
    return datetime.fromisoformat(entry["at"])
