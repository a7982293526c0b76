"""The rehearsal of a crew (`rehearsal.yaml`): what each role says and calls, scene by scene.

The format is described for authors in docs/rehearsal.md.
"""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field, ValidationError

from runs.providers.base import Cue, Frozen, Json, ProviderError

OneCall = Annotated[dict[str, dict[str, Json]], Field(min_length=1, max_length=1)]


class BadScript(ProviderError):
    """The rehearsal of this crew is not well formed."""

    kind = "bad_script"
    permanent = True
    advice = "Correct rehearsal.yaml as docs/rehearsal.md describes."


class Turn(Frozen):
    """One model call: what to say (JSON for a role with `returns`), which tools to call."""

    say: Json = ""
    call: tuple[OneCall, ...] = ()
    delay_ms: int = Field(default=300, ge=0, le=60_000)
    tokens: int | None = Field(default=None, ge=0)


class Scene(Frozen):
    """One ask of a role: the given visit, and text that the ask must contain, or any."""

    visit: int | None = Field(default=None, ge=1)
    match: str = ""
    turns: tuple[Turn, ...] = Field(min_length=1)


class Script(Frozen):
    rehearsal: int = Field(default=1, ge=1, le=1)
    roles: dict[str, tuple[Scene, ...]] = {}


def script_parse(script: Json) -> Script:
    """The script of parsed YAML. Raises `BadScript`, which names the place."""
    try:
        return Script.model_validate(script)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadScript(
            f"rehearsal.yaml is wrong at {place or 'the top'}: {first['msg']}.",
            provider="rehearsal",
        ) from None


def turn_of(script: Script, cue: Cue, ask: str) -> Turn | None:
    """The turn that the cue calls for: of the role's first scene that fits.

    None where the script has nothing to say: no scene fits, or its turns are over.
    """
    for scene in script.roles.get(cue.role, ()):
        if scene.visit in (None, cue.visit) and scene.match.lower() in ask.lower():
            return scene.turns[cue.turn - 1] if cue.turn <= len(scene.turns) else None
    return None


def filled(value: Json, fill: Callable[[str], str]) -> Json:
    """`value` with `fill` applied to every text in it."""
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, dict):
        return {name: filled(item, fill) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, fill) for item in value]
    return value
