"""Container names. Docker's labels cannot change any more once a container is made, so those of a
sandbox that was waiting for its use are carried by its name, which can."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import zlib
from collections.abc import Mapping

_USED = "callsheet"
_WAITING = "callsheet-waiting"


def new_name() -> str:
    return f"{_USED}-{secrets.token_hex(8)}"


def waiting_name() -> str:
    return f"{_WAITING}-{secrets.token_hex(8)}"


def name_with(labels: Mapping[str, str]) -> str:
    """A new name that carries the labels, in the characters that Docker allows."""
    packed = zlib.compress(json.dumps(dict(labels)).encode())
    return f"{new_name()}-{base64.b32encode(packed).decode().rstrip('=')}"


def is_waiting(name: str) -> bool:
    return name.startswith(_WAITING + "-")


def labels_in(name: str) -> dict[str, str]:
    """The labels that a name carries; none for a name that is not ours."""
    parts = name.split("-")
    if len(parts) != 3 or parts[0] != _USED or is_waiting(name):
        return {}
    try:
        packed = base64.b32decode(parts[2] + "=" * (-len(parts[2]) % 8))
        found = json.loads(zlib.decompress(packed))
    except (binascii.Error, zlib.error, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()}
