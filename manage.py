#!/usr/bin/env python
"""Django's command line for Callsheet."""

import os
import sys
from importlib.util import find_spec

from config.data_dir import BASE_DIR, DataDirRefused, prepare_data_dir
from config.failures import told


def main() -> None:
    if find_spec("django") is None:
        _go_on_in_venv()
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


def _go_on_in_venv() -> None:
    """Run by a Python without Callsheet's packages: let the one that has them do it."""
    python = BASE_DIR / ".venv" / "bin" / "python"
    if not python.exists() or sys.prefix == str(BASE_DIR / ".venv"):
        sys.exit(
            "Callsheet's Python packages are not installed. `make run` installs and starts it."
        )
    os.execv(python, [str(python), *sys.argv])  # noqa: S606 (this program, by another Python)


if __name__ == "__main__":
    main()
