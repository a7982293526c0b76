"""Each template fits what is installed and, rehearsed, does real work in real sandboxes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from config.data_dir import BASE_DIR
from crews.library import LibraryEntry, library_entries
from crews.lint import crew_lint
from crews.parse import crew_parse
from runs.catalog import catalog
from tests.engines.installation import Installation

ENTRIES = {entry.slug: entry for entry in library_entries()}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())
def test_a_template_has_no_problems_here(entry: LibraryEntry) -> None:
    assert crew_lint(entry.spec, catalog()) == []


def test_the_documents_own_example_has_no_problems_here() -> None:
    text = (BASE_DIR / "docs" / "crew-document.md").read_text()
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert crew_lint(crew_parse(example), catalog()) == []


Rehearse = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def rehearse(tmp_path_factory: pytest.TempPathFactory) -> Rehearse:
    """Rehearse a template with its own example and return the run's journal."""
    settings = {"CALLSHEET_REHEARSAL_PACE": "0"}
    folder = tmp_path_factory.mktemp("rehearsals")
    installation = Installation(mode="embedded", folder=folder, settings=settings)

    def run(slug: str) -> list[dict[str, Any]]:
        task = ENTRIES[slug].spec.task.example
        done = installation.run("run_crew", slug, "--task", task, "--rehearse", "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def outputs(journal: list[dict[str, Any]], name: str) -> list[Any]:
    """Return what the calls of a tool brought, in their order."""
    started = {
        entry["action"]: entry["payload"]["name"]
        for entry in journal
        if entry["kind"] == "action.started"
    }
    return [
        entry["payload"]["output"]
        for entry in journal
        if entry["kind"] == "action.finished" and started[entry["action"]] == name
    ]


def checks(journal: list[dict[str, Any]]) -> list[dict[str, bool]]:
    """Return the verdicts of each run of the checks."""
    found = []
    for output in outputs(journal, "run_checks"):
        verdicts = json.loads(output["text"])["checks"]
        found.append({name: verdict["passed"] for name, verdict in verdicts.items()})
    return found


def test_b2_the_research_desk_needs_no_sandbox_and_corrects_what_breaks_its_contract(
    rehearse: Rehearse,
) -> None:
    roles = ENTRIES["research-desk"].spec.roles.values()
    tools = {use.name for role in roles for use in role.tools}
    assert tools == {"ask_human"}
    journal = rehearse("research-desk")
    asked = [
        json.dumps(entry["payload"]["input"]["messages"])
        for entry in journal
        if entry["kind"] == "action.started" and entry["payload"]["type"] == "model_call"
    ]
    assert any("confidence: 'confidence' is missing." in text for text in asked)
    assert "Move to a small database" in journal[-1]["payload"]["output"]


@pytest.mark.usefixtures("docker_client")
def test_a1_the_project_manager_sends_work_back(rehearse: Rehearse) -> None:
    journal = rehearse("project-manager")
    assert checks(journal) == [
        {"pytest": True, "ruff": True},
        {"pytest": False},
        {"pytest": True, "ruff": True, "mypy": True},
    ]
    (tried,) = outputs(journal, "run_python")
    assert "212.0" in tried["text"]
    assert "The module is done" in journal[-1]["payload"]["output"]


@pytest.mark.usefixtures("docker_client")
def test_a2_tags_route_to_roles_and_the_tester_finds_the_fault(rehearse: Rehearse) -> None:
    journal = rehearse("project-manager-tags")
    assert checks(journal) == [{"pytest": False}, {"pytest": True, "ruff": True}]
    answer = journal[-1]["payload"]["output"]
    assert "MCMXCIV" in answer
    assert "TASK_COMPLETE" not in answer


@pytest.mark.usefixtures("docker_client")
def test_a3_lunar_lander_is_served(rehearse: Rehearse) -> None:
    journal = rehearse("lunar-lander")
    (fetched,) = outputs(journal, "run_python")
    assert fetched["stdout"].count(" 200 ") == 3
    (opened,) = outputs(journal, "open_preview")
    assert opened["preview"] == {"number": 1, "port": 8000, "title": "Lunar Lander"}
    assert "cannot be opened" in opened["text"]  # no server drives this run
    assert "ready to play" in journal[-1]["payload"]["output"]


@pytest.mark.usefixtures("docker_client")
def test_b1_b3_b4_the_reviewer_approves_at_the_second_review(rehearse: Rehearse) -> None:
    journal = rehearse("research-code-review")
    passed = {"pytest": True, "ruff": True, "mypy": True}
    assert checks(journal) == [passed | {"ruff": False}, passed]
    measured = outputs(journal, "shell")[-1]["text"]
    assert "insertion_sort" in measured
    assert "5 passed" in measured


@pytest.mark.usefixtures("docker_client")
def test_d3_the_assembly_line_adds_up(rehearse: Rehearse) -> None:
    result = rehearse("assembly-line")[-1]["payload"]["output"]
    assert result["valid"]
    assert "5 orders, 3,649.95 in total" in result["report"]
