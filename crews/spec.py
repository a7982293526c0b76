"""The crew document: its shape, without Django. See docs/crew-document.md.

A document is checked in two steps: its *shape* by the models below, and what depends on the
installed patterns, tools and providers (seats, options, edges) by `crews.lint` with a `Catalog`.
"""

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    Strict,
    StringConstraints,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

Json = Any
JsonSchema = dict[str, Json]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Text = Annotated[str, StringConstraints(max_length=100_000)]
Line = Annotated[str, StringConstraints(max_length=200)]
# One of a command line: it may be a whole program.
Argument = Annotated[str, StringConstraints(max_length=20_000)]
T = TypeVar("T")
Many = Annotated[tuple[T, ...], Strict(False)]


def _visible(value: str) -> str:
    if all(unicodedata.category(character)[0] in "CZ" for character in value):
        raise ValueError("give a name that can be seen")
    if found := _UNSEEN.search(value):
        raise ValueError(f"give a name in one line, without the mark {found[0]!a}")
    return value


# What ends lines or turns the direction of writing, and so shows another name than there is.
_UNSEEN = re.compile("[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _money(value: Json) -> Decimal:
    if isinstance(value, str) and _MONEY.fullmatch(value):
        return Decimal(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'write money as text, in quotes: "{value}"')
    raise ValueError('write an amount in US dollars as text, like "0.50"')


_MONEY = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
# Money is decimal in text, never float.
Money = Annotated[Decimal, BeforeValidator(_money), PlainSerializer(str, return_type=str)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]


def _network(value: Json) -> Json:
    if value == "none":
        return value
    hosts = value["allow"] if isinstance(value, dict) and value.keys() == {"allow"} else value
    if not isinstance(hosts, list | tuple) or not 0 < len(hosts) <= MOST_HOSTS:
        raise ValueError(
            'give "none", or a list of the hosts that may be reached, like [files.example.org],'
            f" at most {MOST_HOSTS}"
        )
    for host in hosts:
        if not isinstance(host, str) or not _HOST.fullmatch(host):
            raise ValueError(
                f"'{str(host)[:100]}' is no name of a host on the internet: give one like"
                " files.example.org, or *.example.org for all below it"
            )
    return [host.lower() for host in hosts]


MOST_HOSTS = 50
_HOST = re.compile(
    r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}",
    re.ASCII | re.IGNORECASE,
)
Network = Annotated[Literal["none"] | Many[Line], BeforeValidator(_network)]


def _version(value: Json) -> Json:
    if type(value) is not int:  # true and 1.0 equal 1
        raise PydanticKnownError("literal_error", {"expected": "1"})
    return value


def refusal(faults: list[tuple[str, str]]) -> PydanticCustomError:
    """Make the error of a validator that looks at several fields: (path below it, message) each."""
    return PydanticCustomError("faults", "{text}", {"text": faults[0][1], "faults": faults})


