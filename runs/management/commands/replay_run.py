"""`manage.py replay_run RUN`: replay a run from its journal, with no call and no effect. ◆"""

import asyncio
import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management import BaseCommand

from runs.engine.drive import load
from runs.engine.replay import replay
from runs.errors import ReplayDiverged
from runs.models import Run


class Command(BaseCommand):
    help = "Replay a run from its journal and print 'identical' or the first difference."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", metavar="RUN")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = load(str(UUID(options["run"])))
        except (ValueError, Run.DoesNotExist):
            self.stderr.write(f"There is no run '{options['run']}'.")
            sys.exit(2)
        try:
            asyncio.run(replay(str(UUID(options["run"])), loaded))
        except ReplayDiverged as diverged:
            self.stdout.write(str(diverged))
            sys.exit(1)
        self.stdout.write("identical")
