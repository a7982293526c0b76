"""`manage.py analyze_runs [RUN…]`: calls, successes, failures, mean and p95 per agent, slowest,
cost. ◆"""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from runs.analysis import analyze, messages
from runs.errors import BadRequest
from runs.management.commands.fork_run import run_find
from runs.models import Run


class Command(BaseCommand):
    help = "Say how the agents of runs did (all runs by default)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("runs", metavar="RUN", nargs="*")

    def handle(self, *args: Any, **options: Any) -> None:
        runs = Run.objects.all()
        if options["runs"]:
            try:
                runs = runs.filter(pk__in=[run_find(text).pk for text in options["runs"]])
            except BadRequest as bad:
                self.stderr.write(str(bad))
                sys.exit(2)
        reports = analyze(runs)
        self.stdout.write(
            f"{'agent':24}{'calls':>7}{'ok':>7}{'failed':>8}"
            f"{'mean s':>10}{'p95 s':>10}{'tokens':>12}{'cost $':>12}"
        )
        for r in reports:
            self.stdout.write(
                f"{r.agent:24}{r.calls:>7}{r.succeeded:>7}{r.failed:>8}{r.mean_s:>10.3f}{r.p95_s:>10.3f}"
                f"{r.tokens:>12}{r.cost_usd:>12.6f}"
            )
        if reports:
            self.stdout.write(f"slowest: {reports[0].agent}")
        m = messages(runs)
        self.stdout.write(
            f"messages: {m.sent} sent, {m.read} read, {m.refused} refused, {m.dropped} dropped"
        )
