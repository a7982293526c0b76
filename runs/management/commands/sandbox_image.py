"""Build the images that sandboxes start from, and say which others a team may use."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from asgiref.sync import async_to_sync
from django.core.management.base import BaseCommand, CommandError

from runs.errors import BadRequest
from runs.images import image_allow, image_remove, images_of
from sandbox.docker_driver import DockerDriver
from sandbox.errors import SandboxError
from sandbox.images.build import BuiltImage, build, built_images
from sandbox.images.recipes import RECIPES
from teams.models import Team


class Command(BaseCommand):
    help = (
        "Build a sandbox image, from a registry or without one; does nothing if it is current. With"
        " --allow, let a team use an image that Docker has here, if sandboxes can be made from it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("flavour", nargs="*", choices=[*RECIPES, []], metavar="FLAVOUR")
        parser.add_argument("--base", choices=("auto", "registry", "debootstrap"), default="auto")
        parser.add_argument("--again", action="store_true", help="build even if it is current")
        parser.add_argument("--list", action="store_true", help="show what is there")
        parser.add_argument("--allow", metavar="NAME", help="let --team use this image")
        parser.add_argument("--remove", metavar="NAME", help="take it off the list of --team")
        parser.add_argument("--team", metavar="SLUG", help="of --allow, --remove and --list")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["allow"] or options["remove"]:
                self._change(self._team(options["team"]), options["allow"], options["remove"])
            elif options["list"]:
                self._list(options["team"])
            else:
                for flavour in options["flavour"] or ["default"]:
                    self._show(build(flavour, options["base"], self._say, again=options["again"]))
        except (SandboxError, BadRequest) as problem:
            raise CommandError(str(problem)) from problem

    def _team(self, slug: str | None) -> Team:
        if slug is None:
            raise CommandError("Say which team: --team SLUG")
        team = Team.objects.filter(slug=slug).first()
        if team is None:
            raise CommandError(f"There is no team '{slug}'.")
        return team

    def _change(self, team: Team, allow: str | None, remove: str | None) -> None:
        if allow:
            image = image_allow(team=team, user=None, name=allow)
            self.stdout.write(f"{image.name}  {image.digest}  Python {image.python}")
        if remove:
            found = images_of(team).filter(name=remove).first()
            if found is None:
                raise CommandError(f"'{remove}' is not on the list of {team.slug}.")
            image_remove(image=found)

    def _list(self, slug: str | None) -> None:
        for image in built_images():
            self._show(image)
        status = async_to_sync(DockerDriver().check)()
        self.stdout.write(f"runtimes  {', '.join(sorted(status.runtimes))}")
        for allowed in images_of(self._team(slug)) if slug else ():
            self.stdout.write(f"{allowed.name}  {allowed.digest}  Python {allowed.python}")

    def _say(self, text: str) -> None:
        self.stderr.write(text)

    def _show(self, image: BuiltImage) -> None:
        state = "" if image.current else "  (an older recipe: build it again)"
        self.stdout.write(f"{image.flavour}  {image.digest}  {image.size >> 20} MiB{state}")
        self.stdout.write(f"  base {image.base}")
        if image.content:
            self.stdout.write(f"  {image.content}")
