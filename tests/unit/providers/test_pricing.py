"""Prices: the vendors' lists for the vendors' servers, the team's word before all, else unknown."""

from decimal import Decimal

import pytest

from runs.providers.base import Usage
from runs.providers.pricing import ModelPrice, PriceList

USAGE = Usage(input_tokens=1_000_000, output_tokens=100_000, cached_input_tokens=500_000)
OWN = ModelPrice(input=Decimal(1), output=Decimal(2))


def test_list_prices_are_decimals_and_discount_what_was_cached() -> None:
    prices = PriceList()
    cost = prices("openai", "gpt-4.1-mini", USAGE)
    assert cost == Decimal("0.41")
    full = prices("openai", "gpt-4.1-mini", USAGE.model_copy(update={"cached_input_tokens": 0}))
    assert full == Decimal("0.56")
    assert prices("anthropic", "claude-sonnet-4-5", Usage()) == 0


def test_what_was_written_to_the_cache_costs_more() -> None:
    prices = PriceList()
    read = Usage(input_tokens=1000, cached_input_tokens=1000)
    written = Usage(input_tokens=1000, cache_write_tokens=1000)
    cheap = prices("anthropic", "claude-sonnet-4-5", read)
    dear = prices("anthropic", "claude-sonnet-4-5", written)
    assert cheap is not None
    assert dear is not None
    assert dear > cheap


@pytest.mark.parametrize(
    "model", ["no-such-model", "claude-sonnet-4-5", "", "llama3"], ids=lambda name: name or "empty"
)
def test_an_unknown_model_has_no_price_rather_than_none_to_pay(model: str) -> None:
    assert PriceList()("openai", model, USAGE) is None


@pytest.mark.parametrize(
    "url", ["http://localhost:11434/v1", "https://api.openai.com.evil.example"]
)
def test_another_server_has_no_list_price(url: str) -> None:
    assert PriceList(base_url=url)("openai", "gpt-4.1-mini", USAGE) is None


def test_the_vendors_own_address_has() -> None:
    prices = PriceList(base_url="https://api.openai.com/v1/")
    assert prices("openai", "gpt-4.1-mini", USAGE) == Decimal("0.41")


@pytest.mark.parametrize("name", ["openai/llama3", "llama3", "openai/*"])
def test_the_teams_price_comes_first_everywhere(name: str) -> None:
    prices = PriceList(base_url="http://localhost:1/v1", overrides={name: OWN})
    assert prices("openai", "llama3", USAGE) == Decimal("1.2")


def test_a_price_for_cached_tokens() -> None:
    own = ModelPrice(input=Decimal(1), output=Decimal(2), cached_input=Decimal("0.1"))
    assert own.cost(USAGE) == Decimal("0.75")


def test_a_rehearsal_costs_nothing() -> None:
    assert PriceList()("rehearsal", "any", USAGE) == 0


def test_usage_that_no_server_should_report_is_no_crash() -> None:
    odd = Usage(input_tokens=1, output_tokens=1, cached_input_tokens=50, cache_write_tokens=50)
    PriceList()("openai", "gpt-4.1-mini", odd)
