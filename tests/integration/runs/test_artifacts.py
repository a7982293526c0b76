"""Files go along with a handoff: from sandbox to sandbox, and kept in the run (A9)."""

import hashlib
import re
from typing import Any

import docker
import pytest

from crews.services import crew_create, crew_publish
from runs.engine.artifacts import _placed
from runs.models import Blob
from sandbox.api import ManifestEntry, Snapshot
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import code_role, document, model_role, pipeline
from tests.integration.runs.kills import replayed, survives_kills
from tests.integration.runs.playing import Played, Stage
from tests.integration.runs.test_workspace import answered, containers

pytestmark = pytest.mark.usefixtures("docker_client")
Json = Any
MAKES = """
import json, os
os.makedirs("data", exist_ok=True)
open("figures.csv", "w").write("a,b\\n1,2\\n")
open("data/more.csv", "w").write("c\\n3\\n")
open("secret.txt", "w").write("stays")
open("run.sh", "w").write("#!/bin/sh\\necho ran\\n")
os.chmod("run.sh", 0o755)
print(json.dumps({"made": True}))
"""
LISTS = """
import json, os
found = {}
for folder, _, files in os.walk("."):
    for name in files:
        path = os.path.relpath(os.path.join(folder, name))
        found[path] = [open(path).read(), os.access(path, os.X_OK)]
print(json.dumps(found))
"""
MINIMAL = {"image": "minimal"}
FIGURES = "a,b\n1,2\n"
PAUSE = {"seat": "stage", "kind": "human", "instructions": "Go on?"}


def crew(*artifacts: str, source: str = MAKES, **fields: Json) -> Json:
    roles = {
        "maker": code_role("stage", source, sandbox=MINIMAL),
        "reader": code_role("stage", LISTS, sandbox=MINIMAL),
    }
    return pipeline(roles, {0: {"artifacts": list(artifacts)}}, **fields)


def handoff(played: Played, key: str = "handoff-maker-reader") -> Json:
    return next(
        e["payload"]["output"] for e in played.action(key) if e["kind"] == "action.finished"
    )


def test_a9_files_move_and_are_kept_by_hash(stage: Stage) -> None:
    played = stage.play(crew("*.csv", "run.sh"))
    assert played.output == {
        "figures.csv": [FIGURES, False],
        "data/more.csv": ["c\n3\n", False],
        "run.sh": ["#!/bin/sh\necho ran\n", True],
    }
    told = handoff(played)
    digest = hashlib.sha256(FIGURES.encode()).hexdigest()
    assert {"path": "figures.csv", "size": 8, "sha256": digest} in told["artifacts"]
    assert "missing" not in told
    assert bytes(Blob.objects.get(run=played.run, sha256=digest).data) == FIGURES.encode()


def test_a9_files_arrive_whenever_the_worker_is_lost(stage: Stage) -> None:
    played = survives_kills(stage, crew("*.csv"), every=8)
    assert played.output["figures.csv"] == [FIGURES, False]


def test_what_matches_nothing_is_said(stage: Stage) -> None:
    played = stage.play(crew("*.parquet", "data/*.csv"))
    assert played.output == {"data/more.csv": ["c\n3\n", False]}
    assert handoff(played)["missing"] == ["*.parquet"]


def test_files_that_are_too_large_are_refused_by_name(stage: Stage) -> None:
    large = 'import json\nopen("big.csv", "wb").write(bytes(17 << 20))\nprint(json.dumps({}))'
    played = stage.play(crew("*.csv", source=large))
    assert played.run.status == "failed"
    assert played.error["kind"] == "artifacts_refused"
    assert "big.csv" in played.error["message"]


