"""`command` roles: an external agent's command line in its sandbox."""

from typing import Any

import pytest
from django.test import override_settings

from crews.services import crew_create, crew_publish
from runs.errors import BadRequest
from runs.export import export_lines
from runs.models import Blob
from runs.services import run_start
from teams.services import credential_set
from tests.integration.runs.documents import code_role, document, pipeline
from tests.integration.runs.playing import Played, Stage

pytestmark = pytest.mark.usefixtures("docker_client")
Json = Any
KEY = "sk-agent-0123456789abcdef"
ECHO = "import sys; print(sys.stdin.read().upper())"
# Answers what is no JSON at first, and mends it when it is told so.
LEARNS = """
import sys
print('{"n": 3}' if "was not accepted" in sys.stdin.read() else "three")
"""
TELLS = """
import os
key = os.environ["OPENAI_API_KEY"]
open("config.ini", "w").write("key = " + key)
open("notes.txt", "w").write("plain")
print("my key is", key, "at", os.environ["OPENAI_BASE_URL"])
"""
ENVIRONMENT = "import json, os\nprint(json.dumps(dict(os.environ)))"


def command(source: str, seat: str = "stage", **fields: Json) -> dict[str, Json]:
    argv = fields.pop("argv", ["python3", "-c", source])
    sandbox = {"image": "minimal", "timeout_s": 30} | fields.pop("sandbox", {})
    told = {"argv": argv} | fields.pop("command", {})
    return {"seat": seat, "kind": "command", "command": told, "sandbox": sandbox, **fields}


def alone(role: dict[str, Json]) -> Json:
    return document("graph", {"agent": {**role, "seat": "node"}})


def outputs(played: Played) -> list[Json]:
    """Return what the commands brought, in order."""
    return [
        e["payload"]["output"]
        for e in played.entries
        if e["kind"] == "action.finished" and "exit_code" in (e["payload"]["output"] or {})
    ]


def test_the_task_goes_in_and_what_is_printed_is_the_result(stage: Stage) -> None:
    played = stage.play(alone(command(ECHO)), "Count the boats")
    assert played.output == "COUNT THE BOATS"
    (output,) = outputs(played)
    assert output["exit_code"] == 0


def test_a_result_that_does_not_fit_is_asked_for_again(stage: Stage) -> None:
    returns = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    played = stage.play(alone(command(LEARNS, returns=returns)))
    assert played.output == {"n": 3}
    assert [output["stdout"] for output in outputs(played)] == ["three\n", '{"n": 3}\n']


def test_the_task_may_be_an_argument(stage: Stage) -> None:
    argv = ["python3", "-c", "import sys; print(sys.argv[1])", "{task}"]
    assert stage.play(alone(command("", argv=argv)), "Hello").output == "Hello"


def test_a_credential_is_its_own_and_nowhere_else(stage: Stage) -> None:
    address = "https://models.example/v1"
    credential_set(team=stage.team, provider="openai", name="cli", api_key=KEY, base_url=address)
    agent = command(TELLS, command={"credential": "cli"})
    reader = code_role("stage", ENVIRONMENT, sandbox={"image": "minimal"})
    played = stage.play(pipeline({"agent": agent, "reader": reader}))
    (output, *_) = outputs(played)
    assert output["stdout"] == f"my key is [credential] at {address}\n"
    assert output["workspace"]["not_kept"] == [["config.ini", "it contains a credential"]]
    assert not [name for name in played.output if "KEY" in name]
    assert KEY not in "".join(export_lines(played.run))
    assert not [b for b in Blob.objects.filter(run=played.run) if KEY.encode() in bytes(b.data)]


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (command("", argv=["claude", "-p"]), "has no program 'claude'"),
        (command("", command={"credential": "cli"}), "no credential 'cli'"),
    ],
)
def test_what_cannot_work_is_refused_before_it_starts(
    stage: Stage, role: dict[str, Json], words: str
) -> None:
    # Where the workers are elsewhere, nobody knows beforehand what their images have.
    with override_settings(EMBEDDED=True), pytest.raises(BadRequest, match=words) as refused:
        stage.start(alone(role))
    assert str(refused.value).startswith("roles.agent.command.")


@pytest.mark.parametrize(
    ("source", "sandbox", "words"),
    [
        ("import sys; sys.exit('no model answered')", {}, "ended with 1. no model answered"),
        ("import time; time.sleep(60)", {"timeout_s": 1}, "ran out of time"),
        ("print('x' * (2 << 20))", {}, "more than an answer can have"),
    ],
)
def test_a_command_that_fails_says_how(
    stage: Stage, source: str, sandbox: Json, words: str
) -> None:
    played = stage.play(alone(command(source, sandbox=sandbox)))
    assert played.run.status == "failed"
    assert words in played.error["message"]


def test_a_program_that_is_not_there_after_all_is_named(stage: Stage) -> None:
    """One in the workspace can only be looked for when the run is there."""
    played = stage.play(alone(command("", argv=["./agent.sh"])))
    assert "has no program './agent.sh'" in played.error["message"]


def test_a_rehearsal_runs_no_command_that_could_reach_a_model(stage: Stage) -> None:
    credential_set(team=stage.team, provider="openai", name="cli", api_key=KEY)
    with_key = command(TELLS, "node", command={"credential": "cli"})
    crew = document("graph", {"paid": with_key, "free": command(ECHO, "node")})
    version = crew_publish(
        crew=crew_create(team=stage.team, user=stage.user, document=crew), user=stage.user
    )
    run = run_start(team=stage.team, user=stage.user, version=version, task="Count", rehearsal=True)
    played = stage.go_on(run)
    assert played.run.status == "finished"
    assert played.output["free"] == "COUNT"
    assert [output["stdout"] for output in outputs(played)] == ["COUNT\n"]
    asked = [e["payload"] for e in played.entries if e["payload"].get("type") == "model_call"]
    assert [payload["provider"] for payload in asked] == ["rehearsal"]
