"""Reads of crews that pages, the API and the services share."""

from django.db.models import OuterRef, Q, QuerySet, Subquery

from crews.catalog import catalog_current
from crews.draft import Document, Draft, HandoffRow, RoleRow, document_of
from crews.lint import crew_lint
from crews.models import Crew, CrewVersion, Template
from crews.parse import spec_check
from crews.problems import Problem
from crews.spec import CrewSpec
from crews.strict_json import Json, json_canonical
from teams.models import Team


def crews_live() -> "QuerySet[Crew]":
    """Return the crews that are not deleted, the most recently saved first.

    `latest` is the number of the latest version, None for a crew that was never published.
    """
    versions = CrewVersion.objects.filter(crew=OuterRef("pk")).order_by("-number")
    crews: QuerySet[Crew] = Crew.objects.filter(archived_at__isnull=True)
    crews = crews.annotate(latest=Subquery(versions.values("number")[:1]))
    return crews.select_related("updated_by", "team").order_by("-updated_at", "-id")


def crews_of_team(team: Team, search: str = "") -> "QuerySet[Crew]":
    """Return a team's crews whose name, description or slug has the words searched for."""
    crews = crews_live().filter(team=team)
    for word in search.split()[:5]:
        found = Q(name__icontains=word) | Q(description__icontains=word) | Q(slug__icontains=word)
        crews = crews.filter(found)
    return crews


def crew_document(crew: Crew) -> Document:
    """Return the draft as a document, exactly as it was saved.

    Its rows are read one table after the other; where a save came in between, all is read again,
    the crew included.
    """
    while True:
        document = _document(crew)
        now = Crew.objects.filter(pk=crew.pk).values_list("revision", flat=True).first()
        if now in (crew.revision, None):
            return document
        crew.refresh_from_db()


def _document(crew: Crew) -> Document:
    draft = Draft(
        name=crew.name,
        description=crew.description,
        pattern=crew.pattern,
        options=crew.options,
        task=crew.task,
        limits=crew.limits,
        rest=crew.rest,
        roles=[
            RoleRow(name=row.name, seat=row.seat, kind=row.kind, body=row.body, x=row.x, y=row.y)
            for row in crew.roles.all()
        ],
        handoffs=[
            HandoffRow(
                source=row.source.name if row.source else None,
                target=row.target.name if row.target else None,
                body=row.body,
            )
            for row in crew.handoffs.select_related("source", "target")
        ],
    )
    return document_of(draft)


def document_check(document: Json, team: Team) -> tuple[CrewSpec | None, list[Problem]]:
    """Return a document of a team, None if its shape is wrong, and everything that is wrong with
    it here; [] if it can run."""
    spec, problems = spec_check(document)
    return spec, problems if spec is None else crew_lint(spec, catalog_current(team))


def document_problems(document: Json, team: Team) -> list[Problem]:
    """Return everything that is wrong with a document of a team here."""
    return document_check(document, team)[1]


def version_latest(crew: Crew) -> CrewVersion | None:
    return crew.versions.first()


def is_published(crew: Crew, draft: CrewSpec, latest: CrewVersion) -> bool:
    """Say whether the latest version is the draft, so that publishing it makes no new one."""
    same = json_canonical(draft.document()) == json_canonical(latest.document)
    return same and crew.rehearsal == latest.rehearsal


def templates_for(team: Team) -> "QuerySet[Template]":
    """Return the built-in templates and the team's own."""
    return Template.objects.filter(Q(team__isnull=True) | Q(team=team))
