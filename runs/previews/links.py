"""How a person gets into a preview: a signed link that ends soon, then a seat (a cookie) on the
preview's own origin. And how the front gets into a worker's gateway.

A seat is for one preview, and worth nothing on the origin of another one.
"""

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing

LINK_S = 300
SEAT_S = 12 * 3600
DOOR_S = 30
ENTRANCE = "/.callsheet/open"
COOKIE = "callsheet_preview"
_LINK, _SEAT, _DOOR = "runs.preview.link", "runs.preview.seat", "runs.preview.door"


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who may see one preview of one run."""

    run: str
    number: int


def origin_of(guest: Guest, *, plain_host: str = "") -> str:
    """Return the origin of a preview, like `http://p3f….localhost:8001`.

    `plain_host` stands in for a wildcard name: programs do not find `*.localhost` as browsers do.
    """
    template = str(settings.PREVIEW_ORIGIN)
    if plain_host and "//*." in template:
        at = urlsplit(template)
        return f"{at.scheme}://{plain_host}:{at.port}" if at.port else f"{at.scheme}://{plain_host}"
    return template.replace("*", label_of(guest))


def label_of(guest: Guest) -> str:
    """Return the name of a preview's own host below the wildcard: always the same one."""
    text = f"{guest.run}/{guest.number}".encode()
    return "p" + hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).hexdigest()[:20]


def link_make(guest: Guest, *, plain_host: str = "") -> str:
    """Return a link into a preview that works for `LINK_S` seconds."""
    token = signing.dumps([guest.run, guest.number], salt=_LINK)
    return f"{origin_of(guest, plain_host=plain_host)}{ENTRANCE}?token={token}"


def link_read(token: str) -> Guest | None:
    """Return whom a link is for, or None where it is forged or too old."""
    return _read(token, _LINK, LINK_S)


def seat_make(guest: Guest) -> str:
    return signing.dumps([guest.run, guest.number], salt=_SEAT)


def seat_read(text: str) -> Guest | None:
    return _read(text, _SEAT, SEAT_S)


def _read(text: str, salt: str, max_age: int) -> Guest | None:
    try:
        run, number = signing.loads(text, salt=salt, max_age=max_age)
    except (signing.BadSignature, ValueError):
        return None
    return Guest(str(run), int(number))


def door_make(*, run: str, workspace: str, port: int) -> bytes:
    """Return the line by which the front asks a worker's gateway for a service."""
    return signing.dumps([run, workspace, port], salt=_DOOR).encode() + b"\n"


def door_read(line: bytes) -> tuple[str, str, int] | None:
    """Return run, workspace and port that a line asks for, or None where it is not the front's."""
    try:
        run, workspace, port = signing.loads(
            line.decode("ascii").strip(), salt=_DOOR, max_age=DOOR_S
        )
    except (signing.BadSignature, ValueError):
        return None
    return str(run), str(workspace), int(port)
