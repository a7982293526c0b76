"""What a team lends its crews: documents to search, and MCP servers with their tools."""

from django.db import models
from uuid_utils.compat import uuid7

from teams.ownership import OwnedQuerySet


class Document(models.Model):
    """A file that the team uploaded, kept as the passages of its text. A file of the same name in
    the same collection takes its place."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="documents")
    collection = models.CharField(max_length=40, default="general")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(
        "teams.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "collection", "name"], name="one_document_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Passage(models.Model):
    """A piece of a document's text, counted from 1; `heading` says where in the document it is.

    The index for full-text search beside this table (migration 0002) follows it by itself.
    """

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="passages")
    number = models.PositiveIntegerField()
    heading = models.CharField(max_length=200, blank=True)
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="one_passage_per_number")
        ]


class McpServer(models.Model):
    """An MCP server: reached at `url`, or started as `command` in a sandbox of `image`.

    `sealed` holds its secrets, encrypted: the headers that go to it, or its environment.
    """

    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="mcp_servers")
    slug = models.CharField(max_length=40)
    url = models.CharField(max_length=500, blank=True)
    command = models.JSONField(default=list)
    image = models.CharField(max_length=200, blank=True)
    sealed = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    refreshed_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "slug"], name="one_mcp_server_per_slug")
        ]

    def __str__(self) -> str:
        return self.slug


class McpTool(models.Model):
    """A tool of a server. `definition` (`title`, `description`, `parameters`) is what the team has
    seen and accepted, `digest` its hash; `changed` what the server says now, where that differs.
    """

    server = models.ForeignKey(McpServer, on_delete=models.CASCADE, related_name="tools")
    name = models.CharField(max_length=128)
    definition = models.JSONField()
    digest = models.CharField(max_length=64)
    changed = models.JSONField(null=True)
    gone = models.BooleanField(default=False)
    chosen = models.BooleanField(default=False)
    approval = models.CharField(max_length=10, default="always")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["server", "name"], name="one_mcp_tool_per_name")
        ]

    @property
    def full_name(self) -> str:
        """The name by which a crew document lists it."""
        return f"mcp.{self.server.slug}.{self.name}"
