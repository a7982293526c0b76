"""Searching the web: three engines by their wire formats, and what runs without any."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from runs.credential_checks import check_search
from runs.errors import BadRequest
from runs.tools import web_search
from runs.tools.search_engines import Hit, SearchFailed, search
from teams.services import ResolvedCredential, credential_set
from tests.fakes.model_server import Reply, Rule
from tests.fakes.web import Answer, Asked, WebServer
from tests.integration.runs.documents import desk
from tests.integration.runs.playing import Stage
from tests.unit.runs.tools.contexts import alone

Json = Any
PATHS = {"searxng": "/search", "tavily": "/search", "brave": "/res/v1/web/search"}
FOUND: list[Json] = [
    {
        "title": "SQLite <b>WAL</b>",
        "url": "https://sqlite.org/wal.html",
        "content": "Write-ahead &amp; more",
    },
    {"title": "", "url": "https://example.org/", "content": None, "score": 0.1},
    {"title": "No address", "content": "x"},
    {"title": "Bad", "url": "javascript:alert(1)", "content": "x"},
]


def answered(engine: str) -> Json:
    """Return what an engine answers, in its own format."""
    if engine == "brave":
        results = [{**hit, "description": hit["content"]} for hit in FOUND]
        return {"type": "search", "web": {"type": "search", "results": results}}
    return {"query": "q", "results": FOUND, "answers": []}


def told(body: Json, status: int = 200) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(body=data, status=status, headers={"Content-Type": "application/json"})


def give(stage: Stage, web: WebServer, engine: str, name: str = "default") -> None:
    credential_set(
        team=stage.team, provider=engine, name=name, api_key="sk-search", base_url=web.url
    )


def reached(engine: str, web: WebServer) -> ResolvedCredential:
    return ResolvedCredential(provider=engine, api_key="sk-search", base_url=web.url)


@pytest.mark.parametrize("engine", list(PATHS))
async def test_results_come_with_their_sources(web: WebServer, engine: str) -> None:
    web.pages[PATHS[engine]] = told(answered(engine))
    hits = await search(reached(engine, web), "sqlite wal", 5)
    assert hits == [
        Hit(title="SQLite WAL", url="https://sqlite.org/wal.html", text="Write-ahead & more"),
        Hit(title="https://example.org/", url="https://example.org/", text=""),
    ]
    (asked,) = web.asked
    _check_asked(engine, asked)


def _check_asked(engine: str, asked: Asked) -> None:
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}
    if engine == "searxng":
        assert query == {"q": "sqlite wal", "format": "json"}
    elif engine == "brave":
        assert query == {"q": "sqlite wal", "count": "5"}
        assert asked.headers["x-subscription-token"] == "sk-search"
    else:
        assert json.loads(asked.body) == {"query": "sqlite wal", "max_results": 5}
        assert asked.headers["authorization"] == "Bearer sk-search"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (told({"detail": "no"}, 401), "status 401. Check the key"),
        (told(b"", 429), "status 429"),
        (told(b"<html>"), "none of a search"),
        (told({"results": 7}), "none of a search"),
        (told([]), "none of a search"),
        (told({"results": ["x", {"url": "javascript:x"}]}), "none of a search"),
        (told(b"[" * 5000), "none of a search"),
        (told(b"x" * 3_000_000), "too large"),
        (Answer(status=302, headers={"Location": "/elsewhere"}), "status 302"),
    ],
)
def test_an_engine_that_fails_says_why(web: WebServer, answer: Answer, why: str) -> None:
    web.pages["/search"] = answer
    verdict = check_search(reached("tavily", web))
    assert not verdict.ok
    assert why in verdict.detail
    assert "/elsewhere" not in [asked.path for asked in web.asked]


async def test_a_malformed_result_spoils_no_other(web: WebServer) -> None:
    strange: list[Json] = [None, "x", 7, [], {}, {"url": 7}, {"url": "https://\0/"}]
    cut = {"title": 5, "url": "https://cut.example/", "content": "a smile \ud83d"}
    web.pages["/search"] = told({"results": [*strange, cut, FOUND[0]]})
    hits = await search(reached("tavily", web), "sqlite wal", 5)
    assert [(hit.url, hit.text) for hit in hits] == [
        ("https://cut.example/", "a smile"),
        ("https://sqlite.org/wal.html", "Write-ahead & more"),
    ]


async def test_an_engine_that_is_not_there(web: WebServer) -> None:
    with pytest.raises(SearchFailed, match="could not be asked"):
        await search(
            ResolvedCredential(provider="brave", api_key="k", base_url="http://127.0.0.1:9"), "x", 5
        )


async def test_nothing_found_is_no_error(web: WebServer) -> None:
    web.pages["/res/v1/web/search"] = told({"type": "search"})
    assert await search(reached("brave", web), "sqlite wal", 5) == []


def test_a_role_names_its_engine_and_credential(stage: Stage, web: WebServer) -> None:
    give(stage, web, "brave")
    give(stage, web, "searxng", "inside")
    chosen = [
        web_search.engine_of(stage.team, options)
        for options in ({}, {"engine": "searxng", "credential": "inside"}, {"engine": "searxng"})
    ]
    assert [found and found.provider for found in chosen] == ["brave", "searxng", None]


def searching(**options: Json) -> Json:
    return desk(lead={"tools": [{"name": "web_search", "options": options}]})


def test_without_an_engine_a_run_does_not_start(stage: Stage, web: WebServer) -> None:
    with pytest.raises(BadRequest, match=r"roles\.lead\.tools: web_search needs a search engine"):
        stage.start(searching())
    give(stage, web, "brave")
    with pytest.raises(BadRequest, match="web_search needs 'tavily'"):
        stage.start(searching(engine="tavily"))
    assert stage.start(searching()).status == "queued"


def test_a_run_searches_and_keeps_the_citations(stage: Stage, web: WebServer) -> None:
    web.pages["/search"] = told(answered("tavily"))
    give(stage, web, "tavily")
    call = {"name": "web_search", "arguments": {"query": "wal"}}
    stage.server.rules = [Rule(times=1, reply=Reply(tool_calls=(call,)))]
    played = stage.play(searching(max_results=1))
    output = played.action("lead/tools/own/web_search")[-1]["payload"]["output"]
    assert "[1] SQLite WAL\nhttps://sqlite.org/wal.html\nWrite-ahead & more" in output["text"]
    assert [hit["url"] for hit in output["citations"]] == ["https://sqlite.org/wal.html"]
    assert len(web.asked) == 1
    assert "sk-search" not in json.dumps(played.entries)


async def test_a_rehearsal_makes_its_results_up() -> None:
    context = alone(rehearsal=True, options={"max_results": 2})
    output = await web_search.TOOL.run(context, {"query": "sqlite wal"})
    assert output.text.startswith("Rehearsal — no search was made")
    assert output.data["rehearsal"] is True
    assert all(hit["url"].startswith("https://example.com/") for hit in output.data["citations"])
