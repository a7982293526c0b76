"""What a tool is. A tool is one file with one `TOOL`, and one line in `runs.tools.TOOLS`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from crews.catalog import ToolInfo
from crews.spec import SandboxChoice
from sandbox.api import Sandbox, Stream

Json = Any
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutput:
    """What a tool brought: `text` for the model, `data` besides for the journal. That a program
    or a call failed is a value (`is_error`), not an exception."""

    text: str
    data: dict[str, Json] = field(default_factory=dict)
    is_error: bool = False


class ToolContext(Protocol):
    """What a tool may use. `action` is the id of its action: the same when it is repeated.

    `options` are what the role's document sets for the tool, valid by its schema. In a `rehearsal`
    a tool asks nothing of the world outside, and says so.
    """

    @property
    def action(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def team(self) -> str: ...
    @property
    def rehearsal(self) -> bool: ...
    @property
    def options(self) -> Mapping[str, Json]: ...

    async def read(self, work: Callable[[], T]) -> T:
        """Ask the database, in a thread of its own."""
        ...

    async def sandbox(self) -> Sandbox:
        """Return the role's sandbox. Raises SandboxUnavailable where there is no engine."""
        ...

    async def sandbox_beside(self, name: str, choice: SandboxChoice) -> Sandbox:
        """Return a sandbox of the run that is no role's own."""
        ...

    @property
    def shows_previews(self) -> bool:
        """Say whether people can open previews while this process drives the run."""
        ...

    async def open_preview(self, port: int, title: str) -> int:
        """Note that a service in the role's sandbox can be looked at, and return the preview's
        number in the run. Raises TooManyPreviews."""
        ...

    async def note(self, text: str, *, most: int) -> int | None:
        """Write a note on the role's scratchpad and return its number; None where there are
        `most` already. Only for tools with `acts` False."""
        ...

    def notes(self) -> list[str]:
        """Return the notes of the role in this run, the oldest first. Only for tools that act:
        what is read must be journaled."""
        ...

    def output(self, stream: Stream, data: bytes) -> None:
        """Show what a command prints in the run page's terminal as it comes."""
        ...

    def show(self, text: str) -> None:
        """Show output on the run page as it comes."""
        ...

    async def ask_person(self, question: str, choices: list[str]) -> dict[str, Json]:
        """Ask a person; only for tools with `acts` False."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool.

    `repeatable`: doing it twice is as good as once (also: its effects stay in the sandbox), so
    after a crash it is simply repeated; for any other a person is asked. `acts` False: it has no
    effect of its own and may wait for people. `runs_commands`: in the role's sandbox, so it is
    repeatable only where that has no network.
    """

    info: ToolInfo
    run: Callable[[ToolContext, dict[str, Json]], Awaitable[ToolOutput]]
    repeatable: bool = False
    acts: bool = True
    runs_commands: bool = False
