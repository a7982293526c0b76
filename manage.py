#!/usr/bin/env python
"""Django's command line for Callsheet."""

import os
import sys

from config.data_dir import prepare_data_dir


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    prepare_data_dir()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
