#!/usr/bin/env python
"""Django's command line for Callsheet."""

import os
import sys

from config.data_dir import DataDirRefused, prepare_data_dir
from config.failures import told


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        prepare_data_dir()
    except DataDirRefused as refused:
        sys.exit(str(refused))
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except Exception as failure:
        if "--traceback" in sys.argv or not (text := told(failure)):
            raise
        sys.exit(text)


if __name__ == "__main__":
    main()
