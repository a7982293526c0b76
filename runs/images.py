"""The images that sandboxes may be made from: ours, and those on a team's list."""

from collections.abc import Collection

from asgiref.sync import async_to_sync
from django.db.models import QuerySet

from runs.errors import BadRequest
from runs.models import TeamImage
from sandbox.api import EngineStatus
from sandbox.errors import ImageMissing, SandboxError
from sandbox.hardening import FLAVOURS
from sandbox.images.check import image_check
from teams.models import Team, User

MOST = 50


def image_allow(*, team: Team, user: User | None, name: str) -> TeamImage:
    """Put an image on a team's list, after a look whether sandboxes can be made from it; one that
    is on it already is looked at again. Raises BadRequest with the reason."""
    name = name.strip()
    if not name or len(name) > 200 or not name.isprintable() or " " in name:
        raise BadRequest("image: give the name of an image that Docker has here, like python:3.12")
    if name in FLAVOURS:
        raise BadRequest(f"image: '{name}' is one of ours; every team may use it")
    if TeamImage.objects.filter(team=team).exclude(name=name).count() >= MOST:
        raise BadRequest(f"image: a team may have at most {MOST}; remove one first")
    try:
        checked = async_to_sync(image_check)(name)
    except ImageMissing:
        raise BadRequest(
            f"image: Docker has no image '{name}' here. Fetch it first: docker pull {name}"
        ) from None
    except SandboxError as problem:
        raise BadRequest(f"image: {problem}") from None
    found = {"digest": checked.digest, "python": checked.python, "added_by": user}
    return TeamImage.objects.update_or_create(team=team, name=name, defaults=found)[0]


def image_remove(*, image: TeamImage) -> None:
    """Take an image off its team's list. Runs that go on keep it."""
    image.delete()


def images_of(team: Team) -> QuerySet[TeamImage]:
    return TeamImage.objects.filter(team=team).select_related("added_by").order_by("name")


def images_pin(
    wanted: dict[str, str], *, team: Team, status: EngineStatus | None
) -> dict[str, str]:
    """Return the digests of the images that roles ask for (`wanted`: role to image): of a team's,
    as it was checked; of ours, where the engine is here to tell (`status`).

    Raises BadRequest for one that is on no list.
    """
    others = set(wanted.values()) - set(FLAVOURS)
    rows = images_of(team).filter(name__in=others) if others else ()
    digests = {image.name: image.digest for image in rows}
    for role, image in wanted.items():
        if image not in FLAVOURS and image not in digests:
            raise BadRequest(
                f"roles.{role}.sandbox.image: '{image}' is neither one of ours"
                f" ({', '.join(FLAVOURS)}) nor on the team's list. An owner of the team adds it in"
                " the settings, under Sandboxes."
            )
    return digests | _ours(wanted.values(), status)


def _ours(images: Collection[str], status: EngineStatus | None) -> dict[str, str]:
    known = status.images if status else {}
    return {name: known[name] for name in images if name in FLAVOURS and name in known}
