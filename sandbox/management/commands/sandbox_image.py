"""Build the images that sandboxes start from."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandbox.errors import SandboxError
from sandbox.images.build import BuiltImage, build, built_images
from sandbox.images.recipes import RECIPES


class Command(BaseCommand):
    help = "Build a sandbox image, from a registry or without one. Does nothing if it is current."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("flavour", nargs="*", choices=[*RECIPES, []], metavar="FLAVOUR")
        parser.add_argument("--base", choices=("auto", "registry", "debootstrap"), default="auto")
        parser.add_argument("--again", action="store_true", help="build even if it is current")
        parser.add_argument("--list", action="store_true", help="show what is there")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["list"]:
                for image in built_images():
                    self._show(image)
                return
            for flavour in options["flavour"] or ["default"]:
                self._show(build(flavour, options["base"], self._say, again=options["again"]))
        except SandboxError as problem:
            raise CommandError(str(problem)) from problem

    def _say(self, text: str) -> None:
        self.stderr.write(text)

    def _show(self, image: BuiltImage) -> None:
        state = "" if image.current else "  (an older recipe: build it again)"
        self.stdout.write(f"{image.flavour}  {image.digest}  {image.size >> 20} MiB{state}")
        self.stdout.write(f"  base {image.base}")
        if image.content:
            self.stdout.write(f"  {image.content}")
