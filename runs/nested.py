"""The crews inside a crew, pinned when a run begins so that nothing changes under way."""

from crews.errors import CrewInvalid
from crews.models import Crew, CrewVersion
from crews.problems import errors
from crews.selectors import crew_document, document_problems
from crews.services import crew_publish
from crews.spec import CrewSpec, Json, NestedCrew
from runs.engine.nesting import DEPTH
from runs.errors import BadRequest
from teams.models import Team, User


def crews_pin(
    *, team: Team, user: User | None, spec: CrewSpec, above: tuple[str, ...] = ()
) -> dict[str, Json]:
    """Return the crews that stand for roles, `{role: {slug, version, hash, document}}`; those
    inside them under `role/role`. What has no version yet is published; without a `user` who
    could, its draft is told. Raises BadRequest naming the role."""
    pinned: dict[str, Json] = {}
    for name, role in spec.roles.items():
        if role.crew is None:
            continue
        path = (*above, name)
        if len(path) > DEPTH:
            raise BadRequest(
                f"roles.{'/'.join(path)}.crew: at most {DEPTH} crews may stand inside each other"
                " (does one of them contain itself?)"
            )
        version = _version(team, user, "/".join(path), role.crew)
        pinned["/".join(path)] = {
            "slug": role.crew.slug,
            "version": version.number,
            "hash": version.content_hash,
            "document": version.document,
        }
        inner = CrewSpec.model_validate(version.document)
        pinned |= crews_pin(team=team, user=user, spec=inner, above=path)
    return pinned


def _version(team: Team, user: User | None, path: str, wanted: NestedCrew) -> CrewVersion:
    crews = Crew.objects.filter(team=team, slug=wanted.slug, archived_at=None)
    versions = CrewVersion.objects.filter(crew__in=crews)
    if wanted.version is not None:
        versions = versions.filter(number=wanted.version)
    if (found := versions.first()) is not None:
        return found
    if (crew := crews.first()) is None:
        raise BadRequest(f"roles.{path}.crew: the team has no crew '{wanted.slug}'")
    if wanted.version is not None:
        raise BadRequest(
            f"roles.{path}.crew: the crew '{wanted.slug}' has no version {wanted.version}"
        )
    try:
        return crew_publish(crew=crew, user=user) if user else _unpublished(crew)
    except CrewInvalid as error:
        text = f"roles.{path}.crew: the crew '{wanted.slug}' cannot run yet: {error}"
        raise BadRequest(text) from None


def _unpublished(crew: Crew) -> CrewVersion:
    """Return what publishing a crew would make. Raises CrewInvalid where its draft has errors."""
    document = crew_document(crew)
    if found := errors(document_problems(document, crew.team)):
        raise CrewInvalid(found)
    return CrewVersion(crew=crew, number=0, document=document)
