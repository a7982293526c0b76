"""Search engines of the web: SearXNG by its address, Tavily and Brave by a key.

An engine is a function that says what to ask, one that reads the answer, and a line in `ENGINES`.
"""

import asyncio
import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from teams.services import ResolvedCredential

Json = Any
DEADLINE_S: Final = 20.0
MAX_BYTES: Final = 2 << 20
MAX_RESULTS: Final = 20
_MARKUP: Final = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_ADDRESS: Final = re.compile(r"https?://[^\s\x00-\x1f\ud800-\udfff]+")


class SearchFailed(Exception):
    """The search engine did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One result: plain text, and where it is from."""

    title: str
    url: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an engine is asked."""

    url: str
    query: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    body: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """`results` gives the list of results in an answer, `text` the field of one that tells most."""

    ask: Callable[[ResolvedCredential, str, int], Question]
    results: Callable[[Json], Json]
    text: str
    advice: str = "Check the key in the team's settings."


def _searxng(credential: ResolvedCredential, query: str, _: int) -> Question:
    key = {"Authorization": f"Bearer {credential.api_key}"} if credential.api_key else None
    url = f"{credential.base_url or ''}/search"
    return Question(url=url, query={"q": query, "format": "json"}, headers=key)


def _tavily(credential: ResolvedCredential, query: str, count: int) -> Question:
    return Question(
        url=f"{credential.base_url or 'https://api.tavily.com'}/search",
        headers={"Authorization": f"Bearer {credential.api_key}"},
        body={"query": query, "max_results": count},
    )


def _brave(credential: ResolvedCredential, query: str, count: int) -> Question:
    return Question(
        url=f"{credential.base_url or 'https://api.search.brave.com'}/res/v1/web/search",
        query={"q": query[:400], "count": str(count)},
        headers={"X-Subscription-Token": credential.api_key},
    )


ENGINES: Final[dict[str, Engine]] = {
    "searxng": Engine(
        ask=_searxng,
        results=lambda answer: answer["results"],
        text="content",
        advice="Check its address, and that its settings allow the format json.",
    ),
    "tavily": Engine(ask=_tavily, results=lambda answer: answer["results"], text="content"),
    # Without any result, an answer of Brave has no "web".
    "brave": Engine(
        ask=_brave,
        results=lambda answer: answer.get("web", {"results": []})["results"],
        text="description",
    ),
}


async def search(credential: ResolvedCredential, query: str, count: int) -> list[Hit]:
    """Ask the engine that a credential is for. Raises SearchFailed, with what to do."""
    engine = ENGINES[credential.provider]
    try:
        async with asyncio.timeout(DEADLINE_S):
            status, body = await _send(engine.ask(credential, query, count))
    except TimeoutError:
        text = f"{credential.provider} did not answer within {DEADLINE_S:g} seconds."
        raise SearchFailed(text) from None
    if status != 200:
        raise SearchFailed(f"{credential.provider} answered with status {status}. {engine.advice}")
    try:
        results = engine.results(json.loads(body.decode("utf-8", "replace")))
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        results = None
    found = results if isinstance(results, list) else []
    hits = [hit for result in found if (hit := _hit(result, engine.text))]
    if not hits and results != []:
        text = f"{credential.provider} gave an answer that is none of a search. {engine.advice}"
        raise SearchFailed(text)
    return hits[:count]


async def _send(question: Question) -> tuple[int, bytes]:
    import httpx2  # imported here: whoever lists the tools need not load it

    from resources.network import trusted

    method, body = ("GET", None) if question.body is None else ("POST", json.dumps(question.body))
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    headers |= question.headers or {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        async with (
            httpx2.AsyncClient(verify=trusted(), timeout=DEADLINE_S) as client,
            client.stream(
                method, question.url, params=question.query, headers=headers, content=body
            ) as answer,
        ):
            read = bytearray()
            async for piece in answer.aiter_raw():
                read += piece
                if len(read) > MAX_BYTES:
                    raise SearchFailed("The search engine's answer is too large.")
            return answer.status_code, bytes(read)
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        why = str(error).rstrip(".")[:200] or type(error).__name__
        raise SearchFailed(f"The search engine could not be asked: {why}.") from None


def _hit(result: Json, text: str) -> Hit | None:
    """Read one result; None for what has no address to cite it by."""
    url = result.get("url") if isinstance(result, dict) else None
    if not isinstance(url, str) or not _ADDRESS.fullmatch(url):
        return None
    title = _plain(result.get("title"), 300) or url[:300]
    return Hit(title=title, url=url[:2000], text=_plain(result.get(text), 1500))


def _plain(value: Json, most: int) -> str:
    """Return text without markup and without what cannot be stored: texts are cut anywhere, so
    half a character may stand at their end."""
    if not isinstance(value, str):
        return ""
    text = html.unescape(_MARKUP.sub("", value[: most * 4]))
    text = text.replace("\0", "").encode("utf-8", "ignore").decode()
    return " ".join(text.split())[:most]
