"""What goes in and out of the REST API of crews."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field

from crews.catalog import Catalog
from crews.constraints import RULES
from crews.models import Crew, CrewVersion, Template
from crews.problems import Problem, Severity
from crews.selectors import crew_document, document_check, is_published, version_latest
from teams.access import Caller

Document = dict[str, Any]


class StrictIn(Schema):
    """A body: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ProblemOut(Schema):
    path: str
    message: str
    value: str | None = None
    allowed: list[str] | None = None
    severity: Severity = "error"
    role: str | None = None
    handoff: int | None = None

    @classmethod
    def of(cls, problems: list[Problem]) -> list[Self]:
        return [cls(**item.as_json()) for item in problems]


class ErrorText(Schema):
    message: str
    problems: list[ProblemOut] = []


class ErrorOut(Schema):
    """Why a call was refused."""

    error: ErrorText


class CurrentDraft(Schema):
    revision: int
    document: Document
    saved_by: str | None
    saved_at: datetime


class StaleOut(ErrorOut):
    """The draft was saved by somebody else in between; this is theirs."""

    current: CurrentDraft


class CrewIn(StrictIn):
    document: Document | None = None


class DraftIn(StrictIn):
    revision: int = Field(ge=1, le=2**31 - 1)
    document: Document


class PublishIn(StrictIn):
    revision: int = Field(ge=1, le=2**31 - 1)


class SavedOut(Schema):
    revision: int
    problems: list[ProblemOut]


class CheckedOut(Schema):
    """`document` is null when the text could not be read; `canonical` is what would be published,
    null where it has errors of shape; `advice` is on the crew's shape."""

    valid: bool
    document: Document | None
    canonical: Document | None = None
    problems: list[ProblemOut]
    advice: list[ProblemOut] = []


class PublishedOut(Schema):
    number: int
    hash: str


class PermissionsOut(Schema):
    change: bool
    run: bool


class CrewItem(Schema):
    id: UUID
    slug: str
    name: str
    description: str
    pattern: str
    revision: int
    updated_at: datetime
    updated_by: str | None

    @classmethod
    def of(cls, crew: Crew) -> Self:
        return cls(
            id=crew.pk,
            slug=crew.slug,
            name=str(crew),
            description=crew.description,
            pattern=crew.pattern,
            revision=crew.revision,
            updated_at=crew.updated_at,
            updated_by=str(crew.updated_by) if crew.updated_by else None,
        )


class CrewList(Schema):
    items: list[CrewItem]
    total: int


class CrewOut(CrewItem):
    document: Document
    problems: list[ProblemOut]
    published: PublishedOut | None
    unchanged: bool
    permissions: PermissionsOut

    @classmethod
    def whole(cls, crew: Crew, caller: Caller) -> Self:
        document = crew_document(crew)
        spec, problems = document_check(document, crew.team)
        latest = version_latest(crew)
        return cls(
            **CrewItem.of(crew).model_dump(),
            document=document,
            problems=ProblemOut.of(problems),
            published=PublishedOut(number=latest.number, hash=latest.content_hash)
            if latest
            else None,
            unchanged=bool(spec and latest and is_published(crew, spec, latest)),
            permissions=PermissionsOut(
                change=caller.can("crews.change", crew.team),
                run=caller.can("runs.start", crew.team),
            ),
        )


class VersionItem(PublishedOut):
    created_at: datetime
    created_by: str | None

    @classmethod
    def of(cls, version: CrewVersion, **more: Any) -> Self:
        return cls(
            number=version.number,
            hash=version.content_hash,
            created_at=version.created_at,
            created_by=str(version.created_by) if version.created_by else None,
            **more,
        )


class VersionOut(VersionItem):
    document: Document


class TemplateOut(Schema):
    slug: str
    title: str
    summary: str
    advice: str
    pattern: str
    rehearsal: bool
    document: Document

    @classmethod
    def of(cls, template: Template) -> Self:
        return cls(
            slug=template.slug,
            title=template.title,
            summary=template.summary,
            advice=template.advice,
            pattern=template.pattern,
            rehearsal=template.rehearsal is not None,
            document=template.document,
        )


class SeatOut(Schema):
    name: str
    title: str
    description: str
    min: int
    max: int | None
    apart: bool


class PatternOut(Schema):
    name: str
    title: str
    summary: str
    when: str
    when_not: str
    seats: list[SeatOut]
    options_schema: Document
    edges: str
    version: int
    implicit_tools: dict[str, list[str]]


class ToolOut(Schema):
    name: str
    title: str
    description: str
    parameters: Document
    capability: str | None
    needs_sandbox: bool
    approval: str
    options_schema: Document


class ProviderOut(Schema):
    name: str
    title: str
    models: list[str]
    needs_key: bool


class KindOut(Schema):
    name: str
    title: str
    summary: str


class ConstraintOut(Schema):
    """A constraint that code enforces. `pattern` is a regular expression, found anywhere in the
    constraint's text in lower case."""

    name: str
    summary: str
    pattern: str


class CatalogOut(Schema):
    patterns: list[PatternOut]
    tools: list[ToolOut]
    providers: list[ProviderOut]
    kinds: list[KindOut]
    constraints: list[ConstraintOut]

    @classmethod
    def of(cls, catalog: Catalog) -> Self:
        rules = [{k: getattr(rule, k) for k in ConstraintOut.model_fields} for rule in RULES]
        return cls.model_validate(asdict(catalog) | {"constraints": rules})
