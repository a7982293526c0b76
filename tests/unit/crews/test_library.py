"""The built-in templates fit what is installed, and their rehearsals do what they say they do."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crews.library import LibraryEntry, library_entries
from crews.schema_guard import validate_payload

ENTRIES = {entry.slug: entry for entry in library_entries()}


def test_the_library_is_complete() -> None:
    patterns = {entry.spec.pattern.name for entry in ENTRIES.values()}
    assert patterns == {
        "hierarchical", "plan", "pipeline", "route", "parallel", "debate", "review", "mesh",
        "blackboard", "events", "graph",
    }  # fmt: skip
    assert len({entry.position for entry in ENTRIES.values()}) == len(ENTRIES) >= 21


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.slug)
def test_a_template_says_when_to_use_it_and_can_be_tried_at_once(entry: LibraryEntry) -> None:
    assert entry.summary
    assert entry.advice
    assert entry.spec.task.example
    played = {name for name, role in entry.spec.roles.items() if role.kind == "model"}
    assert set((entry.rehearsal or {"roles": {}})["roles"]) <= played


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.slug)
def test_templates_name_tiers_and_not_models(entry: LibraryEntry) -> None:
    for role in entry.spec.roles.values():
        assert role.model is None or role.model.tier is not None


class Stage:
    """Carries out the calls of a script in a folder, as the tools do in a sandbox."""

    def __init__(self, folder: Path, script: Any) -> None:
        self.folder = folder
        self.roles = script["roles"]

    def play(self, role: str, visit: int) -> list[str]:
        """Return what pytest said in each of its runs in this scene: "2 failed, 11 passed"."""
        scene = next(scene for scene in self.roles[role] if scene.get("visit", visit) == visit)
        calls = [call for turn in scene["turns"] for call in turn.get("call", ())]
        said = [self._call(name, arguments) for call in calls for name, arguments in call.items()]
        return [text for text in said if text]

    def _call(self, tool: str, arguments: Any) -> str:
        if tool == "write_file":
            (self.folder / arguments["path"]).write_text(arguments["content"])
        elif tool == "run_python":
            self._run(sys.executable, "-c", arguments["code"])
        elif tool == "shell" and arguments["command"].startswith("sed"):
            self._run("sh", "-c", arguments["command"])
        elif tool in ("shell", "run_checks"):
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no"]
            last = self._run(*command, check=False).strip().splitlines()[-1]
            return last.split(" in ")[0]
        return ""

    def _run(self, *argv: str, check: bool = True) -> str:
        done = subprocess.run(
            argv,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=check,
            env={"PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        )
        return done.stdout


def test_the_project_manager_rehearsal_tells_the_truth(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ENTRIES["project-manager"].rehearsal)
    assert stage.play("developer", 1) == ["10 passed"]
    assert stage.play("developer", 2) == ["2 failed, 10 passed", "12 passed"]


def test_the_tags_rehearsal_tells_the_truth(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ENTRIES["project-manager-tags"].rehearsal)
    stage.play("developer", 1)
    assert stage.play("tester", 1) == ["2 failed, 11 passed"]
    stage.play("developer", 2)
    assert stage.play("tester", 2) == ["13 passed"]


def test_the_review_rehearsal_tells_the_truth(tmp_path: Path) -> None:
    stage = Stage(tmp_path, ENTRIES["research-code-review"].rehearsal)
    assert stage.play("coder", 1) == ["1 passed"]
    assert "import json" in (tmp_path / "measure.py").read_text()
    assert stage.play("coder", 2) == ["5 passed"]
    assert "import json" not in (tmp_path / "measure.py").read_text()


@pytest.mark.parametrize("slug", ["research-desk", "project-manager", "research-code-review"])
def test_rehearsed_answers_keep_their_contracts(slug: str) -> None:
    entry = ENTRIES[slug]
    for handoff in entry.spec.handoffs:
        for scene in entry.rehearsal["roles"][handoff.from_]:
            assert handoff.schema_ is not None
            assert validate_payload(handoff.schema_, scene["turns"][-1]["say"]) == []


def line(given: Any) -> list[Any]:
    """Run the programs of the assembly line, each on what the one before gave."""
    results = []
    for name in ("extract", "transform", "validate"):
        program = ENTRIES["assembly-line"].spec.roles[name].program
        assert program is not None
        done = subprocess.run(
            [sys.executable, "-I", "-c", program.source],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        given = json.loads(done.stdout)
        results.append(given)
    return results


def test_the_assembly_line_does_its_work() -> None:
    spec = ENTRIES["assembly-line"].spec
    extracted, transformed, checked = line({"task": spec.task.example, "inputs": None})
    for payload, handoff in zip((extracted, transformed), spec.handoffs, strict=True):
        assert validate_payload(handoff.schema_ or {}, payload) == []
    assert validate_payload(spec.roles["validate"].returns or {}, checked) == []
    assert [item["line"] for item in extracted["rejected"]] == [5]
    assert transformed["total_cents"] == 125000 + 31840 + 9995 - 1840 + 200000
    assert transformed["by_customer"]["Blue Harbour"] == 30000
    assert checked["valid"]
    assert "5 orders, 3,649.95 in total" in checked["report"]
    assert "line 5: 'sometime' is not a date" in checked["report"]


def test_the_assembly_line_stops_at_the_contract_without_orders() -> None:
    program = ENTRIES["assembly-line"].spec.roles["extract"].program
    contract = ENTRIES["assembly-line"].spec.handoffs[0].schema_
    assert program is not None
    assert contract is not None
    done = subprocess.run(
        [sys.executable, "-I", "-c", program.source],
        input=json.dumps({"task": "nothing of the kind", "inputs": None}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert [item.path for item in validate_payload(contract, json.loads(done.stdout))] == [
        "records"
    ]
