"""`manage.py run_crew`: one crew, one task, in this process, without server or worker. ◆"""

import asyncio
import json
import logging
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, call_command

from crews.errors import CrewError
from crews.models import Crew, Template
from crews.parse import DocumentRefused
from crews.services import crew_from_template, crew_import
from runs.errors import BadRequest
from runs.journal import store
from runs.journal.entries import Entry
from runs.models import Run
from runs.run_here import drive_here, person_here
from runs.services import crew_version, run_start
from teams.models import Team, User

EXIT = {"finished": 0, "failed": 1, "cancelled": 1, "paused": 1, "waiting": 3}
BAD_INPUT = 2


class Command(BaseCommand):
    help = "Run a crew in this process and print what happens."
    requires_system_checks: list[str] = []  # they load every page: 0.3 s of 1.2

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "crew",
            metavar="FILE_OR_SLUG",
            help="a crew.yaml or JSON file, or the slug of a crew or template",
        )
        parser.add_argument(
            "--task", required=True, help="the task: text, or JSON where the crew has a task schema"
        )
        parser.add_argument(
            "--input", metavar="FILE", help="a JSON file handed to the first role beside the task"
        )
        parser.add_argument(
            "--rehearse", action="store_true", help="call no model: play the rehearsal"
        )
        parser.add_argument(
            "--json", action="store_true", help="print one journal entry per line and nothing else"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # A run that is started here prints nothing but itself; setting up is silent.
        logging.getLogger("runs").setLevel(logging.WARNING)
        call_command("migrate", verbosity=0, interactive=False)
        call_command("install_templates", verbosity=0)
        try:
            run = self._start(options)
        except (BadRequest, CrewError, DocumentRefused, OSError, ValueError) as error:
            for line in self._told(error):
                self.stderr.write(line)
            sys.exit(BAD_INPUT)
        show = self._json if options["json"] else self._progress
        try:
            asyncio.run(drive_here(str(run.pk), str(run.lease), show))
        except KeyboardInterrupt:
            self.stderr.write(
                f"Stopped. The run {run.pk} goes on when a worker or run_crew takes it up."
            )
            sys.exit(1)
        run.refresh_from_db()
        if not options["json"]:
            self._summary(run)
        sys.exit(EXIT.get(run.status, 1))

    def _start(self, options: dict[str, Any]) -> Run:
        user, team = person_here()
        crew = self._crew(options["crew"], team, user)
        task = options["task"]
        version = crew_version(crew=crew, user=user)
        if version.document.get("task", {}).get("schema") is not None:
            task = _json(task, "--task")
        given = _json(_text(options["input"], "--input"), "--input") if options["input"] else None
        return run_start(
            team=team,
            user=user,
            version=version,
            task=task,
            input=given,
            rehearsal=options["rehearse"],
            here=True,
        )

    def _crew(self, name: str, team: Team, user: User) -> Crew:
        path = Path(name)
        if path.is_file():
            return crew_import(team=team, user=user, data=path.read_bytes())
        if crew := Crew.objects.filter(team=team, slug=name, archived_at=None).first():
            return crew
        if template := Template.objects.filter(team=None, slug=name).first():
            return crew_from_template(template=template, team=team, user=user)
        known = ", ".join(Template.objects.filter(team=None).values_list("slug", flat=True))
        raise BadRequest(
            f"FILE_OR_SLUG: there is no file, crew or template '{name}'. Templates: {known}"
        )

    def _told(self, error: Exception) -> list[str]:
        problems = [
            f"{p['path']}: {p['message']}" if isinstance(p, dict) else str(p)
            for p in getattr(error, "problems", [])
        ]
        return [str(error), *(f"  {text}" for text in problems if text != str(error))]

    def _json(self, entry: Entry) -> None:
        self.stdout.write(json.dumps(entry.model_dump(mode="json")))

    def _progress(self, entry: Entry) -> None:
        payload = entry.payload or {}
        depth = "  " * entry.key.count("/")
        if payload.get("taken"):
            return  # A fork's beginning, which happened in another run.
        if entry.kind == "action.started":
            self.stdout.write(
                f"{entry.seq:>4}  {depth}{entry.agent or 'crew'}: {payload['type']}"
                f" {payload['name']}"
            )
        elif entry.kind == "action.failed":
            self.stdout.write(
                f"{entry.seq:>4}  {depth}{entry.agent}: failed — {payload['error'].get('message')}"
            )
        elif entry.kind == "run.waiting":
            self.stdout.write(
                f"{entry.seq:>4}  {depth}{entry.agent}: waits for a person — {payload['question']}"
            )

    def _summary(self, run: Run) -> None:
        last = store.read(str(run.pk), after=run.seq - 1)[-1]
        payload = last.payload or {}
        if payload.get("error"):
            error = payload["error"]
            self.stdout.write(f"\n{error.get('message')}\n{error.get('advice', '')}".rstrip())
        elif payload.get("output") is not None:
            output = payload["output"]
            self.stdout.write(
                "\n" + (output if isinstance(output, str) else json.dumps(output, indent=2))
            )
        mark = "Rehearsal — no model was called. " if run.rehearsal else ""
        cost = "cost unknown" if run.unpriced else f"${run.cost_usd:.6f}"
        self.stdout.write(
            f"\n{mark}Run {run.pk}: {run.status}, {run.actions} actions, {run.tokens} tokens,"
            f" {cost}"
        )


def _text(path: str, name: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except OSError as error:
        raise BadRequest(f"{name}: {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadRequest(f"{name}: {path} is not UTF-8 text.") from None


def _json(text: str, name: str) -> Any:
    from crews.strict_json import json_load

    try:
        return json_load(text)
    except ValueError as error:
        raise BadRequest(f"{name}: {error}") from None
