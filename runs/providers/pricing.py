"""What a model call costs in USD: by the vendors' list prices, or by what the team says.

Prices come from this package and the team alone; nothing is fetched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from runs.providers.base import Usage
from runs.providers.list_prices import MILLION, list_price
from runs.providers.vendors import VENDOR_URLS

REHEARSAL = "rehearsal"


@dataclass(frozen=True, kw_only=True)
class ModelPrice:
    """A team's own price for a model, in USD for a million tokens.

    Without `cached_input` tokens read from a cache cost as much as any.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None

    def cost(self, usage: Usage) -> Decimal:
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = usage.input_tokens - usage.cached_input_tokens
        total = (
            fresh * self.input
            + usage.cached_input_tokens * cached
            + usage.output_tokens * self.output
        )
        return total / MILLION


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """USD for the calls that go to one credential's server.

    `overrides` maps `provider/model`, `provider/*` or `model` to the team's price, which
    comes first. List prices hold for the vendor's own server only: with another `base_url`
    a model of the same name costs what its operator asks, which nobody has told us.
    """

    base_url: str = ""
    overrides: Mapping[str, ModelPrice] = field(default_factory=dict)

    def __call__(self, provider: str, model: str, usage: Usage) -> Decimal | None:
        """USD for the call; 0 for a rehearsal; None where the price is not known."""
        if provider == REHEARSAL:
            return Decimal(0)
        for name in (f"{provider}/{model}", model, f"{provider}/*"):
            if name in self.overrides:
                return self.overrides[name].cost(usage)
        if not self._is_vendor(provider):
            return None
        price = list_price(provider, model)
        return None if price is None else price.cost(usage)

    def _is_vendor(self, provider: str) -> bool:
        return not self.base_url or _host(self.base_url) == _host(VENDOR_URLS.get(provider, ""))


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].lower()
