"""Documents: taken in as passages, and deleted."""

import hashlib
import re
from typing import Final

from django.db import transaction
from django.db.models import Sum

from resources.errors import DocumentRefused
from resources.models import Document, Passage
from resources.passages import kind_of, pieces_of
from teams.models import Team, User

COLLECTION: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
MOST_BYTES: Final = 500 << 20
MOST_DOCUMENTS: Final = 5_000


def document_add(
    *, team: Team, user: User | None, name: str, data: bytes, collection: str = "general"
) -> Document:
    """Take a file in; one of the same name in the same collection is replaced.

    Raises:
        DocumentRefused: a file that cannot be read, a wrong name, or too much of it all.
    """
    name = " ".join(name.replace("\0", "").split())
    if not name or len(name) > 200 or "/" in name:
        raise DocumentRefused("A document needs a name of at most 200 characters without /.")
    if not COLLECTION.fullmatch(collection):
        raise DocumentRefused(
            "A collection's name has small letters, digits, - and _, 40 at most, a letter first."
        )
    kind = kind_of(name)
    pieces = pieces_of(kind, data)
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team.pk)
        rows = Document.objects.for_team(team)
        rows.filter(collection=collection, name=name).delete()
        held = rows.aggregate(bytes=Sum("size"))["bytes"] or 0
        if rows.count() >= MOST_DOCUMENTS or held + len(data) > MOST_BYTES:
            raise DocumentRefused(
                f"A team keeps {MOST_DOCUMENTS} documents of {MOST_BYTES >> 20} MiB together."
                " Delete some first."
            )
        document = Document.objects.create(
            team=team,
            collection=collection,
            name=name,
            kind=kind,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            created_by=user,
        )
        Passage.objects.bulk_create(
            [
                Passage(document=document, number=number, heading=piece.heading, text=piece.text)
                for number, piece in enumerate(pieces, 1)
            ],
            batch_size=500,
        )
    return document


def document_delete(*, document: Document) -> None:
    """Forget a document. What runs have cited of it stays in their journals."""
    document.delete()
