"""What this installation offers to crews: patterns, tools, providers.

The app that has them registers a function that lists them, so that crews need not import it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from crews.spec import JsonSchema, Kind

# A team as `teams.models` has it, of which nothing is known here.
Team = Any
# What a pattern asks of the drawn handoffs: nothing (they only add contracts), one chain through
# its roles, no cycle, or it follows them wherever they lead.
Edges = Literal["none", "chain", "dag", "free"]
NO_OPTIONS: Final[JsonSchema] = {"type": "object", "additionalProperties": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """A place in a pattern, taken by `min` to `max` roles (None: any number); `apart` from what
    handoffs lead to."""

    name: str
    title: str = ""
    description: str = ""
    min: int = 1
    max: int | None = 1
    apart: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PatternInfo:
    """A pattern.

    `options_schema` is the JSON Schema of its options, with defaults; a string in it with
    `"format": "role"` names a role of the crew. `implicit_tools` are offered to a seat's roles
    without being listed by them: seat to names of tools.
    """

    name: str
    title: str
    summary: str
    when: str = ""
    when_not: str = ""
    seats: tuple[Seat, ...]
    options_schema: JsonSchema = field(default_factory=lambda: dict(NO_OPTIONS))
    edges: Edges = "none"
    version: int = 1
    implicit_tools: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolInfo:
    """A tool that a role may list. `capability` is what the role must have for it, if anything;
    `approval` whether a person approves each call where the role does not say; `options_schema`
    the JSON Schema of what a role may set for it; `effects` what constraints may forbid: `write`
    (files) or `network` (see crews/constraints.py)."""

    name: str
    title: str
    description: str
    parameters: JsonSchema
    capability: str | None = None
    needs_sandbox: bool = False
    approval: Literal["always", "never"] = "never"
    options_schema: JsonSchema = field(default_factory=lambda: dict(NO_OPTIONS))
    effects: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderInfo:
    """A provider of models; `models` are suggestions, any name is allowed."""

    name: str
    title: str
    models: tuple[str, ...] = ()
    needs_key: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class KindInfo:
    name: Kind
    title: str
    summary: str


KINDS: Final = (
    KindInfo(name="model", title="Model", summary="A language model with tools."),
    KindInfo(name="code", title="Program", summary="A fixed program in a sandbox, JSON to JSON."),
    KindInfo(name="command", title="Agent command", summary="A command-line agent in its sandbox."),
    KindInfo(name="human", title="Person", summary="Somebody of the team answers in the app."),
    KindInfo(name="crew", title="Crew", summary="Another crew of the team does the work."),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalog:
    """`kinds` are those that can run here."""

    patterns: tuple[PatternInfo, ...] = ()
    tools: tuple[ToolInfo, ...] = ()
    providers: tuple[ProviderInfo, ...] = ()
    kinds: tuple[KindInfo, ...] = KINDS

    def pattern(self, name: str) -> PatternInfo | None:
        return next((item for item in self.patterns if item.name == name), None)

    def tool(self, name: str) -> ToolInfo | None:
        return next((item for item in self.tools if item.name == name), None)


Source = Callable[[Team | None], Catalog]


def _nothing(_: Team | None) -> Catalog:
    return Catalog()


_source: Source = _nothing


def catalog_register(source: Source) -> Source:
    """Say who knows the catalog, once the apps are ready; return who did before."""
    global _source
    before, _source = _source, source
    return before


def catalog_current(team: Team | None = None) -> Catalog:
    """Return what is installed, with what a team has besides; empty but for the kinds of roles
    when nobody has registered."""
    return _source(team)
