"""Runs and their journal. Only `runs.journal.store` writes Entry, Action and Blob rows."""

from django.db import models
from uuid_utils.compat import uuid7


class Run(models.Model):
    """One run. `seq` is the number of its last entry; the other columns below it are caches of its
    journal; `lease` is the token of the worker that owns it until `lease_until`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="runs")
    crew = models.ForeignKey(
        "crews.Crew", null=True, on_delete=models.SET_NULL, related_name="runs"
    )
    version = models.ForeignKey(
        "crews.CrewVersion", null=True, on_delete=models.SET_NULL, related_name="runs"
    )
    origin = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="forks")
    crew_name = models.CharField(max_length=100)
    title = models.CharField(max_length=200)
    rehearsal = models.BooleanField(default=False)
    started_by = models.ForeignKey(
        "teams.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    idempotency_key = models.CharField(max_length=200, null=True)
    request_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    seq = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=12, default="queued")
    ended_at = models.DateTimeField(null=True)
    actions = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    unpriced = models.BooleanField(default=False)
    outcome = models.CharField(max_length=200, blank=True)

    signature = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "idempotency_key"], name="run_idempotency_key_per_team"
            )
        ]
        indexes = [
            models.Index(fields=["team", "-created_at"], name="runs_of_team"),
            models.Index(fields=["status", "lease_until"], name="runs_to_drive"),
        ]

    def __str__(self) -> str:
        return f"{self.crew_name}: {self.title}"


class Entry(models.Model):
    """One entry of a run's journal: append-only, but for the erasure of a payload."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="entries")
    seq = models.PositiveIntegerField()
    at = models.CharField(max_length=27)
    kind = models.CharField(max_length=20)
    action = models.UUIDField(null=True)
    parent = models.UUIDField(null=True)
    key = models.TextField(blank=True)
    agent = models.CharField(max_length=255, blank=True)
    actor = models.CharField(max_length=300)
    payload = models.TextField(null=True)
    blob = models.CharField(max_length=64, null=True)
    salt = models.CharField(max_length=32, null=True)
    payload_hash = models.CharField(max_length=64)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="entry_seq_per_run")]
        indexes = [models.Index(fields=["run", "action"], name="entries_of_action")]


class Action(models.Model):
    """A projection of entries for queries. `seq` is that of its first entry; text is cut to
    previews."""

    id = models.UUIDField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="action_rows")
    parent = models.UUIDField(null=True)
    seq = models.PositiveIntegerField()
    key = models.TextField()
    agent = models.CharField(max_length=255, blank=True)
    type = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=12)
    attempt = models.PositiveIntegerField(default=1)
    input_hash = models.CharField(max_length=64)
    preview = models.CharField(max_length=300, blank=True)
    error = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    tokens = models.PositiveBigIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    provider = models.CharField(max_length=40, blank=True)
    model = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["run", "seq"], name="actions_in_order"),
            models.Index(fields=["run", "parent", "seq"], name="actions_of_parent"),
            models.Index(fields=["run", "status", "seq"], name="actions_by_status"),
            models.Index(fields=["run", "agent", "seq"], name="actions_by_agent"),
            models.Index(fields=["run", "type", "seq"], name="actions_by_type"),
        ]


class Blob(models.Model):
    """A payload over 64 KiB, by the SHA-256 of its text, kept per run so that erasure is
    complete."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="blobs")
    sha256 = models.CharField(max_length=64)
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "sha256"], name="blob_per_run")]


class SigningKey(models.Model):
    """The Ed25519 key that signs the heads of finished runs; `sealed` is encrypted with the
    credential keys."""

    public = models.CharField(max_length=64, unique=True)
    sealed = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
