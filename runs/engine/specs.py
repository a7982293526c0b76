"""The documents of crews as journals hold them, read once for all runs of the same."""

import json
from functools import lru_cache
from typing import Any

from crews.spec import CrewSpec
from runs.journal.entries import canonical

Json = Any


def spec_of(document: Json) -> CrewSpec:
    """Return a journaled document as a crew."""
    return _read(canonical(document))


@lru_cache(64)
def _read(text: str) -> CrewSpec:
    return CrewSpec.model_validate(json.loads(text))
