"""Where an answer comes from: which action and agent each part of it was first made by."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from runs.engine.contracts import read_answer
from runs.engine.origin import is_edited
from runs.journal.entries import canonical
from runs.journal.fold import ActionState, RunState
from runs.shared_text import Texts, words_of

Json = Any
Match = Literal["exact", "partial", "written", "given"]
PARTS = 500
WORDS = 3
DEPTH = 40
# Below this, a part was put into new words rather than taken over.
LEAST_SHARE = 0.5
_PARAGRAPH = re.compile(r"\S(?:.*?\S)?(?=\s*(?:\n\s*\n|\Z))", re.DOTALL)
_SENTENCE = re.compile(r"\S.*?(?:[.!?](?=\s)|\n|\Z)", re.DOTALL)
_LONG = 600


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of an answer: of an object or a list the value at `path` (`findings[0].title`), of a
    text its piece from character `start` to `end`.

    `match`: `exact` (an action made the same value, or all these words), `partial` (`share` of its
    words in one run), `written` (in its own words, by the action that gave the answer), or `given`
    (it was in the task). `edited`: a person put that action's result there, in a fork.
    """

    path: str
    start: int
    end: int
    text: str
    match: Match
    share: float
    action: str | None
    agent: str
    type: str
    edited: bool


def provenance(state: RunState) -> list[Part]:
    """Return the parts of a run's answer, in order, each with where it comes from."""
    sources = _Sources(state)
    return [sources.trace(*piece) for piece in islice(_pieces(state.output), PARTS)]


Piece = tuple[str, str, int, int, Json]


def _pieces(output: Json, path: str = "", name: str = "", depth: int = 0) -> Iterator[Piece]:
    """Yield (path, field, start, end, value) of an answer's parts."""
    if isinstance(output, dict) and depth < DEPTH:
        for field, value in output.items():
            yield from _pieces(value, f"{path}.{field}" if path else field, field, depth + 1)
    elif isinstance(output, list) and depth < DEPTH:
        for n, value in enumerate(output):
            yield from _pieces(value, f"{path}[{n}]", name, depth + 1)
    elif isinstance(output, str):
        for start, end in _spans(output):
            yield path, name, start, end, output[start:end]
    elif output is not None:
        yield path, name, 0, 0, output


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the paragraphs of a text, and of long ones the sentences."""
    for paragraph in _PARAGRAPH.finditer(text):
        if len(paragraph[0]) <= _LONG:
            yield paragraph.span()
            continue
        for sentence in _SENTENCE.finditer(text, *paragraph.span()):
            yield sentence.start(), sentence.start() + len(sentence[0].rstrip())


class _Sources:
    """What the actions of a run made, in the order in which they ended. What was given to the run
    stands before all of them, under the name ''."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._texts: Texts[str] = Texts()
        self._values: dict[str, str] = {}
        started = state.started or {}
        for given in (started.get("task"), started.get("input")):
            self._learn("", given)
        within = {action.parent for action in state.actions.values()}
        makers = [
            action
            for action in state.actions.values()
            if action.status == "finished" and (action.id not in within or is_edited(action))
        ]
        self._makers = sorted(makers, key=lambda action: (action.ended_at or "", action.seq))
        for action in self._makers:
            self._learn(action.id, _made(action))

    def trace(self, path: str, name: str, start: int, end: int, value: Json) -> Part:
        found, share = self._values.get(f"{name}={canonical(value)}"), 1.0
        if isinstance(value, str) and (found is None or len(words_of(value)) >= WORDS):
            # Who first said a text may have said it in another field, or in the middle of more.
            said, part = self._texts.source(value)
            if found is None or part == 1.0:
                found, share = said, part
        match: Match = "exact" if share == 1.0 else "partial"
        if found is None or share < LEAST_SHARE:
            found, match = self._author(), "written"
        action = self._state.actions.get(found)
        if not found:
            match = "given"
        return Part(
            path=path,
            start=start,
            end=end,
            text=value if isinstance(value, str) else json.dumps(value),
            match=match,
            share=round(share, 3),
            action=action.id if action else None,
            agent=action.agent if action else "",
            type=action.type if action else "",
            edited=action is not None and is_edited(action),
        )

    def _author(self) -> str:
        """Return the action that gave the answer: the last one that made something."""
        return self._makers[-1].id if self._makers else ""

    def _learn(self, name: str, made: Json, field: str = "", depth: int = 0) -> None:
        if isinstance(made, dict) and depth < DEPTH:
            for part, value in made.items():
                self._learn(name, value, part, depth + 1)
        elif isinstance(made, list) and depth < DEPTH:
            for value in made:
                self._learn(name, value, field, depth + 1)
        elif made is not None:
            self._values.setdefault(f"{field}={canonical(made)}", name)
            if isinstance(made, str):
                self._texts.add(name, made)


def _made(action: ActionState) -> Json:
    """Return what an action made: of a model the value that its text is, where it is JSON."""
    output = action.output
    if not isinstance(output, dict) or is_edited(action):
        return output
    if action.type == "escalation":
        return [output.get("value"), output.get("comment")]
    text = output.get("text", output.get("stdout"))
    if not isinstance(text, str):
        return output
    value, problems = read_answer(text, [{"type": ["object", "array"]}])
    return text if problems else [value, text]
