"""`manage.py preflight_crew FILE_OR_SLUG`: what a crew lacks before it can run, what it costs, and
what speaks against its shape."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.core.management import BaseCommand, call_command

from crews.models import Crew, Template
from crews.parse import DocumentRefused, document_load, spec_check
from crews.selectors import crew_document
from runs.api_readiness import ReadinessOut, answer
from runs.errors import BadRequest
from runs.readiness.checks import Check, readiness
from runs.run_here import person_here
from teams.models import Team

MARKS = {"ok": "ok ", "warning": "!  ", "error": "NO "}


class Command(BaseCommand):
    help = "Say what a crew lacks before it can run, and what a run costs. Exit 1 if it cannot run."
    requires_system_checks: list[str] = []  # they load every page: 0.3 s of 1.2

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("crew", metavar="FILE_OR_SLUG")
        parser.add_argument("--json", action="store_true", help="print what REST answers")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("install_templates", verbosity=0)
        try:
            _, team = person_here()
        except BadRequest as refused:
            self._refuse(str(refused))
        document, crew = self._document(options["crew"], team)
        spec, problems = spec_check(document)
        if spec is None:
            self._refuse("\n".join(str(problem) for problem in problems))
        found = readiness(team=team, spec=spec, crew=crew, environment=True)
        if options["json"]:
            told = ReadinessOut.model_validate(answer(found)).model_dump(mode="json")
            self.stdout.write(json.dumps(told))
        else:
            self._tell("Needs", found.needs)
            self._tell("In production", found.production)
            self._tell("Several agents", found.team_of_agents)
            for item in found.advice:
                self.stdout.write(f"   advice: {item}")
            if cost := found.forecast:
                most = "without a bound" if cost.worst is None else f"${cost.worst} at most"
                bound = f" ({cost.bounded_by})" if cost.bounded_by else ""
                self.stdout.write(
                    f"Cost of a run: ${cost.expected} expected by {cost.basis}, {most}{bound};"
                    f" most of it by {cost.dominant or 'nobody'}."
                )
        sys.exit(0 if found.ready else 1)

    def _document(self, name: str, team: Team) -> tuple[Any, Crew | None]:
        if Path(name).is_file():
            try:
                return document_load(Path(name).read_bytes()), None
            except DocumentRefused as refused:
                self._refuse(str(refused))
        if crew := Crew.objects.filter(team=team, slug=name, archived_at=None).first():
            return crew_document(crew), crew
        template = Template.objects.filter(team=None, slug=name).first()
        if template is None:
            self._refuse(f"FILE_OR_SLUG: there is no file, crew or template '{name}'.")
        return template.document, None

    def _tell(self, title: str, checks: tuple[Check, ...]) -> None:
        self.stdout.write(title)
        for check in checks:
            self.stdout.write(f"  {MARKS[check.state]} {check.title}. {check.detail}")

    def _refuse(self, reason: str) -> NoReturn:
        self.stderr.write(reason)
        sys.exit(2)
