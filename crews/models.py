"""Crews: the draft the editor edits, and the immutable versions that runs pin."""

from django.db import models
from uuid_utils.compat import uuid7


class Crew(models.Model):
    """The draft of a crew. `revision` counts its saves: a save names the one it was made from."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="crews")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    pattern = models.CharField(max_length=40)
    options = models.JSONField(default=dict)
    task = models.JSONField(default=dict)
    limits = models.JSONField(default=dict)
    rehearsal = models.JSONField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey("teams.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "slug"], name="crew_slug_per_team")]

    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """A role of a draft. `body` is the role's part of the document without its seat and place."""

    crew = models.ForeignKey(Crew, on_delete=models.CASCADE, related_name="roles")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=40)
    seat = models.CharField(max_length=40)
    kind = models.CharField(max_length=20)
    body = models.JSONField(default=dict)
    x = models.FloatField(null=True)
    y = models.FloatField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["crew", "name"], name="role_name_per_crew")]


class HandoffContract(models.Model):
    """A handoff of a draft. `body` is the contract without its two ends."""

    crew = models.ForeignKey(Crew, on_delete=models.CASCADE, related_name="handoffs")
    position = models.PositiveIntegerField()
    source = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="handoffs_out")
    target = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="handoffs_in")
    body = models.JSONField(default=dict)

    class Meta:
        ordering = ["position"]


class CrewVersion(models.Model):
    """An immutable, published crew document. `content_hash` is SHA-256 of its canonical JSON, hex."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    crew = models.ForeignKey(Crew, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    rehearsal = models.JSONField(null=True, blank=True)
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("teams.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["crew", "number"], name="version_number_per_crew")]


class Template(models.Model):
    """A crew document to start from; built-in ones have no team."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("teams.Team", null=True, on_delete=models.CASCADE, related_name="templates")
    slug = models.SlugField(max_length=60)
    document = models.JSONField()
    rehearsal = models.JSONField(null=True, blank=True)
    advice = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "slug"], name="template_slug_per_team", nulls_distinct=False)]
