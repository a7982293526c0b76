"""What all runs of a worker process share: providers, prices, the sandbox driver, the writer."""

import asyncio
import gc
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from runs.journal import doorbell, signing
from runs.journal.reader import Reader
from runs.journal.writer import Writer
from runs.providers import provider_get
from runs.providers.base import Credential, Provider, ProviderError, Usage
from runs.providers.pricing import PriceList
from sandbox.api import Driver

READERS = 4
# Objects made before the youngest are looked through; 700 elsewhere.
YOUNG = 10_000
PREVIEW_S = 0.04


class NoCredential(ProviderError):
    """The team has no credential of this name for this provider."""

    kind = "no_credential"
    permanent = True
    advice = "Add the credential in the team's settings, or start a rehearsal."


@dataclass(slots=True)
class Machine:
    """The process-wide parts. Made and closed on one event loop."""

    driver: Driver
    writer: Writer = field(default_factory=Writer)
    previews_at: str = ""  # where the previews' server reaches this process, if it can
    _installation: str = ""
    _providers: dict[str, Provider] = field(default_factory=dict)
    read: Reader = field(default_factory=lambda: Reader(READERS))

    async def installation(self) -> str:
        """Return what tells this installation's sandboxes from others on the same engine: the
        workers of one installation share a database, and so its signing key."""
        if not self._installation:
            self._installation = (await self.writer.call(signing.public_key))[:16]
        return self._installation

    async def provider(self, name: str) -> Provider:
        """Return a provider; the first call for one imports its SDK, which takes a second."""
        if name not in self._providers:
            self._providers[name] = await asyncio.to_thread(provider_get, name)
            _keep_what_is_loaded(name)
        return self._providers[name]

    async def close(self) -> None:
        self.writer.close()
        self.read.close()
        for provider in self._providers.values():
            await provider.aclose()
        await self.driver.close()


@cache
def _keep_what_is_loaded(_: str) -> None:
    """Keep it out of the garbage collector's way, once a provider: looked through again and again,
    it held all runs up."""
    gc.freeze()
    gc.set_threshold(YOUNG)


Credentials = Mapping[tuple[str, str], Credential]


_PRICES = PriceList()


def cost(provider: str, model: str, usage: Usage) -> Decimal | None:
    """Return the USD of a call by the list price of the model's name; None where it has none.

    That holds for calls through a gateway too: a budget that counts them at the list price can be
    kept, one that does not know them cannot.
    """
    return _PRICES(provider, model, usage)


class Preview:
    """Gathers pieces of streaming text and shows them to viewers a few times a second."""

    def __init__(self, run: str, action: str) -> None:
        self._run = run
        self._action = action
        self._text: list[str] = []
        self._due: asyncio.TimerHandle | None = None

    def show(self, text: str) -> None:
        self._text.append(text)
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(PREVIEW_S, self._send)

    def _send(self) -> None:
        self._due = None
        text, self._text = "".join(self._text), []
        for start in range(0, len(text), 8_000):
            doorbell.ring_delta(self._run, self._action, text[start : start + 8_000])

    def close(self) -> None:
        if self._due is not None:
            self._due.cancel()
