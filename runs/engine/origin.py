"""What the journal of a fork says of the run that it was made from."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from runs.journal.fold import ActionState

Json = Any


class Origin(BaseModel):
    """`origin` of `run.started` ◆: the run and the action (with its key) that a fork was made at
    and what was edited; `restart` where it goes on after a failure. Entries 2 to `entries` + 1 were
    taken over. `root` is the first run of a line of forks; `inputs` holds, by key, the edited
    inputs that hold in this run."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    run: str = ""
    action: str | None = None
    key: str = ""
    agent: str = ""
    edit: dict[str, Json] = Field(default_factory=dict)
    restart: bool = False
    root: str = ""
    entries: int = 0
    inputs: dict[str, Json] = Field(default_factory=dict)


NONE = Origin()


def origin_of(started: Mapping[str, Json] | None) -> Origin:
    """Return where a run comes from, by its first entry; an empty origin for one that is no
    fork."""
    told = (started or {}).get("origin")
    return Origin.model_construct(**told) if told else NONE


def is_edited(action: ActionState) -> bool:
    """Say whether an action's result was put there by a person, in a fork."""
    return action.taken is not None and bool(action.taken.get("edited"))
