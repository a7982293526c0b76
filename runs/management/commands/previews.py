"""Serve the previews' own origin, in production mode; `make run` does it by itself."""

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from runs.previews.front import Front


class Command(BaseCommand):
    help = "Serve previews: what agents serve in their sandboxes, on an origin of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
        parser.add_argument("--port", type=int, default=settings.PREVIEW_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            asyncio.run(self._serve(options["host"], options["port"]))
        except KeyboardInterrupt:
            return
        except (OSError, OverflowError) as problem:
            raise CommandError(f"Cannot listen on port {options['port']}: {problem}") from None

    async def _serve(self, host: str, port: int) -> None:
        taken = await Front().start(host, port)
        self.stdout.write(f"Previews are served on port {taken}, as {settings.PREVIEW_ORIGIN}")
        self.stdout.flush()
        await asyncio.Event().wait()
