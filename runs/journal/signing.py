"""Signed heads of finished runs: Ed25519 over run, size and head, so that a cut tail or a rewritten
journal shows even to somebody who kept nothing but the head and the public key."""

import time
from functools import lru_cache
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from runs.journal.entries import canonical
from runs.models import Entry, Run, SigningKey
from teams.errors import CredentialUnreadable
from teams.vault import seal, unseal

Json = Any
log = structlog.get_logger(__name__)
# How long a key that was read is used before it is looked for again.
KEPT_S = 10.0


def head_of(run: str) -> dict[str, Json]:
    """Return `{run, size, head}` of a run as its journal stands."""
    last = Entry.objects.filter(run_id=run).order_by("-seq").values_list("seq", "hash", "at")[:1]
    for size, head, at in last:
        return {"run": run, "size": size, "head": head, "at": at}
    return {"run": run, "size": 0, "head": ""}


def signed(head: dict[str, Json]) -> dict[str, Json] | None:
    """Return a head with `public_key` and `signature`; None where the key cannot be read."""
    try:
        key, public = _key()
    except CredentialUnreadable:
        log.exception("run_not_signed", run=head["run"])
        return None
    return head | {"public_key": public, "signature": key.sign(canonical(head).encode()).hex()}


def sign(run: str) -> dict[str, Json] | None:
    """Sign a run's head as its journal stands, keep it with the run and return it."""
    signature = signed(head_of(run))
    Run.objects.filter(pk=run).update(signature=signature)
    return signature


def key_ensure() -> SigningKey:
    """Return this installation's newest signing key; make one where there is none."""
    row = SigningKey.objects.order_by("-pk").first()
    if row is None:
        fresh = Ed25519PrivateKey.generate()
        public = fresh.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        seed = fresh.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        row = SigningKey.objects.create(public=public, sealed=seal(seed.hex()))
    return row


def _key() -> tuple[Ed25519PrivateKey, str]:
    row = _newest(int(time.monotonic() / KEPT_S))
    return _opened(row.sealed), row.public


@lru_cache(1)
def _newest(_: int) -> SigningKey:
    return key_ensure()


@lru_cache(1)
def _opened(sealed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(unseal(sealed)))


def public_key() -> str:
    """Return the public key, hex, that new heads are signed with."""
    return _key()[1]
