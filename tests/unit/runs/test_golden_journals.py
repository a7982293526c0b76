"""The golden journals, which static/src/journal/fold.test.ts reads too."""

import json
from pathlib import Path

import pytest

from runs.journal.entries import GENESIS, Entry, canonical, chain_hash, commitment
from runs.journal.fold import RunState, fold
from tests.journals.projection import plain
from tests.journals.stories import FOLDER, STORIES, golden

JOURNALS = sorted(FOLDER.glob("*.json"))


def test_there_is_one_file_per_story() -> None:
    assert [path.stem for path in JOURNALS] == sorted(tell.__name__ for tell in STORIES)


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.stem)
def test_entries_add_up_to_the_state(path: Path) -> None:
    data = json.loads(path.read_text())
    entries = [Entry.model_validate(entry) for entry in data["entries"]]
    state = RunState()
    for entry in entries:
        fold([entry], state)
    assert plain(state) == data["state"]


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.stem)
def test_the_chain_holds(path: Path) -> None:
    before = GENESIS
    for seq, data in enumerate(json.loads(path.read_text())["entries"], start=1):
        entry = Entry.model_validate(data)
        assert entry.seq == seq
        if entry.payload is not None and entry.salt is not None:
            assert entry.payload_hash == commitment(entry.salt, canonical(entry.payload))
        envelope = entry.model_dump(exclude={"payload", "salt", "hash"})
        assert entry.prev_hash == before
        before = chain_hash(**envelope)
        assert entry.hash == before


@pytest.mark.parametrize("tell", STORIES, ids=lambda tell: tell.__name__)
def test_the_file_is_the_story_as_it_is_told_now(tell: object) -> None:
    """`python -m tests.journals.stories` rewrites the files; the diff shows what changed."""
    assert (FOLDER / f"{tell.__name__}.json").read_text() == golden(tell)  # type: ignore[attr-defined,arg-type]
