"""The vendors' list prices, from `prices.json` beside this file.

They are those of genai-prices (MIT licence), whose tables in Python take 40 MB; only what our
providers need is kept. `python -m tests.price_lists` writes the file anew.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from runs.providers.base import Usage

FILE = Path(__file__).with_name("prices.json")
MILLION = Decimal(1_000_000)
_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": str.__contains__,
    "regex": lambda model, text: re.search(text, model) is not None,
}
# USD for a million tokens; or the price, and those that hold for all tokens of a call whose input
# has more than so many.
Price = Decimal | tuple[Decimal, tuple[tuple[int, Decimal], ...]]


@dataclass(frozen=True, kw_only=True)
class ListPrice:
    """What a model costs from a day (ISO, "" for ever) on. Tokens without a price of their own cost
    what input costs; without a price for that, nothing."""

    since: str
    input: Price
    output: Price
    read: Price | None
    written: Price | None

    def cost(self, usage: Usage) -> Decimal | None:
        """USD for a call; None where its counts contradict one another."""
        fresh = usage.input_tokens
        total = Decimal(0)
        for price, tokens in (
            (self.read, usage.cached_input_tokens),
            (self.written, usage.cache_write_tokens),
        ):
            if price is not None:
                fresh -= tokens
                total += _for(price, tokens, usage.input_tokens)
        if fresh < 0:
            return None
        total += _for(self.input, fresh, usage.input_tokens)
        return total + _for(self.output, usage.output_tokens, usage.input_tokens)


def _for(price: Price, tokens: int, input_tokens: int) -> Decimal:
    if isinstance(price, tuple):
        price, above = price
        for start, higher in above:
            if input_tokens > start:
                price = higher
    return price * tokens / MILLION


def list_price(provider: str, model: str) -> ListPrice | None:
    """Return what a model of a vendor costs today; None where that is not known."""
    today = datetime.now(UTC).date().isoformat()
    prices = _prices_of(provider, model.lower())
    return next((price for price in prices if price.since <= today), None)


@lru_cache(1_000)
def _prices_of(provider: str, model: str) -> tuple[ListPrice, ...]:
    """Return the prices of a model, the newest first. Some gateways write its date in one word."""
    for name in (model, re.sub(r"-(\d{4})(\d{2})(\d{2})$", r"-\1-\2-\3", model)):
        for known in _tables().get(provider, ()):
            if any(_MATCHES[how](name, text) for how, text in known["match"]):
                return tuple(_list_price(row) for row in known["prices"])
    return ()


@cache
def _tables() -> Mapping[str, list[dict[str, Any]]]:
    found: Mapping[str, list[dict[str, Any]]] = json.loads(FILE.read_text())
    return found


def _list_price(row: Mapping[str, Any]) -> ListPrice:
    prices = {name: _price(row.get(name)) for name in ("input", "output", "read", "written")}
    free = Decimal(0)
    return ListPrice(
        since=row.get("since", ""),
        input=prices["input"] or free,
        output=prices["output"] or free,
        read=prices["read"],
        written=prices["written"],
    )


def _price(value: Any) -> Price | None:
    if isinstance(value, list):
        base, above = value
        return Decimal(base), tuple((start, Decimal(price)) for start, price in above)
    return None if value is None else Decimal(value)
