"""`manage.py install_templates`: bring the built-in templates up to date."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crews.errors import LibraryBroken
from crews.services import templates_install


class Command(BaseCommand):
    help = "Install the built-in crew templates, or bring them up to date."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            installed = templates_install()
        except LibraryBroken as error:
            raise CommandError(str(error)) from error
        if options["verbosity"] > 1:
            self.stdout.write("\n".join(template.slug for template in installed))
