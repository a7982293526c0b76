"""Remove sandboxes by hand; the workers do it by themselves while they run."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandbox.api import Keep, SandboxInfo
from sandbox.docker_driver import DockerDriver
from sandbox.errors import SandboxError


class Command(BaseCommand):
    help = (
        "Remove sandboxes that were never started or have ended; with --label NAME=VALUE those "
        "with that label, with --all every one, also in use."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true")
        parser.add_argument("--label", metavar="NAME=VALUE")
        parser.add_argument("--grace", type=float, default=60, help="spare younger ones (seconds)")

    def handle(self, *args: Any, **options: Any) -> None:
        name, _, value = (options["label"] or "").partition("=")

        async def keep(info: SandboxInfo) -> bool:
            if options["all"] or (name and info.labels.get(name) == value):
                return False
            return info.state in ("running", "paused", "restarting")

        try:
            removed = asyncio.run(_reap(keep, options["grace"]))
        except SandboxError as problem:
            raise CommandError(str(problem)) from problem
        for sandbox_id in removed:
            self.stdout.write(sandbox_id)
        self.stderr.write(f"removed {len(removed)}")


async def _reap(keep: Keep, grace_s: float) -> tuple[str, ...]:
    driver = DockerDriver()
    try:
        return await driver.reap(keep, grace_s=grace_s)
    finally:
        await driver.close()
