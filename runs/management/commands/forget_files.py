"""`manage.py forget_files`: forget the contents of files that ended runs left behind."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.management import BaseCommand, CommandError

from runs.files import files_forget
from runs.models import Run


class Command(BaseCommand):
    help = (
        "Forget the contents of files of runs that have ended. The journal goes on naming them with"
        " their hashes, and verifies as before."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", nargs="?", help="only of this run")
        parser.add_argument(
            "--older-than",
            type=int,
            metavar="DAYS",
            help="of runs that ended so many days ago; needed where no run is named",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        run, days = None, options["older_than"]
        if options["run"]:
            try:
                run = Run.objects.get(pk=UUID(options["run"]))
            except (ValueError, Run.DoesNotExist):
                raise CommandError(f"There is no run '{options['run']}'.") from None
        elif days is None:
            raise CommandError("Name a run, or say --older-than DAYS.")
        if days is not None and not 0 <= days <= 100_000:
            raise CommandError("--older-than takes 0 to 100000 days.")
        count, runs = files_forget(run=run, older_than=timedelta(days=days or 0))
        self.stdout.write(f"Forgot {count} contents of {runs} runs.")
