"""What keeps a command from beginning, in words: the data folder, the settings, the database."""

import os

UNPREPARED = ("no such table", "no such column", "does not exist")
DAMAGED = ("not a database", "malformed")


def told(failure: Exception) -> str:
    """Return what a person can do about a failure, "" where it is one of the program itself."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    text = str(failure).strip().partition("\n")[0]
    if isinstance(failure, ImproperlyConfigured):
        return text
    if not isinstance(failure, DatabaseError):
        return ""
    if any(words in text for words in UNPREPARED):
        return (
            f"The database is empty, or of another version of Callsheet ({text}). Is it the right "
            "one (CALLSHEET_DATA_DIR, DATABASE_URL)? Then: .venv/bin/python manage.py prepare"
        )
    return f"{_database()} cannot be used: {text}. {_remedy(text)}"


def _database() -> str:
    """Name the database, without the password that its address may have."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    host = f" at {database['HOST']}" if database.get("HOST") else ""
    return f"The database {database['NAME']}{host}"


def _remedy(text: str) -> str:
    if any(words in text for words in DAMAGED):
        return "Put a copy from before in its place, or move it away to begin with an empty one."
    if os.environ.get("DATABASE_URL"):
        return "Check that its server runs, and DATABASE_URL."
    return "Check that there is room on the disk and that you may write to the file and its folder."
