"""Users, their teams and their roles in them."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from teams.models import Membership, Team, User
from teams.roles import ROLES


@transaction.atomic
def user_create(
    *, email: str, password: str | None = None, name: str = "", owns_installation: bool = False
) -> User:
    """Create a user together with their personal team; their address counts as confirmed.

    Raises:
        IntegrityError: when somebody has this e-mail address already.
    """
    user = User.objects.create_user(email, password, name=name, owns_installation=owns_installation)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    team_create_personal(user=user)
    return user


@transaction.atomic
def team_create(*, name: str, owner: User | None = None) -> Team:
    """Create a team with a free slug made from its name; ``owner`` becomes its first owner."""
    team = _create_with_free_slug(name=name, base=slugify(name))
    if owner is not None:
        membership_set(user=owner, team=team, role="owner")
    return team


@transaction.atomic
def team_create_personal(*, user: User) -> Team:
    """Return the user's personal team, creating it at the first call."""
    existing = Team.objects.filter(personal_of=user).first()
    if existing is not None:
        return existing
    person = user.name or user.email.partition("@")[0]
    team = _create_with_free_slug(
        name=f"{person[:1].upper()}{person[1:90]}’s team", base=slugify(person), personal_of=user
    )
    membership_set(user=user, team=team, role="owner")
    return team


@transaction.atomic
def team_rename(*, team: Team, name: str) -> None:
    """Give the team another name; its slug, which programs use, stays."""
    Team.objects.filter(pk=team.pk).update(name=name)


@transaction.atomic
def membership_set(*, user: User, team: Team, role: str) -> Membership:
    """Make the user a member with this role, or change the role they have.

    Raises:
        ValueError: for an unknown role, naming the roles there are.
    """
    if role not in ROLES:
        raise ValueError(f"Unknown role {role!r}; there are {', '.join(ROLES)}")
    membership: Membership
    membership, _ = Membership.objects.update_or_create(
        user=user, team=team, defaults={"role": role}
    )
    return membership


def owner() -> User | None:
    """Return the user who was made by the installation's first start."""
    return User.objects.filter(owns_installation=True, is_active=True).order_by("pk").first()


@transaction.atomic
def owner_create_first() -> User | None:
    """Create the installation's owner if nobody is here yet; return them, or None if somebody is.

    They have no password: they come in by a one-time link and may set one.
    """
    if User.objects.exists():
        return None
    return user_create(email=settings.OWNER_EMAIL, owns_installation=True)


def _create_with_free_slug(*, name: str, base: str, personal_of: User | None = None) -> Team:
    base = base[:40] or "team"
    taken = set(Team.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    candidates = [base, *(f"{base}-{n}" for n in range(2, len(taken) + 12))]
    for slug in (slug for slug in candidates if slug not in taken):
        try:
            with transaction.atomic():
                return Team.objects.create(name=name, slug=slug, personal_of=personal_of)
        except IntegrityError:
            # Somebody took the slug in the meantime; unless the user's own second request did.
            if personal_of and (team := Team.objects.filter(personal_of=personal_of).first()):
                return team
    raise IntegrityError(f"No free slug like {base!r}")


def mail_choose(*, user: User, wanted: bool) -> None:
    """Let a user be written to about questions, or not."""
    User.objects.filter(pk=user.pk).update(mail_questions=wanted)
