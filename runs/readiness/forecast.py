"""What a run of a crew will probably cost, and what it can cost at most.

The worst case follows from the limits alone, at the dearest of a role's models: the budget is
reserved before each call, so no run costs more unless a person tops a limit up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from crews.models import Crew
from crews.spec import CrewSpec
from runs.engine.machine import cost
from runs.models import Action, Run
from runs.providers.base import Usage
from runs.readiness.guess import guessed_tokens

Json = Any
MILLION = 1_000_000
# Of a run's tokens this part is read, the rest written, where only their sum is known.
READ = Decimal("0.8")
MOST_RUNS = 50
MICRO = Decimal("0.000001")


@dataclass(frozen=True, kw_only=True)
class Price:
    """USD for a token of a role's models: the dearest of them, for the worst case; the first one
    (`usual`), with reading and writing mixed, for what is expected."""

    most: Decimal
    usual: Decimal


@dataclass(frozen=True, kw_only=True)
class RoleForecast:
    """What a role's part of a run costs in USD; `worst` None where nothing bounds it."""

    role: str
    model: str
    expected: Decimal
    worst: Decimal | None
    bounded_by: str


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a run costs in USD. `basis` says what `expected` comes from; `bounded_by` names the
    limit that `worst` follows from; `unpriced` what has no known price (models, and what external
    agents spend by themselves), which counts as nothing in both."""

    expected: Decimal
    basis: str
    worst: Decimal | None
    bounded_by: str
    roles: tuple[RoleForecast, ...]
    unpriced: tuple[str, ...]

    @property
    def dominant(self) -> str:
        """The role that costs most, or nothing where none costs anything."""
        first = max(self.roles, key=lambda role: role.expected, default=None)
        return first.role if first is not None and first.expected else ""


def forecast(
    spec: CrewSpec, models: Mapping[str, list[dict[str, Json]]], crew: Crew | None
) -> Forecast:
    """Return what a run costs. `spec` has the roles of crews inside it too (`role/role`); `models`
    are those pinned for its roles; past runs are those of `crew`."""
    prices, unpriced = _prices(models)
    unpriced += [
        f"what the command of '{name}' calls"
        for name, role in spec.roles.items()
        if role.command and role.command.credential
    ]
    tokens, basis = _tokens(spec, crew)
    roles = []
    for name, price in prices.items():
        worst, bound = _worst(f"roles.{name}.limits", spec.roles[name].limits, price.most)
        first = models[name][0]
        roles.append(
            RoleForecast(
                role=name,
                model=f"{first['provider']}/{first['name']}",
                expected=(tokens.get(name, Decimal(0)) * price.usual).quantize(MICRO),
                worst=worst,
                bounded_by=bound,
            )
        )
    dearest = max((price.most for price in prices.values()), default=Decimal(0))
    worst, bound = _smallest(
        _worst("limits", spec.limits, dearest), _sum(roles) if roles else (Decimal(0), "no model")
    )
    return Forecast(
        expected=sum((role.expected for role in roles), Decimal(0)),
        basis=basis,
        worst=worst,
        bounded_by=bound,
        roles=tuple(roles),
        unpriced=tuple(unpriced),
    )


def _prices(models: Mapping[str, list[dict[str, Json]]]) -> tuple[dict[str, Price], list[str]]:
    prices, unpriced = {}, []
    for role, choices in models.items():
        most, usual = Decimal(0), Decimal(0)
        for n, choice in enumerate(choices):
            provider, name = choice["provider"], choice["name"]
            read = cost(provider, name, Usage(input_tokens=MILLION, output_tokens=0))
            kept = cost(
                provider,
                name,
                Usage(input_tokens=MILLION, output_tokens=0, cache_write_tokens=MILLION),
            )
            written = cost(provider, name, Usage(input_tokens=0, output_tokens=MILLION))
            if read is None or written is None:
                unpriced.append(f"{provider}/{name}")
                continue
            most = max(most, read / MILLION, (kept or read) / MILLION, written / MILLION)
            if n == 0:
                usual = (read * READ + written * (1 - READ)) / MILLION
        prices[role] = Price(most=most, usual=usual)
    return prices, list(dict.fromkeys(unpriced))


def _worst(path: str, limits: Json, price: Decimal) -> tuple[Decimal | None, str]:
    """Return the smaller of what the limits of money and of tokens allow, and which it is."""
    money = limits.cost_usd
    tokens = None if limits.tokens is None else limits.tokens * price
    return _smallest((money, f"{path}.cost_usd"), (tokens, f"{path}.tokens"))


def _smallest(*bounds: tuple[Decimal | None, str]) -> tuple[Decimal | None, str]:
    known = [(value, name) for value, name in bounds if value is not None]
    return min(known, key=lambda bound: bound[0]) if known else (None, "")


def _sum(roles: list[RoleForecast]) -> tuple[Decimal | None, str]:
    """Return what the roles may cost together, if each is bounded."""
    total = Decimal(0)
    for role in roles:
        if role.worst is None:
            return None, ""
        total += role.worst
    return total, "the limits of the roles"


def _tokens(spec: CrewSpec, crew: Crew | None) -> tuple[dict[str, Decimal], str]:
    """Return the tokens that each role is expected to use, and where that comes from: past runs,
    else rehearsals, else the document alone."""
    for rehearsal, word in ((False, "run"), (True, "rehearsal")):
        runs = Run.objects.filter(crew=crew, status="finished", rehearsal=rehearsal)
        ids = [run.pk for run in runs.order_by("-created_at")[:MOST_RUNS]]
        if crew is None or not ids:
            continue
        used = (
            Action.objects.filter(run__in=ids, type="model_call")
            .values("run", "agent")
            .annotate(sum=Sum("tokens"))
        )
        by_role: dict[str, list[int]] = {}
        for row in used:
            by_role.setdefault(row["agent"], []).append(row["sum"])
        told = {role: Decimal(sum(sums)) / len(ids) for role, sums in by_role.items()}
        return told, f"the last {len(ids)} {word}s" if len(ids) > 1 else f"one {word}"
    return guessed_tokens(spec), "the document alone"
