"""Which model a team means by fast, balanced and best."""

from dataclasses import dataclass
from typing import Final

from django.db import transaction

from teams.models import ModelTier, Team
from teams.services.credentials import credential_known

TIERS: Final = ("fast", "balanced", "best")
# Until a team says otherwise: by the first provider here that it has a credential for.
DEFAULTS: Final = {
    "anthropic": {
        "fast": "claude-haiku-5-5",
        "balanced": "claude-sonnet-5-5",
        "best": "claude-opus-5-5",
    },
    "openai": {"fast": "gpt-6-luna", "balanced": "gpt-6.1-terra", "best": "gpt-6.1-sol"},
}


@dataclass(frozen=True, kw_only=True)
class TierModel:
    """A tier's model. ``chosen`` tells that the team set it; otherwise it is the default."""

    tier: str
    provider: str
    model: str
    credential: str = "default"
    chosen: bool = False


def tiers_of(*, team: Team, environment: bool = False) -> list[TierModel]:
    """Return the team's three tiers, in the order fast, balanced, best."""
    rows = {row.tier: row for row in ModelTier.objects.for_team(team)}
    provider = _default_provider(team, environment) if len(rows) < len(TIERS) else ""
    return [_tier_model(tier, rows.get(tier), provider) for tier in TIERS]


def tier_resolve(*, team: Team, tier: str, environment: bool = False) -> TierModel:
    """Return the model that the team means by ``tier``.

    Raises:
        ValueError: for an unknown tier, naming the tiers there are.
    """
    if tier not in TIERS:
        raise ValueError(f"Unknown tier {tier!r}; there are {', '.join(TIERS)}")
    return next(
        model for model in tiers_of(team=team, environment=environment) if model.tier == tier
    )


@transaction.atomic
def tier_set(
    *, team: Team, tier: str, provider: str, model: str, credential: str = "default"
) -> None:
    """Say which model the tier means; an empty ``model`` means the provider's default for it.

    Raises:
        ValueError: for an unknown tier, naming the tiers there are.
    """
    if tier not in TIERS:
        raise ValueError(f"Unknown tier {tier!r}; there are {', '.join(TIERS)}")
    if not model and provider != _default_provider(team, environment=False):
        model = DEFAULTS.get(provider, {}).get(tier, "")
    if not model:
        ModelTier.objects.for_team(team).filter(tier=tier).delete()
        return
    ModelTier.objects.update_or_create(
        team=team,
        tier=tier,
        defaults={"provider": provider, "model": model, "credential": credential or "default"},
    )


def _default_provider(team: Team, environment: bool) -> str:
    reachable = (
        provider
        for provider in DEFAULTS
        if credential_known(team=team, provider=provider, environment=environment)
    )
    return next(reachable, "anthropic")


def _tier_model(tier: str, row: ModelTier | None, default_provider: str) -> TierModel:
    if row is None:
        return TierModel(
            tier=tier, provider=default_provider, model=DEFAULTS[default_provider][tier]
        )
    return TierModel(
        tier=tier, provider=row.provider, model=row.model, credential=row.credential, chosen=True
    )
