"""`manage.py rebuild_actions [RUN…]`: make the Action rows of runs anew from their journals."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from runs.journal.store import actions_rebuild
from runs.models import Run


class Command(BaseCommand):
    help = "Throw the Action rows of runs away (of all by default) and make them anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("runs", metavar="RUN", nargs="*", type=str)

    def handle(self, *args: Any, **options: Any) -> None:
        runs = options["runs"] or [str(pk) for pk in Run.objects.values_list("pk", flat=True)]
        actions = sum(actions_rebuild(run) for run in runs)
        self.stdout.write(f"{actions} actions of {len(runs)} runs")
