"""The only writers of crews and their versions."""

import hashlib

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.text import slugify

from crews.draft import Document, Draft, draft_of
from crews.errors import CrewInvalid, StaleDraft
from crews.library import library_entries
from crews.models import Crew, CrewVersion, HandoffContract, Role, Template
from crews.parse import DocumentRefused, Format, document_load, spec_check
from crews.problems import errors, problem
from crews.selectors import crew_document, document_check, is_published, version_latest
from crews.strict_json import Json, Refused, check_json, check_size, json_canonical, json_dump
from teams.models import Team, User

EMPTY: Document = {"callsheet": 1, "pattern": {"name": "hierarchical"}}


@transaction.atomic
def crew_create(
    *, team: Team, user: User, document: Document | None = None, rehearsal: Json = None
) -> Crew:
    """Create a crew from a document, which may be unfinished; without one, an empty crew.

    Raises:
        DocumentRefused: the document is too large, or holds what cannot be stored.
    """
    document = EMPTY | {"name": "New crew"} if document is None else document
    _check_storable(document)
    draft = draft_of(document)
    # Whoever creates crews in this team waits here, so that a free slug stays free.
    Team.objects.select_for_update().get(pk=team.pk)
    crew = Crew(team=team, slug=_slug_free(team, draft.name), updated_by=user, rehearsal=rehearsal)
    for name, value in _columns(draft).items():
        setattr(crew, name, value)
    crew.save(force_insert=True)
    _rows_write(crew, draft)
    return crew


def crew_import(*, team: Team, user: User, data: bytes | str, format: Format | None = None) -> Crew:
    """Create a crew from the text of a document of the right shape.

    What this installation lacks (a pattern, a tool) does not stop the import; the crew's problems
    tell it.

    Raises:
        DocumentRefused: with every problem of the text or the shape.
    """
    document = document_load(data, format)
    spec, problems = spec_check(document)
    if spec is None:
        raise DocumentRefused(problems)
    return crew_create(team=team, user=user, document=document)


@transaction.atomic
def crew_draft_save(*, crew: Crew, document: Document, revision: int, user: User) -> Crew:
    """Save a draft over the revision it was made from; it may be unfinished.

    Raises:
        StaleDraft: another save came in between; nothing was written.
        DocumentRefused: the document is too large, or holds what cannot be stored.
    """
    _check_storable(document)
    draft = draft_of(document)
    saved = Crew.objects.filter(pk=crew.pk, revision=revision, archived_at__isnull=True).update(
        **_columns(draft),
        revision=F("revision") + 1,
        updated_at=timezone.now(),
        updated_by=user,
    )
    # Locked, so that columns and rows of one save are read when this one comes too late.
    crews = Crew.objects.select_related("updated_by", "team").select_for_update(of=("self",))
    current: Crew = crews.get(pk=crew.pk)
    if not saved:
        raise StaleDraft(
            current_revision=current.revision,
            current_document=crew_document(current),
            saved_by=str(current.updated_by) if current.updated_by else None,
            saved_at=current.updated_at,
        )
    current.handoffs.all().delete()
    current.roles.all().delete()
    _rows_write(current, draft)
    return current


@transaction.atomic
def crew_publish(*, crew: Crew, user: User, revision: int | None = None) -> CrewVersion:
    """Make the draft an immutable version; an unchanged draft gives the version there is.

    Raises:
        StaleDraft: the draft is not at the revision given.
        CrewInvalid: the draft has errors.
    """
    # The row lock keeps two publishers from taking the same number.
    locked: Crew = Crew.objects.select_for_update(of=("self",)).get(pk=crew.pk)
    document = crew_document(locked)
    if revision is not None and revision != locked.revision:
        raise StaleDraft(
            current_revision=locked.revision,
            current_document=document,
            saved_by=str(locked.updated_by) if locked.updated_by else None,
            saved_at=locked.updated_at,
        )
    spec, problems = document_check(document, locked.team)
    if spec is None or errors(problems):
        raise CrewInvalid(errors(problems))
    latest = version_latest(locked)
    if latest and is_published(locked, spec, latest):
        return latest
    pinned = spec.document()
    number = latest.number + 1 if latest else 1
    return locked.versions.create(
        number=number,
        document=pinned,
        rehearsal=locked.rehearsal,
        content_hash=content_hash(pinned),
        created_by=user,
    )


