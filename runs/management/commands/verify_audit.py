"""`manage.py verify_audit RUN_OR_FILE`: check chain and signature. ◆"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management import BaseCommand

from callsheet_verify import Verdict, report, verify
from runs.export import verify_run
from runs.journal.signing import public_key
from runs.models import Run


class Command(BaseCommand):
    help = (
        "Check the hash chain, the commitments and the signature of a run or of an exported file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", metavar="RUN_OR_FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = self._verify(options["what"])
        if verdict is None:
            self.stderr.write(f"There is no file and no run '{options['what']}'.")
            sys.exit(2)
        self.stdout.write(report(verdict))
        sys.exit(0 if verdict.ok else 1)

    def _verify(self, what: str) -> Verdict | None:
        path = Path(what)
        if path.is_file():
            with path.open(encoding="utf-8") as lines:
                return verify(lines, public_key())
        try:
            return verify_run(Run.objects.get(pk=UUID(what)))
        except (ValueError, Run.DoesNotExist):
            return None
