"""What roles that work side by side share: a numbered log of messages or writes, and who has read
how far.

Everything that is posted and everything that is read is an action of the journal, so which branch
was first, and what was read by whom, is the same in a replay. The log lives in memory and is made
anew from the journal by whoever takes the run over.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from runs.errors import ActionError
from runs.patterns.base import Crew, Json

QUIET = "nobody has anything left to do"
ANSWER = "answer"
TYPES = ("message", "state_write", "spawn")
# Says whether a message is for a reader.
Wanted = Callable[[Json], bool]


class Bus:
    """The log of one run, its readers and its end.

    A message is an object; the log adds its number `n`. `most` bounds the log for good (answers,
    which nobody reads, do not count); where nothing can come of it then, `ends_full`, that is the
    end. Readers wait until there is something for them; when all
    of them wait, the end has come.
    """

    def __init__(
        self, crew: Crew, readers: Collection[str], *, most: int, ends_full: bool = False
    ) -> None:
        self.ended = ""
        self._most = most
        self._ends_full = ends_full
        self._busy = set(readers)
        self._waiting: dict[str, Callable[[], bool]] = {}
        self._halted: BaseException | None = None
        self._news = asyncio.Event()
        past = crew.past(*TYPES)
        self.log: list[Json] = sorted((p for p in past if "n" in p), key=lambda p: int(p["n"]))
        self._marks: dict[str, int] = {}
        for read in (p for p in past if "up_to" in p):
            known = self._marks.get(read["reader"], 0)
            self._marks[read["reader"]] = max(known, read["up_to"])
        self._look_if_full()

    @contextmanager
    def reader(self, name: str) -> Iterator[None]:
        """Take part under a name. Who halts, because its run is paused or it waits for a person,
        takes those along that could only wait for it."""
        self._busy.add(name)
        try:
            yield
        except ActionError:
            raise  # This one failed; the others go on.
        except BaseException as halted:
            self._halted = self._halted or halted
            raise
        finally:
            self._busy.discard(name)
            self._wake()

    async def post(
        self,
        place: Crew,
        sender: str,
        agent: str,
        message: dict[str, Json],
        check: Callable[[], dict[str, Json]] = dict,
        *,
        type: str = "message",
    ) -> dict[str, Json]:
        """Put a message into the log and return it with its number, or `{refused: why}`. `check`
        looks at the log in the same instant: it returns what to add, or a refusal."""

        def happen() -> Json:
            if self.ended:
                return {"refused": f"It came too late: {self.ended}."}
            if self._full and message.get("type") != ANSWER:
                return {"refused": f"All {self._most} are used up."}
            added = check()
            if "refused" in added:
                return added
            posted = {**message, **added, "n": len(self.log) + 1}
            self.log.append(posted)
            self._look_if_full()
            self._wake()
            return posted

        about = message.get("to") or message.get("key") or message.get("event")
        return dict(await place.once(type, f"{sender} → {about}"[:100], agent, message, happen))

    async def read(
        self,
        place: Crew,
        reader: str,
        agent: str,
        wanted: Wanted,
        *,
        most: int = 1000,
        wait: bool = True,
    ) -> tuple[list[Json], str]:
        """Wait for messages; return those not read yet, and why it is the end if it is."""

        async def ready() -> None:
            if wait:
                await self.until(reader, lambda: bool(self._unread(reader, wanted)))

        def happen() -> Json:
            found = [] if self.ended else self._unread(reader, wanted)[:most]
            up_to = found[-1]["n"] if found else self._marks.get(reader, 0)
            self._marks[reader] = up_to
            return {"reader": reader, "messages": found, "up_to": up_to, "end": self.ended}

        got = await place.once(
            "message", f"{reader} reads", agent, {"reader": reader}, happen, ready=ready
        )
        return list(got["messages"]), str(got["end"])

    async def until(self, name: str, has: Callable[[], bool]) -> None:
        """Wait until a reader has something to do, or the end has come."""
        self._busy.discard(name)
        self._waiting[name] = has
        self._wake()
        try:
            while not has() and not self.ended:
                if self._busy or any(other() for other in self._waiting.values()):
                    await self._news.wait()
                elif self._halted is not None:
                    raise self._halted
                else:
                    self.end(QUIET)
            self._busy.add(name)
        finally:
            del self._waiting[name]

    def end(self, reason: str) -> None:
        """Let everybody come to the end; called where an entry of the log says so."""
        self.ended = self.ended or reason
        self._wake()

    @property
    def _full(self) -> bool:
        counted = len([posted for posted in self.log if posted.get("type") != ANSWER])
        return counted >= self._most

    def _look_if_full(self) -> None:
        if self._ends_full and self._full:
            self.end(f"all {self._most} are used up")

    def _unread(self, reader: str, wanted: Wanted) -> list[Json]:
        mark = self._marks.get(reader, 0)
        return [message for message in self.log[mark:] if wanted(message)]

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
