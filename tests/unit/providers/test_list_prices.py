"""Our list prices are those of genai-prices, to which they are compared name by name."""

import json
from collections.abc import Iterator

import genai_prices
import pytest

from runs.providers.base import Usage
from runs.providers.list_prices import FILE, list_price
from runs.providers.pricing import PriceList
from tests import price_lists

PLAIN = Usage(input_tokens=1_000, output_tokens=500)
CALLS = (
    PLAIN,
    Usage(input_tokens=300_001, output_tokens=500, cached_input_tokens=1_000),
    Usage(input_tokens=210_000, output_tokens=7, cached_input_tokens=9, cache_write_tokens=500),
    # Counts that contradict one another.
    Usage(input_tokens=10, output_tokens=7, cached_input_tokens=50, cache_write_tokens=500),
)


def names() -> Iterator[tuple[str, str]]:
    for provider, models in json.loads(FILE.read_text()).items():
        for model in models:
            for _, text in model["match"]:
                yield from ((provider, name) for name in (text, f"{text}-2026-01-01", f"{text}x"))
        yield from ((provider, name) for name in ("", "no-such", "GPT-4.1-Mini"))
        yield provider, "gpt-5.2-20251211"


def test_the_file_is_what_genai_prices_says() -> None:
    assert FILE.read_text() == price_lists.made(), "run: python -m tests.price_lists"


@pytest.mark.parametrize("usage", CALLS, ids=range(len(CALLS)))
def test_every_name_costs_what_genai_prices_says(usage: Usage) -> None:
    counted = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_input_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    priced = 0
    for provider, name in names():
        try:
            wanted = genai_prices.calc_price(counted, name, provider_id=provider).total_price
        except (LookupError, ValueError):
            wanted = None
        assert PriceList()(provider, name, usage) == wanted, f"{provider} {name}"
        priced += wanted is not None
    assert priced > 20


def test_a_price_holds_from_its_day_on() -> None:
    price = list_price("openai", "o3")
    assert price is not None
    assert price.since
    assert price.cost(PLAIN)
