"""`manage.py replay_run RUN`: replay a run from its journal, with no call and no effect. ◆"""

import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management import BaseCommand

from runs.errors import Conflict
from runs.models import Run
from runs.replays import run_replay


class Command(BaseCommand):
    help = "Replay a run from its journal and print 'identical' or the first difference."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", metavar="RUN")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = Run.objects.get(pk=UUID(options["run"]))
        except (ValueError, Run.DoesNotExist):
            self.stderr.write(f"There is no run '{options['run']}'.")
            sys.exit(2)
        try:
            replayed = run_replay(run)
        except Conflict as conflict:
            self.stdout.write(str(conflict))
            sys.exit(1)
        self.stdout.write(replayed.difference or "identical")
        sys.exit(0 if replayed.identical else 1)