@transaction.atomic
def crew_duplicate(*, crew: Crew, user: User) -> Crew:
    """Copy a crew's draft, with its rehearsal, within its team."""
    document = crew_document(crew)
    document["name"] = f"{str(crew)[:93]} (copy)"
    return crew_create(team=crew.team, user=user, document=document, rehearsal=crew.rehearsal)


@transaction.atomic
def crew_delete(*, crew: Crew) -> None:
    """Delete a crew. One that was published is archived: its runs are history and stay readable."""
    if crew.versions.exists():
        Crew.objects.filter(pk=crew.pk).update(archived_at=timezone.now())
    else:
        crew.delete()


def crew_from_template(*, template: Template, team: Team, user: User) -> Crew:
    """Create a crew from a template, with the rehearsal that plays it.

    A crew that stands for one of its roles, and that the team has not, is made from the template
    of its name.
    """
    for role in template.document["roles"].values():
        slug = (role.get("crew") or {}).get("slug")
        needed = Template.objects.filter(team=None, slug=slug).exclude(pk=template.pk).first()
        if needed and not Crew.objects.filter(team=team, slug=slug, archived_at=None).exists():
            crew_from_template(template=needed, team=team, user=user)
    return crew_create(
        team=team, user=user, document=template.document, rehearsal=template.rehearsal
    )


@transaction.atomic
def templates_install() -> list[Template]:
    """Bring the built-in templates to what `crews/library` holds; those no longer there go.

    Raises:
        LibraryBroken: naming the file.
    """
    installed = []
    for entry in library_entries():
        template, _ = Template.objects.update_or_create(
            team=None,
            slug=entry.slug,
            defaults={
                "title": entry.title,
                "summary": entry.summary,
                "advice": entry.advice,
                "position": entry.position,
                "pattern": entry.spec.pattern.name,
                "document": entry.document,
                "rehearsal": entry.rehearsal,
            },
        )
        installed.append(template)
    kept = [template.slug for template in installed]
    Template.objects.filter(team__isnull=True).exclude(slug__in=kept).delete()
    return installed


def content_hash(document: Document) -> str:
    """Return the SHA-256, in hex, of a document's canonical JSON."""
    return hashlib.sha256(json_canonical(document).encode()).hexdigest()


def _columns(draft: Draft) -> dict[str, Json]:
    return {
        "name": draft.name,
        "description": draft.description,
        "pattern": draft.pattern,
        "options": draft.options,
        "task": draft.task,
        "limits": draft.limits,
        "rest": draft.rest,
    }


def _rows_write(crew: Crew, draft: Draft) -> None:
    roles = {
        row.name: Role(
            crew=crew,
            position=n,
            name=row.name,
            seat=row.seat,
            kind=row.kind,
            body=row.body,
            x=row.x,
            y=row.y,
        )
        for n, row in enumerate(draft.roles)
    }
    Role.objects.bulk_create(roles.values())
    HandoffContract.objects.bulk_create(
        HandoffContract(
            crew=crew,
            position=n,
            source=None if row.source is None else roles[row.source],
            target=None if row.target is None else roles[row.target],
            body=row.body,
        )
        for n, row in enumerate(draft.handoffs)
    )


def _check_storable(document: Json) -> None:
    try:
        check_json(document)
        check_size(json_dump(document))
    except Refused as error:
        raise DocumentRefused([problem(error.where, str(error))]) from error


def _slug_free(team: Team, name: str) -> str:
    """Return a slug for a crew's name that no living crew of the team has."""
    base = slugify(name).strip("-_")[:34].strip("-_") or "crew"
    base = base if base[0].isalpha() else f"crew-{base}"[:34]
    taken = set(
        Crew.objects.filter(team=team, archived_at__isnull=True, slug__startswith=base).values_list(
            "slug", flat=True
        )
    )
    slug, n = base, 1
    while slug in taken:
        n += 1
        slug = f"{base}-{n}"
    return slug
