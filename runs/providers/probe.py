"""A look at a credential's server without a model call: is it there, and is the key good."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from json import JSONDecodeError

import httpx2

from runs.providers import connection
from runs.providers.base import Credential, Json
from runs.providers.errors import (
    BadKey,
    DeadlineExceeded,
    MalformedAnswer,
    Peer,
    error_from_status,
)
from runs.providers.vendors import VENDOR_URLS

SECONDS = 8.0
_PATHS = {"anthropic": "/v1/models", "openai": "/models"}


@dataclass(frozen=True, kw_only=True)
class Found:
    """The server that answered, as `host:port`, and the names of the models that it listed."""

    host: str
    models: tuple[str, ...]


def probe(provider: str, credential: Credential) -> Found:
    """Ask for the list of models, which costs nothing. Raises `ProviderError`.

    Blocks for at most `SECONDS`; for threads without an event loop, such as a view's.
    """
    return asyncio.run(_probe(provider, credential))


async def _probe(provider: str, credential: Credential) -> Found:
    vendor = VENDOR_URLS[provider]
    base_url = (credential.base_url or vendor).rstrip("/")
    if provider == "anthropic":
        base_url = base_url.removesuffix("/v1")
    peer = Peer(provider=provider, host=connection.host_of(base_url), api_key=credential.api_key)
    if base_url == vendor and not credential.api_key:
        raise peer.error(BadKey, f"There is no API key for {peer.host}.")
    try:
        async with asyncio.timeout(SECONDS):
            with connection.client_borrow() as http:
                headers = _headers(provider, credential.api_key, vendor=base_url == vendor)
                response = await http.get(base_url + _PATHS[provider], headers=headers)
    except TimeoutError:
        raise peer.error(
            DeadlineExceeded,
            f"{peer.host} did not answer within {SECONDS:g} s.",
            advice="Check that the server is the right one, and test again.",
        ) from None
    except httpx2.HTTPError as failure:
        raise connection.error_from_transport(peer, failure, answering=False) from None
    finally:
        await connection.pools_close()
    return Found(host=peer.host, models=_models(peer, response))


def _headers(provider: str, api_key: str, *, vendor: bool) -> dict[str, str]:
    """The headers that a call would have."""
    headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
    if provider == "anthropic":
        headers |= {"anthropic-version": "2023-06-01"}
        headers |= {"x-api-key": api_key} if api_key and not vendor else {}
    return headers


def _models(peer: Peer, response: httpx2.Response) -> tuple[str, ...]:
    """The names in a list of models, which both vendors write alike; some servers send it bare."""
    try:
        body: Json = response.json()
    except (JSONDecodeError, UnicodeDecodeError, RecursionError):
        body = response.text
    if not response.is_success:
        raise error_from_status(peer, response.status_code, body, response.headers, model="")
    listed = body.get("data") if isinstance(body, Mapping) else body or None
    if not isinstance(listed, list):
        raise peer.error(MalformedAnswer, f"{peer.host} answered, but not with a list of models.")
    names = (model.get("id") for model in listed if isinstance(model, Mapping))
    return tuple(name for name in names if isinstance(name, str))
