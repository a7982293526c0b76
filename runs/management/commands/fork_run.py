"""`manage.py fork_run RUN ACTION`: go on from an action of a run as a new run, in this process.
◆"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from crews.strict_json import json_load
from runs.errors import BadRequest
from runs.forks import Edit, model_of_text, run_fork
from runs.management.commands import run_crew
from runs.models import Run
from teams.services import owner


class Command(run_crew.Command):
    help = "Start a fork of a run at an action (an id, or its key) and print what happens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", metavar="RUN")
        parser.add_argument("action", metavar="ACTION")
        parser.add_argument(
            "--output", metavar="FILE", help="the action's result: a JSON file, or a text file"
        )
        parser.add_argument(
            "--input", metavar="FILE", help="what the action is given: a JSON file, or a text file"
        )
        parser.add_argument(
            "--instructions", metavar="TEXT", help="the instructions of the role from there on"
        )
        parser.add_argument(
            "--model",
            metavar="MODEL",
            help="the model of the role from there on: provider/name, a tier, or JSON",
        )
        parser.add_argument("--role", help="whose instructions or model; by default the agent's")
        parser.add_argument(
            "--json", action="store_true", help="print one journal entry per line and nothing else"
        )

    def _start(self, options: dict[str, Any]) -> Run:
        run = run_find(options["run"])
        edit: dict[str, Any] = {}
        for name in ("output", "input"):
            if options[name] is not None:
                edit[name] = _read(options[name])
        for name in ("instructions", "role"):
            if options[name] is not None:
                edit[name] = options[name]
        if options["model"] is not None:
            edit["model"] = model_of_text(options["model"].strip())
        at = options["action"]
        return run_fork(run=run, action=at, edit=Edit(**edit), user=owner(), here=True)


def run_find(text: str) -> Run:
    """Return a run by its id. Raises BadRequest."""
    try:
        runs = Run.objects.select_related("team", "version", "crew")
        return runs.get(pk=UUID(text))
    except (ValueError, Run.DoesNotExist):
        raise BadRequest(f"RUN: there is no run '{text}'") from None


def _read(path: str) -> Any:
    """Return a file's JSON value, or its text where it is none."""
    text = Path(path).read_text(encoding="utf-8")
    try:
        return json_load(text)
    except ValueError:
        return text.rstrip("\n")
