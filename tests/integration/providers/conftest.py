"""A fake model server, and one way to call any provider at it."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from runs.providers import PROVIDERS
from runs.providers.base import (
    Credential,
    ModelReply,
    ModelRequest,
    Provider,
    ProviderError,
    UserMessage,
)
from tests.fakes.model_server import ModelServer

KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@dataclass(kw_only=True)
class Caller:
    """Calls a provider with little text around it, and keeps the pieces that streamed."""

    provider: Provider
    base_url: str
    api_key: str = KEY
    pieces: list[str] = field(default_factory=list)

    async def __call__(self, text: str = "hello", **settings: Any) -> ModelReply:
        settings = {"model": "m", "messages": (UserMessage(text=text),), **settings}
        credential = Credential(api_key=self.api_key, base_url=self.base_url)
        request = ModelRequest(**settings)
        return await self.provider.complete(request, credential, self.pieces.append)

    async def error(self, text: str = "hello", **settings: Any) -> ProviderError:
        """The error of a call that must fail; checks what holds for every error."""
        with pytest.raises(ProviderError) as caught:
            await self(text, **settings)
        error = caught.value
        assert error.provider == self.provider.name
        assert error.cause
        assert error.advice
        assert "\n" not in error.cause
        for shown in (error.cause, error.advice, repr(error), str(vars(error))):
            assert KEY not in shown
        return error


def base_url(name: str, server: ModelServer) -> str:
    return server.openai_url if name == "openai" else server.anthropic_url


@pytest.fixture
async def make_caller(server: ModelServer) -> AsyncIterator[Callable[[str], Caller]]:
    made: list[Caller] = []

    def make(name: str) -> Caller:
        made.append(Caller(provider=PROVIDERS[name](), base_url=base_url(name, server)))
        return made[-1]

    yield make
    for caller in made:
        await caller.provider.aclose()


@pytest.fixture(params=["openai", "anthropic"])
def caller(request: pytest.FixtureRequest, make_caller: Callable[[str], Caller]) -> Caller:
    """A caller of each provider that has a wire."""
    return make_caller(request.param)


@pytest.fixture
def openai(make_caller: Callable[[str], Caller]) -> Caller:
    return make_caller("openai")


@pytest.fixture
def anthropic(make_caller: Callable[[str], Caller]) -> Caller:
    return make_caller("anthropic")
