"""What is read of documents and servers: lists, and full-text search."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Q, QuerySet

from resources.models import Document, McpServer, McpTool, Passage
from teams.models import Team

MAX_WORDS: Final = 40
MAX_WORD: Final = 250
"""Longer ones are in no index; PostgreSQL refuses a question with one."""
_WORD: Final = re.compile(r"\w+")

_SQLITE: Final = """
    SELECT p.id FROM resources_passage_text t
    JOIN resources_passage p ON p.id = t.rowid
    JOIN resources_document d ON d.id = p.document_id
    WHERE resources_passage_text MATCH %s AND d.team_id = %s{collections}
    ORDER BY bm25(resources_passage_text, 2.0, 1.0), p.id LIMIT %s
"""
_POSTGRESQL: Final = """
    SELECT p.id FROM resources_passage p
    JOIN resources_document d ON d.id = p.document_id,
    to_tsquery('english', %s) q
    WHERE to_tsvector('english', p.heading || ' ' || p.text) @@ q AND d.team_id = %s{collections}
    ORDER BY ts_rank_cd(to_tsvector('english', p.heading || ' ' || p.text), q, 1) DESC, p.id
    LIMIT %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    name: str
    documents: int


def documents_of(team: Team) -> QuerySet[Document]:
    """Return the team's documents with the number of their passages, by collection and name."""
    rows = Document.objects.for_team(team).select_related("created_by")
    return rows.annotate(passage_count=Count("passages")).order_by("collection", "name")


def collections_of(team: Team) -> list[Collection]:
    rows = Document.objects.for_team(team).values("collection").order_by("collection")
    return [
        Collection(name=row["collection"], documents=row["count"])
        for row in rows.annotate(count=Count("pk"))
    ]


def passages_found(
    *, team: str, query: str, collections: Sequence[str] = (), limit: int = 5
) -> list[Passage]:
    """Return the passages of a team that have most to do with the words of a query, the best
    first. `team` is its id; without `collections` all are searched."""
    found = (word.lower() for word in _WORD.findall(query) if len(word) <= MAX_WORD)
    words = list(dict.fromkeys(found))[:MAX_WORDS]
    if not words:
        return []
    lite = connection.vendor == "sqlite"
    places = ", ".join(["%s"] * len(collections))
    sql = (_SQLITE if lite else _POSTGRESQL).format(
        collections=f" AND d.collection IN ({places})" if collections else ""
    )
    asked = " OR ".join(f'"{word}"' for word in words) if lite else _tsquery(words)
    owner: Any = Team._meta.pk.get_db_prep_value(team, connection)
    with connection.cursor() as cursor:
        cursor.execute(sql, [asked, owner, *collections, limit])
        order = {row[0]: place for place, row in enumerate(cursor.fetchall())}
    passages = Passage.objects.select_related("document").filter(pk__in=order)
    return sorted(passages, key=lambda passage: order[passage.pk])


def _tsquery(words: Sequence[str]) -> str:
    # Words are letters, digits and _ only; quoted, none of them is an operator.
    return " | ".join(f"'{word}'" for word in words)


def mcp_tools_of(team: Team) -> QuerySet[McpTool]:
    """Return the tools of the team's servers that its crews may use."""
    return (
        McpTool.objects.filter(server__team=team, chosen=True)
        .select_related("server__team")
        .order_by("server__slug", "name")
    )


def servers_of(team: Team) -> QuerySet[McpServer]:
    """Return the team's servers, with how many tools they have, have chosen, and have changed."""
    stale = Q(tools__gone=True) | Q(tools__changed__isnull=False)
    return (
        McpServer.objects.for_team(team)
        .annotate(
            tool_count=Count("tools"),
            chosen_count=Count("tools", filter=Q(tools__chosen=True)),
            stale_count=Count("tools", filter=Q(tools__chosen=True) & stale),
        )
        .order_by("slug")
    )
