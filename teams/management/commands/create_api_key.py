"""``manage.py create_api_key --user EMAIL --team SLUG --name NAME``: prints the key once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from teams.models import Team, User
from teams.services import api_key_create


class Command(BaseCommand):
    help = (
        "Create an API key that acts as a user in one team, and print it. It cannot be shown again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="EMAIL")
        parser.add_argument("--team", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True, help="what the key is for")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["user"].strip().lower()).first()
        if user is None:
            raise CommandError(f"Nobody signs in as {options['user']!r}.")
        team = Team.objects.filter(slug=options["team"]).first()
        if team is None:
            slugs = ", ".join(
                Team.objects.filter(memberships__user=user).values_list("slug", flat=True)
            )
            raise CommandError(
                f"There is no team {options['team']!r}. {user.email} is in: {slugs or 'none'}."
            )
        try:
            self.stdout.write(api_key_create(user=user, team=team, name=options["name"]))
        except ValueError as refused:
            raise CommandError(str(refused)) from None
