"""Errors of the machine. `permanent` says whether trying again can help."""

from typing import Any


class RunError(Exception):
    """Something went wrong with a run."""

    permanent = True

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])


class LeaseLost(RunError):
    """Another worker owns this run now."""


class RunHalted(RunError):
    """The run was paused, cancelled or has ended; nothing new may start."""

    def __init__(self, status: str) -> None:
        super().__init__(f"The run is {status}.")
        self.status = status


class RunSuspended(RunError):
    """A branch of the run waits for a person."""


class RunParked(RunError):
    """The run keeps crashing at one place and was paused."""


class ReplayDiverged(RunError):
    """The crew or the program asked for another action than the journal holds at this place."""


class RunStopped(RunError):
    """It was decided that the run ends, as it does not go well."""

    kind = "stopped"


class ActionError(RunError):
    """An action failed for good. `error` is what the journal says of it."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message", "")))
        self.error = error


class FilesForgotten(RunError):
    """The files that were in this workspace are not kept any more. Start a new run."""


class BadRequest(RunError):
    """The request cannot be carried out as it is."""

    status = 422

    def __init__(self, message: str, *, problems: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or []


class Conflict(BadRequest):
    """The run is not in a state in which this can be done."""

    status = 409
