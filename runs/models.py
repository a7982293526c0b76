"""Runs and their journal. Only `runs.journal.store` writes Entry, Action and Blob rows."""

from typing import Any

from django.db import models
from uuid_utils.compat import uuid7


class Run(models.Model):
    """One run. `seq` is the number of its last entry; the other columns below it are caches of its
    journal; `lease` is the token of the worker that owns it until `lease_until`. In a fork, the
    entries 2 to `taken` + 1 were taken over from `origin`. `traced`: its trace was sent."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="runs")
    crew = models.ForeignKey(
        "crews.Crew", null=True, on_delete=models.SET_NULL, related_name="runs"
    )
    version = models.ForeignKey(
        "crews.CrewVersion", null=True, on_delete=models.SET_NULL, related_name="runs"
    )
    origin = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="forks")
    taken = models.PositiveIntegerField(default=0)
    traced = models.BooleanField(default=False)
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
    cost_usd = models.DecimalField(max_digits=20, decimal_places=12, default=0)
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

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="entries", db_index=False)
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
    previews.

    What changes while an action goes on is in no index, and the indexes are few: every step of
    every run writes to all of them. A filter looks through the actions of one run.
    """

    id = models.UUIDField(primary_key=True)
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, related_name="action_rows", db_index=False
    )
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
    cost_usd = models.DecimalField(max_digits=20, decimal_places=12, null=True)
    provider = models.CharField(max_length=40, blank=True)
    model = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["run", "seq"], name="actions_in_order"),
            models.Index(fields=["run", "parent", "seq"], name="actions_of_parent"),
        ]


class Blob(models.Model):
    """A payload over 64 KiB, by the SHA-256 of its text, kept per run so that erasure is
    complete."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="blobs")
    sha256 = models.CharField(max_length=64)
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "sha256"], name="blob_per_run")]


class OpenPreview(models.Model):
    """Where a preview of a run is to be found. `holder` is the gateway of the worker that holds its
    sandbox, heard of at `seen_at`; `until` is set once the run has ended."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="previews")
    action = models.UUIDField()
    number = models.PositiveIntegerField()
    workspace = models.CharField(max_length=255)
    port = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    hosts = models.JSONField(default=list)
    holder = models.CharField(max_length=255, blank=True)
    seen_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="preview_number_per_run"),
            models.UniqueConstraint(fields=["run", "action"], name="preview_action_per_run"),
        ]


class Question(models.Model):
    """A projection of entries: a person is asked. `seq` is that of its `run.waiting`, where its
    text is. `deadline` and `by_default` say when the system decides, and what; `told_at`, that
    whoever is to know has been sent for (see runs/notices.py)."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="questions")
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="questions")
    action = models.UUIDField()
    seq = models.PositiveIntegerField()
    assignee = models.CharField(max_length=254, blank=True)
    deadline = models.DateTimeField(null=True)
    by_default = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="question_seq_per_run")]
        indexes = [
            models.Index(fields=["team", "closed_at", "asked_at"], name="questions_of_team"),
            models.Index(fields=["closed_at", "deadline"], name="questions_due"),
        ]


class Notice(models.Model):
    """A message about a question to one address, and how it fares: outbox and delivery log at once.
    Its text is made from the journal when it is sent. `state`: waiting, sent, dropped (the question
    was settled before) or failed; `answer` is what the other side last said."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="notices")
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="notices")
    channel = models.CharField(max_length=10)
    address = models.CharField(max_length=500)
    state = models.CharField(max_length=10, default="waiting")
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["question", "channel", "address"], name="one_notice_per_address"
            )
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="notices_due"),
            models.Index(fields=["team", "-created_at"], name="notices_of_team"),
        ]


class RateLimit(models.Model):
    """When the last calls that are counted under a key were let through, in seconds since 1970."""

    key = models.CharField(max_length=400, primary_key=True)
    begun: "models.JSONField[list[float], list[float]]" = models.JSONField(default=list)


class CachedResult(models.Model):
    """Which action of a team's runs brought the result of what `key` is the digest of."""

    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    action = models.UUIDField()
    kept_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="result_per_team")]


class TeamImage(models.Model):
    """An image that a team's sandboxes may be made from besides ours, as it was when checked."""

    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="images")
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=100)
    python = models.CharField(max_length=20)
    added_by = models.ForeignKey(
        "teams.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    checked_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="image_per_team")]


class Experiment(models.Model):
    """The same tasks through variants of a crew. `plan` is a `runs.experiments.plan.Plan`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="experiments")
    name = models.CharField(max_length=100)
    plan = models.JSONField()
    rehearsal = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        "teams.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["team", "-created_at"], name="experiments_of_team")]

    def __str__(self) -> str:
        return self.name


class Trial(models.Model):
    """One task with one variant, and what the checks say: `verdicts` is a list of
    `{check, passed, detail, run}`."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="trials")
    variant = models.CharField(max_length=200)
    task = models.PositiveIntegerField()
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="+")
    verdicts: "models.JSONField[list[Any], list[Any]]" = models.JSONField(default=list)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "variant", "task"], name="one_trial_per_task"
            )
        ]
        ordering = ["task", "pk"]


class SigningKey(models.Model):
    """The Ed25519 key that signs the heads of finished runs; `sealed` is encrypted with the
    credential keys."""

    public = models.CharField(max_length=64, unique=True)
    sealed = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)


class Worker(models.Model):
    """A worker process, and when it was last alive by the database's clock."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seen_at = models.DateTimeField()
