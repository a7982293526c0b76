"""`manage.py serve`: the whole of Callsheet on this machine, with nothing else set up."""

import asyncio
import os
import signal
import threading
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.embedded.claims import HOST, Claimed, check_port, claim_folder
from config.embedded.deathwatch import die_with_parent
from config.embedded.supervisor import supervise_worker
from runs.preflight import sandbox_status
from runs.previews.front import Front
from teams.services import owner, owner_create_first, sign_in_link_create

EXIT_S = 2.0


class Command(BaseCommand):
    help = "Set up and run Callsheet on this machine: web server, worker and database in one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--with-parent", action="store_true", help="stop when the process that started it dies"
        )

    def handle(self, *args: Any, with_parent: bool = False, **options: Any) -> None:
        # Ctrl-C and SIGTERM are the way to stop, also while it still starts.
        # (A shell starts background jobs with Ctrl-C ignored, hence both.)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            self._serve(with_parent=with_parent)

    def _serve(self, *, with_parent: bool) -> None:
        os.umask(0o077)  # what the data folder holds is for its owner alone
        if with_parent:
            die_with_parent(os.getppid(), signal.SIGTERM)
        if not settings.EMBEDDED:
            raise CommandError(
                "REDIS_URL is set, which means production mode: there the web server and the "
                "workers are started one by one (see README.md). Unset it to use `serve`."
            )
        address = f"http://{HOST}:{settings.PORT}/"
        try:
            check_port(settings.PORT)
            lock = claim_folder(settings.DATA_DIR, address)
        except Claimed as error:
            raise CommandError(str(error)) from None
        call_command("prepare")
        greeting = self._greeting(address)
        served = self._run(greeting)
        os.close(lock)
        if not served:
            raise CommandError(f"The web server could not listen on port {settings.PORT}.")

    def _greeting(self, address: str) -> str:
        """Return where Callsheet is, how to get in, and what will not work."""
        person = owner_create_first() or owner()
        lines = [f"Callsheet is running at {address}"]
        if person:
            link = address.rstrip("/") + sign_in_link_create(user=person)
            lines.append(
                f"Sign in (once, within 15 minutes; a new start prints a new link): {link}"
            )
        engine = sandbox_status()
        if not engine.available:
            lines.append(f"Roles that execute code will not work: {engine.reason}")
        elif "default" not in engine.images:
            lines.append(
                "Roles that execute code need the sandbox image; build it once with: make sandbox"
            )
        lines.append("Stop it with Ctrl-C.")
        return "\n".join(lines)

    def _run(self, greeting: str) -> bool:
        """Serve until Ctrl-C or SIGTERM, then end the worker; False if the port was taken."""
        # Daphne installs Twisted's reactor on import, which no other command needs.
        from daphne.server import Server, twisted_loop
        from twisted.internet import defer
        from twisted.internet import reactor as typeless_reactor

        from config.asgi import application

        reactor: Any = typeless_reactor
        server = Server(application, endpoints=[f"tcp:port={settings.PORT}:interface={HOST}"])
        workers: list[asyncio.Task[None]] = []

        def start() -> None:
            if not server.listening_addresses:
                server.stop()
                return
            work = supervise_worker(settings.DATA_DIR / "worker.log", self._say)
            workers.append(twisted_loop.create_task(work))
            workers.append(twisted_loop.create_task(self._previews()))
            self._say(greeting)

        def stop() -> Any:
            for worker in workers:
                worker.cancel()
            return defer.Deferred.fromFuture(asyncio.gather(*workers, return_exceptions=True))

        reactor.callWhenRunning(start)
        reactor.addSystemEventTrigger("before", "shutdown", stop)
        server.run()
        self._hurry()
        return bool(workers)

    async def _previews(self) -> None:
        """Serve what agents serve, on its own port; without that port all else works."""
        front = Front()
        try:
            await front.start(HOST, settings.PREVIEW_PORT)
        except (OSError, OverflowError) as problem:
            self._say(
                f"Previews will not open: port {settings.PREVIEW_PORT} cannot be used ({problem}). "
                "Choose another one: CALLSHEET_PREVIEW_PORT=… make run"
            )

    def _say(self, text: str) -> None:
        """Write at once, also where the output is a file."""
        self.stdout.write(text)
        self.stdout.flush()

    def _hurry(self) -> None:
        """Let no request that a thread still answers hold the exit up."""
        last = threading.Timer(EXIT_S, os._exit, args=[0])
        last.daemon = True
        last.start()
