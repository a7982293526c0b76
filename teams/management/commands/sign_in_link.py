"""``manage.py sign_in_link [--user EMAIL]``: prints a one-time sign-in link."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from teams.models import User
from teams.services import owner, owner_create_first, sign_in_link_create


class Command(BaseCommand):
    help = (
        "Print a link that signs somebody in once within 15 minutes: the owner by default, who is "
        "created if nobody is here yet."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="EMAIL", help="somebody else who has an account")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(
            settings.PUBLIC_ORIGINS[0] + sign_in_link_create(user=_person(options["user"]))
        )


def _person(email: str | None) -> User:
    if email is None:
        person = owner_create_first() or owner()
        if person is None:
            raise CommandError("This installation has no owner. Say who: --user EMAIL.")
        return person
    found = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if found is None:
        raise CommandError(f"Nobody signs in as {email!r}.")
    return found