class Part(BaseModel):
    """Unknown fields are errors; a parsed document does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Pattern(Part):
    name: Slug
    options: dict[str, Json] = {}


class Task(Part):
    """What a run is started with. Without a schema it is free text."""

    schema_: JsonSchema | None = Field(default=None, alias="schema")
    example: Json = None


class ModelChoice(Part):
    """A model by provider and name, or by tier: then the team says which model that is."""

    provider: Slug | None = None
    name: Line | None = None
    tier: Literal["fast", "balanced", "best"] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int = Field(default=4096, ge=1, le=1_000_000)
    credential: Slug = "default"
    fallback: Many["ModelChoice"] = ()

    @model_validator(mode="after")
    def _named_or_tier(self) -> Self:
        named = self.provider is not None and self.name is not None
        if named == (self.tier is not None) or (self.provider is None) != (self.name is None):
            raise ValueError("give either 'provider' and 'name', or 'tier' (fast, balanced, best)")
        return self


class Program(Part):
    """The fixed program of a `code` role: JSON on stdin, JSON on stdout."""

    language: Literal["python", "javascript", "shell"] = "python"
    source: Text


class Command(Part):
    """The external agent of a `command` role: the task on stdin, the result on stdout."""

    argv: Many[Argument] = Field(min_length=1, max_length=100)
    credential: Slug | None = None


class NestedCrew(Part):
    slug: Slug
    version: int | None = Field(default=None, ge=1)


class SandboxChoice(Part):
    image: Line = "default"
    cpu: float = Field(default=1, gt=0, le=16)
    memory_mb: int = Field(default=512, ge=64, le=65_536)
    network: Network = "none"
    timeout_s: int = Field(default=60, ge=1, le=3600)
    shared: Slug | None = None


class ToolUse(Part):
    """A tool that a role may use; in the document its name alone where nothing else is said.

    `approval`: whether a person approves each call; None leaves that to the tool. `options` are
    the tool's own, checked by its schema. `per_minute` holds for this role in all runs of the
    crew together.
    """

    name: Line
    approval: Literal["always", "never"] | None = None
    options: dict[str, Json] = {}
    per_minute: int | None = Field(default=None, ge=1, le=6000)

    @model_validator(mode="before")
    @classmethod
    def _of_name(cls, value: Json) -> Json:
        return {"name": value} if isinstance(value, str) else value

    @model_serializer(mode="wrap")
    def _as_name(self, handler: SerializerFunctionWrapHandler) -> Json:
        written = handler(self)
        return written["name"] if written.keys() == {"name"} else written


class Escalation(Part):
    """Who decides where a person must, within how many seconds, and which choice the system makes
    if nobody has by then (`reject` stands for every question's own word for it). Each of the three
    that a role leaves out, its crew says."""

    assignee: Line | None = None
    deadline_s: Count | None = None
    default: Line | None = None


class RoleLimits(Part):
    tokens: Count | None = None
    cost_usd: Money | None = None
    calls: Count | None = None
    actions: Count | None = None
    delegations: Count | None = None
    seconds: Count | None = None
    retries: int = Field(default=2, ge=0, le=10)


Kind = Literal["model", "code", "command", "human", "crew"]
# The part of the document that a role of each kind must have, and only it may have.
KIND_PARTS: dict[Kind, str | None] = {
    "model": "model",
    "code": "program",
    "command": "command",
    "human": None,
    "crew": "crew",
}


class RoleSpec(Part):
    seat: Slug
    kind: Kind = "model"
    title: Line = ""
    responsibilities: Many[Line] = ()
    capabilities: Many[Line] = ()
    constraints: Many[Line] = ()
    instructions: Text = ""
    fallback_instructions: Text = ""
    cache: bool = False
    cache_s: int = Field(default=30 * 86_400, ge=1, le=366 * 86_400)
    model: ModelChoice | None = None
    program: Program | None = None
    command: Command | None = None
    crew: NestedCrew | None = None
    tools: Many[ToolUse] = ()
    returns: JsonSchema | None = None
    subscribes: Many[Line] = ()
    sandbox: SandboxChoice | None = None
    escalation: Escalation = Escalation()
    limits: RoleLimits = RoleLimits()

    @property
    def networked(self) -> bool:
        """True where programs in the role's sandbox may reach hosts outside."""
        return self.sandbox is not None and self.sandbox.network != "none"

    @model_validator(mode="after")
    def _kind_has_its_part(self) -> Self:
        needed = KIND_PARTS[self.kind]
        faults = [
            (part, f"'{part}' belongs to roles of kind '{kind}', and this is a '{self.kind}' role")
            for kind, part in KIND_PARTS.items()
            if part and part != needed and getattr(self, part) is not None
        ]
        if needed and getattr(self, needed) is None:
            faults.append((needed, f"a role of kind '{self.kind}' needs '{needed}'"))
        if faults:
            raise refusal(faults)
        return self

    def tool_use(self, name: str) -> ToolUse | None:
        """Return how the role may use a tool; None where it may not."""
        return next((use for use in self.tools if use.name == name), None)


class OnInvalid(Part):
    retries: int = Field(default=2, ge=0, le=10)
    then: Literal["escalate", "fail"] = "escalate"


class Gate(Part):
    """Lets the handoff through when a field of the payload (dotted path) has the value."""

    field: Line
    equals: Json


class Handoff(Part):
    """A handoff contract: what may pass from one role to another, and what if it does not fit."""

    from_: Slug = Field(alias="from")
    to: Slug
    schema_: JsonSchema | None = Field(default=None, alias="schema")
    required_confidence: float | None = Field(default=None, ge=0, le=1)
    on_low_confidence: Literal["escalate", "revise", "proceed"] = "escalate"
    on_invalid: OnInvalid = OnInvalid()
    when: Gate | None = None
    artifacts: Many[Line] = ()


class Breaker(Part):
    """When a run is halted: so many `failures` among the last `window` calls, or the same call
    `repeats` times without anything new in between."""

    failures: int = Field(default=5, ge=1, le=1000)
    window: int = Field(default=20, ge=1, le=1000)
    repeats: int = Field(default=12, ge=2, le=1000)


class BranchLimits(Part):
    """What each branch that runs beside others may use: a delegation, a subtask, a specialist."""

    cost_usd: Money | None = None
    tokens: Count | None = None
    calls: Count | None = None
    actions: Count | None = None
    delegations: Count | None = None
    seconds: Count | None = None


class CrewLimits(Part):
    """`depth` is how many delegations may stand inside each other. `on_reached`: whether a person
    is asked to top a limit up (or to go on with an open breaker), or the run ends. `on_failures`:
    whether a person is asked about a role that fails for the second time in a run."""

    cost_usd: Money | None = None
    tokens: Count | None = None
    calls: Count | None = None
    actions: Count = 500
    delegations: Count | None = None
    depth: Count | None = None
    seconds: Count = 3600
    branch: BranchLimits = BranchLimits()
    breaker: Breaker = Breaker()
    on_reached: Literal["ask", "end"] = "ask"
    on_failures: Literal["ask", "proceed"] = "ask"


class Point(Part):
    x: float = Field(ge=-1e6, le=1e6)
    y: float = Field(ge=-1e6, le=1e6)


class CrewSpec(Part):
    """A whole crew. Immutable; `crews.models.CrewVersion` pins one by its content hash."""

    callsheet: Annotated[Literal[1], BeforeValidator(_version)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_visible)]
    description: Text = ""
    pattern: Pattern
    task: Task = Task()
    roles: dict[Slug, RoleSpec] = Field(min_length=1, max_length=100)
    handoffs: Many[Handoff] = Field(default=(), max_length=1000)
    escalation: Escalation = Escalation()
    limits: CrewLimits = CrewLimits()
    layout: dict[Slug, Point] = {}

    @model_validator(mode="after")
    def _handoffs_name_roles(self) -> Self:
        names = ", ".join(self.roles)
        faults = [
            (f"handoffs.{n}.{end}", f"there is no role '{role}'; the roles are {names}")
            for n, edge in enumerate(self.handoffs)
            for end, role in (("from", edge.from_), ("to", edge.to))
            if role not in self.roles
        ]
        if faults:
            raise refusal(faults)
        return self

    def seated(self, seat: str) -> list[str]:
        """Return the names of the roles in a seat, in the document's order."""
        return [name for name, role in self.roles.items() if role.seat == seat]

    def document(self) -> dict[str, Json]:
        """Return the document as JSON-able data, defaults left out, as it is hashed."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"callsheet": 1}
