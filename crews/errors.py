"""What the services of crews refuse; the docstring is the default message."""

from datetime import datetime

from crews.problems import Problem
from crews.strict_json import Json


class CrewError(Exception):
    """The crew could not be changed."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class CrewInvalid(CrewError):
    """The crew has errors. Correct them, then publish."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


class StaleDraft(CrewError):
    """Somebody saved this crew after you opened it. Nothing was lost: choose what to keep."""

    def __init__(
        self,
        *,
        current_revision: int,
        current_document: dict[str, Json],
        saved_by: str | None,
        saved_at: datetime,
    ) -> None:
        super().__init__()
        self.current_revision = current_revision
        self.current_document = current_document
        self.saved_by = saved_by
        self.saved_at = saved_at


class LibraryBroken(CrewError):
    """A built-in template does not fit this installation."""
