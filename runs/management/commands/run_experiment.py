"""`manage.py run_experiment FILE`: an experiment in this process, without server or worker."""

import asyncio
import json
import logging
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, call_command

from crews.errors import CrewError
from runs.api_experiments import ExperimentDetail, detail
from runs.errors import BadRequest
from runs.experiments.advance import experiment_advance
from runs.experiments.results import results
from runs.experiments.service import experiment_start, plan_read
from runs.models import Experiment, Run
from runs.run_here import drive_here, person_here

BAD_INPUT = 2


class Command(BaseCommand):
    help = (
        "Run the same tasks through variants of crews and compare. Exit 1 if a check failed or a"
        " run waits."
    )
    requires_system_checks: list[str] = []  # they load every page: 0.3 s of 1.2

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("plan", metavar="FILE", help="YAML or JSON, see docs/experiments.md")
        parser.add_argument("--rehearse", action="store_true", help="call no model")
        parser.add_argument("--json", action="store_true", help="print what REST answers")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("runs").setLevel(logging.WARNING)
        call_command("migrate", verbosity=0, interactive=False)
        call_command("install_templates", verbosity=0)
        try:
            user, team = person_here()
            plan = plan_read(Path(options["plan"]).read_bytes())
            rehearsal = options["rehearse"]
            made = experiment_start(team=team, user=user, plan=plan, rehearsal=rehearsal, here=True)
        except (BadRequest, CrewError, OSError) as error:
            self._refuse(str(error))
            return
        runs = [trial.run for trial in made.trials.select_related("run") if trial.run]
        while runs:
            self._drive(runs)
            runs = experiment_advance(made.pk, here=True)
        made.refresh_from_db()
        if options["json"]:
            told = ExperimentDetail.model_validate(detail(made)).model_dump(mode="json")
            self.stdout.write(json.dumps(told))
        else:
            self._tell(made)
        failed = [v for t in made.trials.all() for v in t.verdicts if not v["passed"]]
        # Without an end, a run of it waits for a person.
        sys.exit(1 if failed or made.ended_at is None else 0)

    def _drive(self, runs: list[Run]) -> None:
        for run in runs:
            asyncio.run(drive_here(str(run.pk), str(run.lease), lambda _: None))
            run.refresh_from_db()
            self.stderr.write(f"{run.crew_name}: {run.status}")

    def _tell(self, made: Experiment) -> None:
        variants, _ = results(made)
        for it in variants:
            cost = "–" if it.mean_cost_usd is None else f"${it.mean_cost_usd:.4f}"
            seconds = "–" if it.mean_s is None else f"{it.mean_s:.1f} s"
            checks = ", ".join(f"{name} {ok}/{of}" for name, (ok, of) in it.passed.items())
            self.stdout.write(
                f"{it.name:24} {it.finished}/{it.runs} finished  {cost}  {seconds}  {checks}"
            )

    def _refuse(self, reason: str) -> None:
        self.stderr.write(reason)
        sys.exit(BAD_INPUT)
