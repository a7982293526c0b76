"""The test of a credential that the settings page offers, by a look at its server."""

from dataclasses import replace
from functools import partial

from asgiref.sync import async_to_sync

from runs.providers import PROVIDERS
from runs.providers.base import Credential, ProviderError
from runs.providers.vendors import VENDOR_URLS
from runs.tools.search_engines import ENGINES, SearchFailed, search
from teams.providers import PROVIDERS as OFFERED
from teams.providers import CheckResult, ProviderInfo, provider_register
from teams.services.credentials import ResolvedCredential

SHOWN_MODELS = 8


def checks_register() -> None:
    """Offer every provider of models where credentials are kept, and make those testable that have
    a server we know."""
    for name in PROVIDERS.keys() - OFFERED.keys() - {"rehearsal"}:
        provider_register(ProviderInfo(name=name, title=name.capitalize()))
    for name in PROVIDERS.keys() & VENDOR_URLS.keys() & OFFERED.keys():
        provider_register(replace(OFFERED[name], check=partial(check, name)))
    for name in ENGINES.keys() & OFFERED.keys():
        provider_register(replace(OFFERED[name], check=check_search))


def check(provider: str, resolved: ResolvedCredential) -> CheckResult:
    """Look whether the server is there and takes the key. No model is called."""
    # imported here: every process registers the checks, few make one
    from runs.providers.probe import probe

    credential = Credential(api_key=resolved.api_key, base_url=resolved.base_url or "")
    try:
        found = probe(provider, credential)
    except ProviderError as error:
        return CheckResult(ok=False, summary=error.cause, detail=error.advice)
    names = ", ".join(found.models[:SHOWN_MODELS])
    more = len(found.models) - SHOWN_MODELS
    models = f"{names} and {more} more" if more > 0 else names or "it lists no models"
    verdict = "takes the key" if resolved.api_key else "answers"
    return CheckResult(ok=True, summary=f"{found.host} {verdict}. Models: {models}.")


def check_search(resolved: ResolvedCredential) -> CheckResult:
    """Make one search."""
    try:
        hits = async_to_sync(search)(resolved, "call sheet", 3)
    except SearchFailed as failed:
        return CheckResult(ok=False, summary="The search failed", detail=str(failed))
    found = f"It found: {hits[0].title}." if hits else "It found nothing."
    return CheckResult(ok=True, summary=f"It takes searches. {found}")
