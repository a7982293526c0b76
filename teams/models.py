"""People and what they own: users, teams, memberships, API keys, provider credentials."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from uuid_utils.compat import uuid7

from teams.ownership import OwnedQuerySet
from teams.roles import ROLES


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a user; without a password they can sign in only by link or passkey."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person. The e-mail address, always in lower case, is the name by which they sign in."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    # Made by the first start; their team may use the provider keys in the environment.
    owns_installation = models.BooleanField(default=False)
    mail_questions = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def __str__(self) -> str:
        return self.name or self.email


class Team(models.Model):
    """The owner of every other object."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    personal_of = models.OneToOneField(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="personal_team"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's role in a team: owner, editor, runner or viewer."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "team"], name="one_membership_per_team"),
            models.CheckConstraint(
                condition=models.Q(role__in=list(ROLES)), name="membership_role_known"
            ),
        ]


class SignInLink(models.Model):
    """A link that signs its user in once, before it expires; only its token's digest is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)


class ApiKey(models.Model):
    """A key that lets a program act as its user, with the user's role, in one team.

    Only its first characters and its SHA-256 are kept; the key is random, so it needs no salt.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="api_keys")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = OwnedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Credential(models.Model):
    """How a team reaches a model provider: a key, a server address, or both.

    ``sealed`` is the key encrypted under ``settings.CREDENTIAL_KEYS``, "" if none is needed;
    ``per_minute`` is how many model calls all runs together make with it, None any number.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="credentials")
    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=60, default="default")
    base_url = models.URLField(max_length=500, blank=True)
    sealed = models.TextField(blank=True)
    per_minute = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "provider", "name"], name="one_credential_per_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"


class ModelTier(models.Model):
    """Which model a team means by ``fast``, ``balanced`` or ``best``."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="model_tiers")
    tier = models.CharField(max_length=20)
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=120)
    credential = models.CharField(max_length=60, default="default")

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "tier"], name="one_model_per_tier")]


class Webhook(models.Model):
    """Where a team's own systems hear of questions. ``sealed`` is the secret that signs what is
    sent, encrypted as credentials are."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="webhook")
    url = models.CharField(max_length=500)
    sealed = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OwnedQuerySet.as_manager()
