"""Writes `runs/providers/prices.json` from genai-prices: `python -m tests.price_lists`."""

import json
from typing import Any

from genai_prices.data import providers
from genai_prices.types import (
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    TieredPrices,
)

from runs.providers.list_prices import FILE
from runs.providers.vendors import VENDOR_URLS

NAMES = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "read",
    "cache_write_mtok": "written",
}


def made() -> str:
    """Return the text of the file: JSON with a model in each line."""
    parts = []
    for provider in providers:
        if provider.id in VENDOR_URLS:
            lines = ",\n".join(json.dumps(_model(model)) for model in provider.models)
            parts.append(f"{json.dumps(provider.id)}: [\n{lines}\n]")
    return "{" + ",\n".join(parts) + "}\n"


def _model(model: ModelInfo) -> dict[str, Any]:
    prices = (
        model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
    )
    # The last one that has begun holds; where none has, the first.
    rows = [_row(price) for price in reversed(prices)]
    rows[-1].pop("since", None)
    return {"match": _clauses(model.match), "prices": rows}


def _row(price: ConditionalPrice) -> dict[str, Any]:
    since = {}
    if price.constraint is not None:
        assert isinstance(price.constraint, StartDateConstraint)
        since = {"since": price.constraint.start_date.isoformat()}
    return since | _prices(price.prices)


def _prices(prices: ModelPrice) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, ours in NAMES.items():
        price = getattr(prices, name)
        if isinstance(price, TieredPrices):
            above = [[tier.start, str(tier.price)] for tier in price.tiers]
            found[ours] = [str(price.base), above]
        elif price is not None:
            found[ours] = str(price)
    return found


def _clauses(match: Any) -> list[tuple[str, str]]:
    """Return the ways in which a model's name may match, of which one must."""
    if isinstance(match, ClauseOr):
        return [clause for part in match.or_ for clause in _clauses(part)]
    if isinstance(match, ClauseEquals):
        return [("equals", match.equals.lower())]
    if isinstance(match, ClauseStartsWith):
        return [("starts_with", match.starts_with.lower())]
    if isinstance(match, ClauseEndsWith):
        return [("ends_with", match.ends_with.lower())]
    if isinstance(match, ClauseRegex):
        return [("regex", match.regex)]
    assert isinstance(match, ClauseContains), match
    return [("contains", match.contains.lower())]


if __name__ == "__main__":
    FILE.write_text(made())
