"""`manage.py prepare`: bring the database up to this version of the code."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from runs.journal.signing import key_ensure


class Command(BaseCommand):
    help = "Migrate the database and install the built-in templates. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("install_templates", verbosity=0)
        # Now, before workers that begin together each make one.
        key_ensure()
