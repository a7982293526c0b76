"""The workspace belongs to the run: it is there after its container and its worker are gone."""

import asyncio
import hashlib
from contextlib import suppress

import docker
import pytest

from crews.spec import CrewSpec
from runs.engine.drive import Drive
from runs.engine.machine import Machine
from runs.engine.workspace import RUN_LABEL, Workspaces
from runs.errors import FilesForgotten
from runs.models import Blob, Run
from runs.selectors import state_of
from runs.services import decision_make
from sandbox.docker_driver import DockerDriver
from tests.integration.runs.documents import code_role, document, pipeline
from tests.integration.runs.playing import Played, Stage, on_machine, run_out

pytestmark = pytest.mark.usefixtures("docker_client")
WRITES = """
import json, os
os.makedirs("data", exist_ok=True)
with open("data/notes.txt", "w") as file:
    file.write("kept for later")
print(json.dumps({"wrote": True}))
"""
READS = """
import json, os
path = "data/notes.txt"
print(json.dumps({"found": open(path).read() if os.path.exists(path) else None}))
"""
SHARED = {"image": "minimal", "shared": "desk"}
CREW = pipeline(
    {
        "writer": code_role("stage", WRITES, sandbox=SHARED),
        "ann": {"seat": "stage", "kind": "human", "instructions": "Go on?"},
        "reader": code_role("stage", READS, sandbox=SHARED),
    }
)


def test_a_living_container_is_attached_again(stage: Stage) -> None:
    waiting = stage.play(CREW)
    assert waiting.run.status == "waiting"
    before = containers(waiting.run)
    assert len(before) == 1
    done = answered(stage, waiting)
    assert done.output == {"found": "kept for later"}
    assert containers(done.run) == []


def test_a_lost_container_is_replaced_with_its_files(
    stage: Stage, docker_client: docker.DockerClient
) -> None:
    waiting = stage.play(CREW)
    (lost,) = containers(waiting.run)
    docker_client.containers.get(lost).remove(force=True)
    assert answered(stage, waiting).output == {"found": "kept for later"}


def test_what_cannot_be_restored_is_never_taken_for_the_whole(
    stage: Stage, docker_client: docker.DockerClient
) -> None:
    """The files are forgotten: who asks a second time must not find the container that was made
    for the first, without them."""
    waiting = stage.play(CREW)
    (lost,) = containers(waiting.run)
    docker_client.containers.get(lost).remove(force=True)
    Blob.objects.filter(run=waiting.run).delete()

    async def ask(machine: Machine) -> None:
        spaces = Workspaces(
            machine.driver,
            CrewSpec.model_validate(CREW),
            {RUN_LABEL: str(waiting.run.pk)},
            fold,
            machine.read,
            machine.writer,
        )
        for _ in range(2):
            with pytest.raises(FilesForgotten):
                await spaces.of("reader")
        await spaces.close(remove=True)

    fold = state_of(waiting.run)
    on_machine(ask)
    assert containers(waiting.run) == []


def test_the_journal_names_what_a_command_changed(stage: Stage) -> None:
    waiting = stage.play(CREW)
    (finished,) = [e for e in waiting.action("writer/program") if e["kind"] == "action.finished"]
    workspace = finished["payload"]["output"]["workspace"]
    assert workspace["name"] == "shared-desk"
    digest = hashlib.sha256(b"kept for later").hexdigest()
    told = {"path": "data/notes.txt", "change": "added", "size": 14, "sha256": digest}
    assert told in workspace["files"]
    assert workspace["version"] == 1
    assert answered(stage, waiting).run.status == "finished"


def answered(stage: Stage, waiting: Played) -> Played:
    (question,) = [e for e in waiting.entries if e["kind"] == "run.waiting"]
    decision_make(
        run=waiting.run, action=question["action"], user=stage.user, choice="answer", value="yes"
    )
    return stage.go_on(waiting.run)


def containers(run: Run) -> list[str]:
    """Return the ids of a run's sandboxes."""
    found: list[str] = []

    async def look(_: object) -> None:
        driver = DockerDriver()
        found.extend(info.id for info in await driver.list({RUN_LABEL: str(run.pk)}))
        await driver.close()

    on_machine(look)
    return found


def posting(name: str) -> str:
    """A program that puts letters into everybody's mailbox, and looks at them again."""
    return f"""
import json, os, time
for n in range(20):
    os.makedirs(f"mail/box{{n % 3}}", exist_ok=True)
    with open(f"mail/box{{n % 3}}/{name}-{{n}}.txt", "w") as letter:
        letter.write("from {name}")
    time.sleep(0.01)
print(json.dumps({{"sent": 20}}))
"""