def test_moved_files_are_there_after_the_container_is_lost(
    stage: Stage, docker_client: docker.DockerClient
) -> None:
    """The reader has worked before; then its container is lost, and what came stays."""
    roles = {
        "maker": code_role("stage", MAKES, sandbox=MINIMAL),
        "keeper": code_role("stage", LISTS, sandbox=MINIMAL),
        "ann": PAUSE,
        "reader": code_role("stage", LISTS, sandbox={**MINIMAL, "shared": "desk"}),
    }
    roles["keeper"]["sandbox"] = {**MINIMAL, "shared": "desk"}
    waiting = stage.play(pipeline(roles, {0: {"artifacts": ["*.csv"]}}))
    for lost in containers(waiting.run):
        docker_client.containers.get(lost).remove(force=True)
    done = answered(stage, waiting)
    assert done.output["figures.csv"] == [FIGURES, False]
    # The journal's result of the handoff was used; the files did not move twice.
    assert len(done.action("handoff-maker-keeper/deliver-keeper")) == 2


def test_what_is_too_large_to_be_kept_is_not_overwritten() -> None:
    file = ManifestEntry(path="a.csv", kind="file", mode=0o644, size=1, sha256="0" * 64)
    there = Snapshot(entries=(), skipped=(("a.csv", "it is larger than 16777216 bytes"),))
    placed = _placed("maker", {}, {"a.csv": file}, there)
    assert [entry.path for entry in placed.values()] == ["from-maker/a.csv"]


def test_two_sources_of_one_name_both_arrive(stage: Stage) -> None:
    def specialist(word: str) -> Json:
        source = f'open("result.txt", "w").write("{word}")\nprint("{{}}")'
        return code_role("specialist", source, sandbox=MINIMAL)

    roles = {
        "red": specialist("red"),
        "blue": specialist("blue"),
        "merger": code_role("merger", LISTS, sandbox=MINIMAL),
    }
    edges = [{"from": n, "to": "merger", "artifacts": ["result.txt"]} for n in ("red", "blue")]
    played = stage.play(document("parallel", roles, handoffs=edges))
    assert sorted(text for text, _ in played.output.values()) == ["blue", "red"]
    assert set(played.output) in (
        {"result.txt", "from-red/result.txt"},
        {"result.txt", "from-blue/result.txt"},
    )


def test_a_model_is_told_what_came_along_as_data(stage: Stage) -> None:
    roles = {
        "maker": code_role("stage", MAKES, sandbox=MINIMAL),
        "reader": model_role(
            "stage", capabilities=["file_management"], tools=["read_file"], sandbox=MINIMAL
        ),
    }
    stage.server.rules = [Rule(contains="came along", reply=Reply(text="read"))]
    played = stage.play(pipeline(roles, {0: {"artifacts": ["figures.csv"]}}))
    (call,) = stage.server.calls
    assert played.output == "read"
    assert re.search(r'<data-\w+ from="maker">\nfigures.csv\n</data-', call.last_text)
    assert call.all_text.count("figures.csv") == 1


def test_files_go_into_a_crew_and_come_out_of_it(stage: Stage) -> None:
    """A crew that stands for a role has the files of the roles in it; its shared sandbox is its
    own."""
    turns = 'import os\nos.rename("figures.csv", "turned.csv")\nprint("{}")'
    desk = {**MINIMAL, "shared": "desk"}
    inner = {
        "idle": code_role("stage", "print('{}')", sandbox=desk),
        "turner": code_role("stage", turns, sandbox=desk),
    }
    crew_publish(
        crew=crew_create(
            team=stage.team, user=stage.user, document={**pipeline(inner), "name": "inside"}
        ),
        user=stage.user,
    )
    roles = {
        "maker": code_role("stage", MAKES, sandbox=desk),
        "inside": {"seat": "stage", "kind": "crew", "crew": {"slug": "inside"}},
        "reader": code_role("stage", LISTS, sandbox=MINIMAL),
    }
    edges = {0: {"artifacts": ["figures.csv"]}, 1: {"artifacts": ["*.csv"]}}
    played = stage.play(pipeline(roles, edges))
    assert played.output == {"turned.csv": [FIGURES, False]}, played.error
    assert replayed(played) > 0
