"""Crews: the draft the editor edits, and the immutable versions that runs pin."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from crews.fields import DocumentField
from teams.ownership import OwnedQuerySet


class Crew(models.Model):
    """The draft of a crew. `revision` counts its saves: a save names the one it was made from.

    A draft may be unfinished or wrong. `rest` holds the parts of its document that do not fit the
    columns, roles and handoffs (see `crews.draft`), so that a save loses nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="crews")
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True)
    pattern = models.CharField(max_length=40, blank=True)
    options = DocumentField(default=dict)
    task = DocumentField(default=dict)
    limits = DocumentField(default=dict)
    rest = DocumentField(default=dict)
    rehearsal = DocumentField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        "teams.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # A deleted crew with versions stays, out of sight: the runs that pinned them can be read.
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "slug"],
                condition=Q(archived_at__isnull=True),
                name="crew_slug_per_team",
            )
        ]
        indexes = [models.Index(fields=["team", "-updated_at"], name="crew_team_recent")]

    def __str__(self) -> str:
        return self.name or "Untitled crew"


class Role(models.Model):
    """A role of a draft. `body` is the role's part of the document without its seat and kind."""

    crew = models.ForeignKey(Crew, on_delete=models.CASCADE, related_name="roles")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=40)
    seat = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=20, blank=True)
    body = DocumentField(default=dict)
    x = models.FloatField(null=True)
    y = models.FloatField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["crew", "name"], name="role_name_per_crew")]

    def __str__(self) -> str:
        return self.name


class HandoffContract(models.Model):
    """A handoff of a draft. `body` is the contract without its two ends.

    An end that names no role of the draft is null, and the name stays in `body`.
    """

    crew = models.ForeignKey(Crew, on_delete=models.CASCADE, related_name="handoffs")
    position = models.PositiveIntegerField()
    source = models.ForeignKey(
        Role, null=True, on_delete=models.CASCADE, related_name="handoffs_out"
    )
    target = models.ForeignKey(
        Role, null=True, on_delete=models.CASCADE, related_name="handoffs_in"
    )
    body = DocumentField(default=dict)

    class Meta:
        ordering = ["position"]


class CrewVersion(models.Model):
    """An immutable, published crew document, valid when it was published.

    `content_hash` is the SHA-256 of its canonical JSON, hex.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    crew = models.ForeignKey(Crew, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = DocumentField()
    rehearsal = DocumentField(null=True, blank=True)
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        "teams.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["crew", "number"], name="version_number_per_crew")
        ]

    def __str__(self) -> str:
        return f"{self.crew} v{self.number}"


class Template(models.Model):
    """A crew document to start from; built-in ones have no team."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(
        "teams.Team", null=True, blank=True, on_delete=models.CASCADE, related_name="templates"
    )
    slug = models.SlugField(max_length=40)
    title = models.CharField(max_length=100)
    summary = models.CharField(max_length=300, blank=True)
    advice = models.TextField(blank=True)
    pattern = models.CharField(max_length=40)
    position = models.PositiveIntegerField(default=1000)
    document = DocumentField()
    rehearsal = DocumentField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["position", "title"]
        # Two constraints, since SQLite has no NULLS NOT DISTINCT.
        constraints = [
            models.UniqueConstraint(
                fields=["team", "slug"],
                condition=Q(team__isnull=False),
                name="template_slug_per_team",
            ),
            models.UniqueConstraint(
                fields=["slug"], condition=Q(team__isnull=True), name="builtin_template_slug"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def cast(self) -> list[dict[str, str]]:
        """Return who is in it: title and kind of each role."""
        return [
            {"title": role.get("title") or name, "kind": role.get("kind", "model")}
            for name, role in self.document["roles"].items()
        ]
