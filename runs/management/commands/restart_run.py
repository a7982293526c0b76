"""`manage.py restart_run RUN`: start a failed run again from its last checkpoint, in this process.
◆"""

from argparse import ArgumentParser
from typing import Any

from runs.forks import run_restart
from runs.management.commands import run_crew
from runs.management.commands.fork_run import run_find
from runs.models import Run
from teams.services import owner


class Command(run_crew.Command):
    help = "Start a run that failed or was cancelled again, with all that it had finished."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", metavar="RUN")
        parser.add_argument(
            "--json", action="store_true", help="print one journal entry per line and nothing else"
        )

    def _start(self, options: dict[str, Any]) -> Run:
        return run_restart(run=run_find(options["run"]), user=owner(), here=True)