READS_MAIL = """
import glob, json
letters = sorted(glob.glob("mail/*/*.txt"))
print(json.dumps({"letters": len(letters), "texts": sorted({open(l).read() for l in letters})}))
"""


def test_d5_mailboxes_are_files_in_a_shared_sandbox(
    stage: Stage, docker_client: docker.DockerClient
) -> None:
    """Roles write side by side; the container is lost, and the next one has every letter."""
    writers = ("ann", "bob", "cleo")
    roles = {name: code_role("node", posting(name), sandbox=SHARED) for name in writers}
    roles["pause"] = {"seat": "node", "kind": "human", "instructions": "Go on?"}
    roles["reader"] = code_role("node", READS_MAIL, sandbox=SHARED)
    edges = [{"from": name, "to": "pause"} for name in writers]
    crew = document("graph", roles, handoffs=[*edges, {"from": "pause", "to": "reader"}])
    waiting = stage.play(crew)
    (lost,) = containers(waiting.run)
    docker_client.containers.get(lost).remove(force=True)
    done = answered(stage, waiting)
    assert done.output == {"letters": 60, "texts": ["from ann", "from bob", "from cleo"]}
    told = [
        e["payload"]["output"]["workspace"]
        for e in done.entries
        if e["kind"] == "action.finished" and "workspace" in (e["payload"]["output"] or {})
    ]
    assert {place["name"] for place in told} == {"shared-desk"}
    versions = [place["version"] for place in told]
    assert len(set(versions)) == len(versions)


# Waits for as long as it is in the container in which the notes were written.
WAITS = """
import json, os, time
if os.path.exists("/tmp/first"):
    open("begun", "w").close()
    time.sleep(600)
print(json.dumps({"notes": open("data/notes.txt").read(), "begun": os.path.exists("begun")}))
"""


@pytest.mark.parametrize("how", ["kill", "pause"])
def test_a_command_whose_container_is_lost_is_begun_again_with_the_files(
    stage: Stage, docker_client: docker.DockerClient, how: str
) -> None:
    """The container is killed from outside, or paused, which ends it after some seconds."""
    roles = {
        "writer": code_role("stage", WRITES + '\nopen("/tmp/first", "w").close()', sandbox=SHARED),
        "waiter": code_role("stage", WAITS, sandbox={**SHARED, "timeout_s": 600}),
    }
    run = stage.start(pipeline(roles))

    async def work(machine: Machine) -> None:
        drive = asyncio.ensure_future(Drive(machine, str(run.pk)).go())
        async with asyncio.timeout(120):
            await asyncio.to_thread(lose, docker_client, str(run.pk), how)
            await drive

    on_machine(work)
    played = stage.read(run)
    assert played.output == {"notes": "kept for later", "begun": False}
    started = [e for e in played.action("waiter/program") if e["kind"] == "action.started"]
    assert [e["payload"]["attempt"] for e in started] == [1, 2]


def lose(client: docker.DockerClient, run: str, how: str) -> None:
    """Wait until the second program is at it, and end its container from outside."""
    while True:
        for found in client.containers.list(
            filters={"label": f"{RUN_LABEL}={run}"}, ignore_removed=True
        ):
            code, _ = found.exec_run(["test", "-e", "/workspace/begun"])
            if code == 0:
                getattr(found, how)()
                return


def test_files_seen_by_a_worker_that_was_lost_are_told_by_the_next(
    stage: Stage, docker_client: docker.DockerClient
) -> None:
    """The first worker is lost when the files were kept, but the journal does not say so yet; then
    the container is lost as well."""

    async def work(machine: Machine) -> None:
        drive = Drive(machine, str(run.pk))
        going = asyncio.ensure_future(drive.go())
        await asyncio.to_thread(until_kept)
        drive.stop()
        with suppress(asyncio.CancelledError):
            await going

    def until_kept() -> None:
        while not Blob.objects.filter(run=run).exists():
            pass

    run = stage.start(CREW)
    on_machine(work)
    run_out(run)
    waiting = stage.go_on(run)
    assert waiting.run.status == "waiting"
    for lost in containers(run):
        docker_client.containers.get(lost).remove(force=True)
    assert answered(stage, waiting).output == {"found": "kept for later"}
