"""`manage.py run_crew` without server or worker: exit codes, and what it prints."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from django.core.management import execute_from_command_line

from tests.engines.installation import Installation
from tests.fakes.model_server import ModelServer, Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import ANTHROPIC, OPENAI, desk, steps

pytestmark = pytest.mark.whole
Json = Any


@pytest.fixture(scope="module")
def bare(fake_models: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A data folder that nobody has set up, and keys in the environment."""
    keys = {
        "OPENAI_API_KEY": "sk-environment",
        "OPENAI_BASE_URL": fake_models.openai_url,
        "ANTHROPIC_API_KEY": "sk-environment",
        "ANTHROPIC_BASE_URL": fake_models.anthropic_url,
    }
    return Installation(mode="embedded", folder=tmp_path_factory.mktemp("bare"), settings=keys)


def written(folder: Path, document: Json) -> str:
    path = folder / "crew.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_json_prints_the_journal_and_nothing_else(
    bare: Installation, server: ModelServer, tmp_path: Path
) -> None:
    server.rules = [Rule(reply=Reply(text="streamed in pieces", pieces=6), piece_ms=20)]
    document = steps(3, model=OPENAI)
    document["roles"]["s1"]["model"] = ANTHROPIC
    crew = written(tmp_path, document)
    done = bare.run("run_crew", crew, "--task", "Go", "--json")
    assert done.returncode == 0, done.stderr
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    trail.check(entries)
    assert entries[-1]["payload"]["status"] == "finished"
    assert entries[-1]["payload"]["output"] == "streamed in pieces"
    assert len(server.calls) == 3
    assert {call.key for call in server.calls} == {"sk-environment"}
    assert "sk-environment" not in done.stdout + done.stderr
    assert done.stderr == ""
    run = entries[0]["run"]
    assert bare.run("verify_audit", run).returncode == 0
    replayed = bare.run("replay_run", run)
    assert (replayed.returncode, "identical" in replayed.stdout) == (0, True), replayed
    assert len(server.calls) == 3


def test_progress_for_people(bare: Installation, server: ModelServer, tmp_path: Path) -> None:
    server.rules = [Rule(reply=Reply(text="Here you are"))]
    done = bare.run("run_crew", written(tmp_path, steps(2)), "--task", "Go")
    assert done.returncode == 0, done.stderr
    assert "Here you are" in done.stdout
    assert "s0/model1" not in done.stdout
    assert "finished" in done.stdout


def test_a_failure_is_exit_1_and_says_what_to_do(
    bare: Installation, server: ModelServer, tmp_path: Path
) -> None:
    server.rules = [Rule(status=401, message="bad key")]
    done = bare.run("run_crew", written(tmp_path, steps(2)), "--task", "Go")
    assert done.returncode == 1
    assert "key" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_question_is_exit_3(bare: Installation, server: ModelServer, tmp_path: Path) -> None:
    ask = {"name": "ask_human", "arguments": {"question": "Which?"}}
    server.rules = [Rule(reply=Reply(tool_calls=(ask,)))]
    crew = written(tmp_path, desk(["coder"], lead={"tools": ["ask_human"]}))
    done = bare.run("run_crew", crew, "--task", "Go", "--json")
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["kind"] == "run.waiting"


def test_a_rehearsal_needs_nothing(bare: Installation, server: ModelServer, tmp_path: Path) -> None:
    done = bare.run("run_crew", written(tmp_path, steps(2)), "--task", "Go", "--rehearse")
    assert done.returncode == 0, done.stderr
    assert "no model was called" in done.stdout
    assert done.stdout.rstrip().endswith(" tokens, $0.000000")
    assert server.calls == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.yaml", "--task", "Go"], "nowhere.yaml"),
        (["{bad}", "--task", "Go"], "pattern"),
        (["{good}", "--task", ""], "task"),
        (["{good}"], "--task"),
        (["{good}", "--task", "Go", "--input", "/nowhere.json"], "nowhere.json"),
        (["{good}", "--task", "Go", "--input", "{broken}"], "--input"),
        (["{good}", "--task", "Go", "--input", "{bytes}"], "--input"),
        (["{broken}", "--task", "Go"], ""),
        (["{bytes}", "--task", "Go"], ""),
    ],
    ids=[
        "no crew",
        "bad crew",
        "empty task",
        "no task",
        "no input",
        "broken input",
        "input of bytes",
        "broken crew",
        "crew of bytes",
    ],
)
def test_bad_input_is_exit_2(
    transactional_db: None,
    server: ModelServer,
    tmp_path: Path,
    arguments: list[str],
    told: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.WARNING, "runs")  # The command sets it, and this takes it back.
    files = {
        "{good}": json.dumps(steps(2)).encode(),
        "{bad}": json.dumps(steps(2) | {"pattern": {"name": "chaos"}}).encode(),
        "{broken}": b"[" * 3_000,
        "{bytes}": b"\xff\xfe\x00",
    }
    for name, data in files.items():
        (tmp_path / name.strip("{}")).write_bytes(data)
    given = [str(tmp_path / a.strip("{}")) if a in files else a for a in arguments]
    with pytest.raises(SystemExit) as ended:
        execute_from_command_line(["manage.py", "run_crew", *given])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert told in said.err
    assert "Traceback" not in said.err
    assert server.calls == []
